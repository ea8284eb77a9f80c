"""The HTTP client that delivers to Pay-i: in nobody's traces, and never beyond the deadline of its thread.

httpcore does all of its network calls through a `NetworkBackend`, which is public and can be wrapped: here,
each call gets only the time that is left (see `deadlines.py`).

httpcore imports trio wherever that is installed, which takes longer than the rest of `payi_instrument()`. So
this module is imported at the first delivery.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 (see below)
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

# httpx and socket import these modules lazily, which would not be under `forks_wait`.
import certifi  # noqa: F401
import httpcore
import httpx

from payi_transport.client.untraced import UntracedClient
from payi_transport.sinks.deadlines import limit_timeout

__all__ = ["bound_requests", "make_client"]

# Bytes. A write is cut into pieces, since a reader that accepts a byte at a time would extend a large one.
_PIECE = 64 * 1024


def make_client() -> httpx.Client:
    """Return a client for Pay-i. Raises what httpx does for an environment that it cannot use."""
    http = UntracedClient()
    bound_requests(http)
    return http


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


def _resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host; the host itself where only the backend can say what is wrong."""
    try:
        found = [info[4] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return [host]
    # As numbers, with the scope of a link-local address.
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    return [socket.getnameinfo(address, numeric)[0] for address in found]


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
        # `socket.create_connection` would apply the limit to each address of the host in turn. Resolving
        # the name has no timeout at all, but what follows fails at once if it took too long.
        *others, last = _resolve(host, port)
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, timeout, local_address, socket_options)
        return self._connect(last, port, timeout, local_address, socket_options)

    def _connect(
        self, address: str, port: int, timeout: float | None, *options: Any
    ) -> httpcore.NetworkStream:
        limit = limit_timeout(timeout, httpcore.ConnectTimeout)
        return _BoundStream(self._backend.connect_tcp(address, port, limit, *options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        limit = limit_timeout(timeout, httpcore.ConnectTimeout)
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
        return self._stream.read(max_bytes, limit_timeout(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], limit_timeout(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = limit_timeout(timeout, httpcore.ConnectTimeout)
        # TLS replaces the stream with a new one, which would not be bound.
        return _BoundStream(self._stream.start_tls(ssl_context, server_hostname, limit))
