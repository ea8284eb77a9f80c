"""Files in folders and buckets."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payi_transport import PayiConfigError
from payi_transport.config.schema import BucketSettings
from payi_transport.sinks.bucket_stores import check_url, open_store


def store(url: str, **fields: Any) -> Any:
    return open_store(BucketSettings(url=url, **fields))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that speaks S3, with a bucket."""
    pytest.importorskip("flask_cors")
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto.server")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    client.create_bucket(Bucket="events")
    yield url
    server.stop()


def read(url: str, key: str) -> bytes:
    import boto3

    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    body: bytes = client.get_object(Bucket="events", Key=key)["Body"].read()
    return body


def test_a_file_in_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    for url in (str(tmp_path / "plain"), f"file://{tmp_path}/with%20space"):
        files = store(url)
        files.put("date=1/part.parquet", b"one")
        files.put("date=1/part.parquet", b"two")
        files.drop()
    for folder in ("plain", "with space"):
        [file] = (tmp_path / folder / "date=1").iterdir()
        assert file.read_bytes() == b"two"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    files = store(str(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "part").mkdir()
    with pytest.raises(OSError, match="directory"):
        files.put("a/part", b"x")
    assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["part"]


def test_a_bucket_takes_files_also_from_a_forked_child(s3: str) -> None:
    files = store("s3://events/payi/", endpoint=s3)
    files.put("a", b"one")
    child = os.fork()
    if child == 0:
        files.drop()
        files.put("b", b"two")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    files.put("a", b"three")
    assert (read(s3, "payi/a"), read(s3, "payi/b")) == (b"three", b"two")
    root = store("s3://events", endpoint=s3, region="us-east-1")
    root.put("c", b"four")
    assert read(s3, "c") == b"four"


def test_a_bucket_through_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    # Its package is not here, and this class has the same calls.
    fsspec.register_implementation("gs", fsspec.get_filesystem_class("memory"), clobber=True)
    memory = fsspec.get_filesystem_class("memory")
    monkeypatch.setattr(memory, "protocol", ("memory", "gs"))
    files = store("gs://events/payi")
    files.put("a", b"one")
    files.put("a", b"two")
    files.drop()
    assert {path: file.getvalue() for path, file in memory.store.items()} == {"gs://events/payi/a": b"two"}


def test_a_bucket_through_fsspec_gets_a_file_system_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.get_filesystem_class("memory")
    fsspec.register_implementation("gs", memory, clobber=True)
    opened: list[tuple[Any, dict[str, Any]]] = []

    class Files:
        def pipe_file(self, path: str, data: bytes) -> None:
            opened.append((path, {}))

    def open_files(url: str, **options: Any) -> tuple[Files, str]:
        opened.append((url, options))
        return Files(), ""

    monkeypatch.setattr(fsspec.core, "url_to_fs", open_files)
    files = store("gs://events/payi/")
    for _ in range(2):
        files.put("a", b"one")
    files.drop()
    files.put("a", b"one")
    # One of fsspec's own cache would be the parent's in a forked child.
    made: Any = ("gs://events/payi", {"skip_instance_cache": True})
    written: Any = ("gs://events/payi/a", {})
    assert opened == [made, written, written, made, written]


@pytest.mark.parametrize(
    ("fields", "usual", "region"),
    [
        ({}, None, "us-east-1"),
        ({}, "eu-west-1", "eu-west-1"),
        ({"region": "eu-central-1", "endpoint": "http://h"}, "eu-west-1", "eu-central-1"),
    ],
)
def test_a_bucket_is_written_in_one_attempt_of_bounded_time(
    fields: dict[str, str], usual: str | None, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3 = pytest.importorskip("boto3")
    made: list[tuple[str, dict[str, Any]]] = []
    put: list[dict[str, Any]] = []

    class Client:
        def put_object(self, **fields: Any) -> None:
            put.append(fields)

    class Session:
        region_name = usual

        def client(self, name: str, **options: Any) -> Client:
            made.append((name, options))
            return Client()

    monkeypatch.setattr(boto3.session, "Session", Session)
    files = store("s3://events/a/b/", **fields)
    for _ in range(2):
        files.put("part", b"one")
    [(name, options)] = made
    config = options.pop("config")
    assert (name, options) == ("s3", {"endpoint_url": fields.get("endpoint"), "region_name": region})
    assert (config.connect_timeout, config.read_timeout) == (5, 60)
    assert config.retries == {"total_max_attempts": 1}
    assert put == [{"Bucket": "events", "Key": "a/b/part", "Body": b"one"}] * 2
    files.drop()
    files.put("part", b"one")
    assert len(made) == 2


def test_a_file_in_a_folder_is_this_users_alone(tmp_path: Path) -> None:
    files = store(str(tmp_path / "a" / "b"))
    files.put("part", b"x")
    assert (tmp_path / "a" / "b" / "part").stat().st_mode & 0o777 == 0o600
    # The folder may be there already.
    store(str(tmp_path / "a" / "b")).put("part", b"y")
    assert (tmp_path / "a" / "b" / "part").read_bytes() == b"y"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (
            "http://h/x",
            "url: expected a folder, or a URL with 's3://', 'gs://', 'az://', 'file://', got 'http://...'",
        ),
        ("s3:///x", "url: expected 's3://bucket/prefix', got 's3:///x'"),
        ("abfss:///x", "url: expected 'abfss://bucket/prefix', got 'abfss:///x'"),
        ("s3://[", "url: 's3://[' is not a URL ("),
        ("/proc/none", "url: can't write to '/proc/none': "),
    ],
)
def test_a_place_that_cannot_be_used_is_named(url: str, problem: str) -> None:
    pytest.importorskip("boto3")
    with pytest.raises(PayiConfigError) as error:
        store(url)
    assert str(error.value).startswith(f"config.bucket.{problem}")


@pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "//minio"])
def test_an_endpoint_that_is_no_address_is_named(endpoint: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        check_url(BucketSettings(url="s3://b", endpoint=endpoint))
    expected = "expected an address such as https://minio:9000"
    assert str(error.value) == f"config.bucket.endpoint: {expected}, got {endpoint!r}"


@pytest.mark.parametrize("endpoint", ["http://h", "HTTPS://h:9000", None])
@pytest.mark.parametrize(
    "url", ["s3://b", "gs://b", "gcs://b", "az://b", "abfs://b", "abfss://b", "file:///f", "f"]
)
def test_a_url_of_each_kind_is_accepted(url: str, endpoint: str | None) -> None:
    assert check_url(BucketSettings(url=url, endpoint=endpoint)).geturl() == url


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("s3://b", "boto3", ""),
        ("gs://b", "fsspec", " gcsfs"),
        ("gcs://b", "fsspec", " gcsfs"),
        ("az://b", "fsspec", " adlfs"),
        ("abfs://b", "fsspec", " adlfs"),
        ("abfss://b", "fsspec", " adlfs"),
    ],
)
def test_a_missing_package_is_named(
    url: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == module:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(PayiConfigError) as error:
        store(url)
    assert str(error.value).endswith(f'needs more packages: pip install "payi-transport[bucket]"{package}')
