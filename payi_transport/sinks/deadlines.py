"""One deadline for a whole HTTP request: connect, TLS, request, response head, and body.

httpx limits each read from the network and nothing else. A server that sends one byte of a header every
second, or one `102 Processing` after the other, is never silent long enough for that, and would hold the
calling thread forever. httpcore does all of its network calls through a `NetworkBackend`, which is public and
can be wrapped: here, each call gets only the time that is left.

The deadline belongs to the thread that sends, because many threads share one pool of connections.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpcore
import httpx

__all__ = ["bound_requests", "deadline"]

# Bytes. A write is cut into pieces, since a reader that accepts a byte at a time would extend a large one.
_PIECE = 64 * 1024

_current = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound what this thread sends and receives in the block, by a client of `bound_requests`.

    Inside another block, the one that ends first holds.
    """
    outer = getattr(_current, "until", None)
    until = monotonic() + seconds
    _current.until = until if outer is None else min(until, outer)
    try:
        yield
    finally:
        _current.until = outer


def bound_requests(http: httpx.Client) -> None:
    """Make the deadline hold for all requests of a client, also those through a proxy.

    httpx has no parameter for a network backend, so the pools of its transports are changed. A transport
    without such a pool, as that of a test, keeps the timeouts of httpx.
    """
    for transport in (http._transport, *http._mounts.values()):
        # Both names are private. With a release that renames them, requests keep the timeouts of httpx.
        pool: Any = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if isinstance(backend, httpcore.NetworkBackend):
            pool._network_backend = _BoundBackend(backend)


def _limit(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the shorter of a timeout and the time left. Raises `error` if none is left."""
    until = getattr(_current, "until", None)
    if until is None:
        return timeout
    left: float = until - monotonic()
    if left <= 0:
        raise error("the response took too long")
    return left if timeout is None else min(timeout, left)


class _BoundBackend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        # `socket.create_connection` applies the limit to each address of the host in turn, and resolving
        # the name has no timeout at all. So connecting may take longer than what is left; what follows then
        # fails at once.
        limit = _limit(timeout, httpcore.ConnectTimeout)
        return _BoundStream(self._backend.connect_tcp(host, port, limit, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        limit = _limit(timeout, httpcore.ConnectTimeout)
        return _BoundStream(self._backend.connect_unix_socket(path, limit, socket_options))

    def sleep(self, seconds: float) -> None:
        # httpcore sleeps between retries of a connection only, and httpx.Client makes none by default.
        self._backend.sleep(seconds)


class _BoundStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # Each read gets the time that is left by then. That is what ends a response that arrives byte by
        # byte.
        return self._stream.read(max_bytes, _limit(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _limit(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _limit(timeout, httpcore.ConnectTimeout)
        # TLS replaces the stream with a new one, which would not be bound.
        return _BoundStream(self._stream.start_tls(ssl_context, server_hostname, limit))
