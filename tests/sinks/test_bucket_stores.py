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
from payi_transport.sinks.bucket_stores import open_store


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
    assert b"two" in [file.getvalue() for file in memory.store.values()]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (
            "http://h/x",
            "url: expected a folder, or a URL with 's3://', 'gs://', 'az://', 'file://', got 'http://...'",
        ),
        ("s3:///x", "url: expected 's3://bucket/prefix', got 's3:///x'"),
        ("/proc/none", "url: can't write to '/proc/none': "),
    ],
)
def test_a_place_that_can_not_be_used_is_named(url: str, problem: str) -> None:
    pytest.importorskip("boto3")
    with pytest.raises(PayiConfigError) as error:
        store(url)
    assert str(error.value).startswith(f"config.bucket.{problem}")


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [("s3://b", "boto3", ""), ("az://b", "fsspec", " adlfs"), ("gcs://b", "fsspec", " gcsfs")],
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
