"""Put a file into a bucket, or into a folder: the same two calls for all kinds.

S3 is written with boto3, which waits on plain sockets. obstore hangs in a child that is forked after an
upload, because its threads stay with the parent. s3fs resolves host names on a thread pool of its event loop,
which an exiting interpreter no longer starts. Google's and Azure's buckets go through fsspec.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from payi_transport.config.schema import BucketSettings
from payi_transport.errors import PayiConfigError
from payi_transport.values.shown import show

__all__ = ["Store", "check_url", "open_store"]

_EXTRA = 'pip install "payi-transport[bucket]"'
# The package that fsspec needs, by the scheme of a URL.
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
# Seconds. A single attempt, because the worker has its own retries.
_CONNECT_SECONDS, _READ_SECONDS = 5, 60


class Store(Protocol):
    """A place for files. `put` replaces a file as a whole, or raises and leaves what was there."""

    def put(self, path: str, data: bytes) -> None: ...

    def drop(self) -> None:
        """Forget connections, which in a forked child are the parent's."""


def open_store(settings: BucketSettings) -> Store:
    """Return the store of a URL. Raises PayiConfigError for one that can't be used."""
    parts = check_url(settings)
    if parts.scheme == "s3":
        return _S3Store(settings, parts.netloc, parts.path.strip("/"))
    if parts.scheme in _PACKAGES:
        return _RemoteStore(settings.url, parts.scheme)
    if parts.scheme == "file":
        return _FolderStore(Path(unquote(parts.path)))
    return _FolderStore(Path(settings.url))


def check_url(settings: BucketSettings) -> SplitResult:
    """Return the parts of the URL. Raises PayiConfigError for one that names no bucket and no folder."""
    try:
        parts = urlsplit(settings.url)
    except ValueError as exc:
        raise PayiConfigError(f"config.bucket.url: {show(settings.url)} is not a URL ({exc})") from None
    # A drive of Windows looks like a scheme.
    if "://" in settings.url and parts.scheme not in ("s3", "file", *_PACKAGES):
        accepted = ", ".join(f"'{scheme}://'" for scheme in ("s3", "gs", "az", "file"))
        raise PayiConfigError(
            f"config.bucket.url: expected a folder, or a URL with {accepted}, got {parts.scheme + '://...'!r}"
        )
    if "://" in settings.url and parts.scheme != "file" and not parts.netloc:
        raise PayiConfigError(
            f"config.bucket.url: expected '{parts.scheme}://bucket/prefix', got {show(settings.url)}"
        )
    endpoint = settings.endpoint
    if endpoint is not None and not endpoint.lower().startswith(("http://", "https://")):
        raise PayiConfigError(
            f"config.bucket.endpoint: expected an address such as https://minio:9000, got {show(endpoint)}"
        )
    return parts


class _FolderStore:
    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise PayiConfigError(
                f"config.bucket.url: can't write to {str(root)!r}: {exc.strerror}"
            ) from None

    def put(self, path: str, data: bytes) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when it is complete: readers of the folder see whole files only.
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
        try:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def drop(self) -> None:
        """A folder has no connections."""


class _S3Store:
    def __init__(self, settings: BucketSettings, bucket: str, prefix: str) -> None:
        try:
            # An extra's package, which takes a tenth of a second to import.
            import boto3
        except ImportError:
            raise PayiConfigError(f"config.bucket: s3:// needs more packages: {_EXTRA}") from None
        self._make_session: Any = boto3.session.Session
        self._settings = settings
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: Any = None

    def put(self, path: str, data: bytes) -> None:
        if self._client is None:
            self._client = self._connect()
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + path, Body=data)

    def _connect(self) -> Any:
        from botocore.config import Config

        session = self._make_session()
        region = self._settings.region or session.region_name or "us-east-1"
        config = Config(
            connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 1}
        )
        return session.client("s3", endpoint_url=self._settings.endpoint, region_name=region, config=config)

    def drop(self) -> None:
        self._client = None


class _RemoteStore:
    """A bucket of Google or Azure, through fsspec."""

    def __init__(self, url: str, scheme: str) -> None:
        self._url = url.rstrip("/")
        try:
            import fsspec

            fsspec.get_filesystem_class(scheme)
        except ImportError:
            raise PayiConfigError(
                f"config.bucket: {scheme}:// needs more packages: {_EXTRA} {_PACKAGES[scheme]}"
            ) from None
        self._open: Any = fsspec.core.url_to_fs
        self._files: Any = None

    def put(self, path: str, data: bytes) -> None:
        if self._files is None:
            # Not one of fsspec's own cache, which in a forked child has the parent's.
            self._files, _ = self._open(self._url, skip_instance_cache=True)
        self._files.pipe_file(f"{self._url}/{path}", data)

    def drop(self) -> None:
        self._files = None
