"""An HTTP client whose requests appear in nobody's traces, recordings, and logs.

Reports are traffic of this library, not of the program. Tracing libraries would show a span for each batch,
and recorders such as vcrpy would write them into the user's cassettes. Nearly all of them patch what httpx
does above its connection pool: `Client.send`, `Client` itself, or `HTTPTransport.handle_request`. So these
requests go to the pool of the client's transport directly. They also run in a context of their own, in which
no transaction is active and OpenTelemetry's instrumentations are told to stay quiet. That covers what is
patched further down, and transports that have no pool.
"""

from __future__ import annotations

from contextvars import Context
from typing import Any

import httpcore
import httpx

# By its private name, because AWS X-Ray puts a traced subclass in the place of the public one.
from httpx._client import Client
from httpx._transports.default import ResponseStream, map_httpcore_exceptions

from payi_transport.runtime.imports import forks_wait
from payi_transport.runtime.untraced import suppress_opentelemetry

__all__ = ["UntracedClient"]


class UntracedClient(Client):
    """A client of httpx for this library's own requests. It follows no redirects and keeps no cookies."""

    def __init__(self, **options: Any) -> None:
        # Its context for TLS takes locks of OpenSSL's, which a child that is forked meanwhile would inherit.
        with forks_wait():
            super().__init__(**options)

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request and return its response, its body read unless `stream`. Raises httpx's errors."""
        response = Context().run(self._send_quietly, request, **options)
        if not stream:
            response.read()
        return response

    def _send_quietly(self, request: httpx.Request, **options: Any) -> httpx.Response:
        pool = getattr(self._transport_for_url(request.url), "_pool", None)
        with suppress_opentelemetry():
            if isinstance(pool, httpcore.ConnectionPool):
                # The user and password of a URL, as `Client.send` does it.
                return _send(pool, next(self._build_request_auth(request).sync_auth_flow(request)))
            return super().send(request, stream=True, **options)


def _send(pool: httpcore.ConnectionPool, request: httpx.Request) -> httpx.Response:
    """Do what `HTTPTransport.handle_request` does."""
    url = request.url
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    try:
        with map_httpcore_exceptions():
            response = pool.handle_request(
                httpcore.Request(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
    except httpx.RequestError as exc:
        exc.request = request
        raise
    stream: Any = response.stream
    return httpx.Response(
        response.status,
        headers=response.headers,
        stream=ResponseStream(stream),
        extensions=response.extensions,
        request=request,
    )
