"""The HTTP connection to Pay-i: from a request to what came back, or why nothing did.

Requests are built with the client's code but sent here, without the client's retries, since the worker has
its own. Whatever goes wrong becomes a `PayiResponse`: an environment that httpx cannot use, such as a proxy
of an unknown kind, is as ordinary a failure as a refused connection, and is described as clearly.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from payi_transport.client.account import PayiAccount
from payi_transport.client.request import RequestSpec
from payi_transport.client.retry import parse_retry_after
from payi_transport.client.settings import make_settings
from payi_transport.client.timeouts import DEFAULT_TIMEOUT, Timeout
from payi_transport.client.transport import SyncTransport, describe_error
from payi_transport.runtime.imports import forks_wait, may_import_later
from payi_transport.sinks.deadlines import deadline
from payi_transport.sinks.payi_response import PayiResponse

__all__ = ["PayiConnection"]

# Bytes. The rest of a longer response is not read.
_MAX_RESPONSE = 4 * 1024 * 1024
# Failures before a byte of the request was sent: Pay-i cannot have taken its events.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class PayiConnection:
    """Post to Pay-i. A request takes `seconds` at most, from connecting to the end of the response."""

    def __init__(self, account: PayiAccount, seconds: float) -> None:
        self.http: httpx.Client | None = None
        self.base_url = account.base_url
        self._account = account
        self._seconds = seconds
        self._timeout = Timeout(seconds, connect=DEFAULT_TIMEOUT.connect)
        if not may_import_later():
            _find_client_maker()

    def post(self, spec: RequestSpec[Any]) -> tuple[int, PayiResponse]:
        """Return the bytes sent and the response. Does not raise for anything on the network."""
        sent = 0
        try:
            http = self._connect()
        except Exception as exc:
            return 0, PayiResponse(None, error=_describe_environment(exc), maybe_sent=False)
        try:
            settings = make_settings(
                api_key=self._account.api_key,
                base_url=self._account.base_url,
                timeout=self._timeout,
                default_headers=self._account.headers,
                default_query=self._account.query,
            )
            request = SyncTransport(settings, http).build_request(spec)
            sent = len(request.content)
            with deadline(self._seconds):
                return sent, self._send(http, request)
        except _NOT_SENT as exc:
            return sent, PayiResponse(None, error=_describe_failure(exc), maybe_sent=False)
        # Pay-i may have taken the events before this happened, so they count as sent.
        except httpx.HTTPError as exc:
            return sent, PayiResponse(None, error=self._describe_cut(exc))

    def drop(self) -> None:
        """Forget the connections without closing them: a TLS close would end a parent's session too."""
        self.http = None

    def close(self) -> None:
        if self.http is not None:
            self.http.close()
            self.http = None

    def _connect(self) -> httpx.Client:
        if self.http is None:
            # Created at the first request, so that a child after a fork makes its own, and so that an
            # environment that httpx rejects is one more reason why a delivery failed.
            self.http = _find_client_maker()()
        return self.http

    def _send(self, http: httpx.Client, request: httpx.Request) -> PayiResponse:
        response = http.send(request, stream=True)
        try:
            return PayiResponse(
                response.status_code,
                _read_body(response),
                parse_retry_after(response.headers),
                content_type=response.headers.get("content-type", ""),
                location=_strip_secrets(response.headers.get("location", "")),
                date=response.headers.get("date", ""),
            )
        finally:
            # Without this, a connection whose body was not read to its end never returns to the pool.
            response.close()

    def _describe_cut(self, exc: httpx.HTTPError) -> str:
        if isinstance(exc, httpx.TimeoutException):
            return f"{type(exc).__name__}: the response took longer than {self._seconds:g} s"
        return describe_error(exc, httpx)


def _find_client_maker() -> Callable[[], httpx.Client]:
    # The first delivery is on the worker's thread, while the program may fork.
    with forks_wait():
        from payi_transport.sinks.bounded_client import make_client

        return make_client


def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _MAX_RESPONSE:
            # A response that is cut here confirms nothing, so the events are retried.
            break
    return bytes(body)


def _describe_failure(exc: Exception) -> str:
    described = describe_error(exc, httpx)
    # Without NO_PROXY, which names hosts and no proxy.
    proxies = _read_variables(_PROXY_VARIABLES[:-1])
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError) and proxies:
        return f"{described}; the environment has the proxy {proxies}"
    return described


def _describe_environment(exc: Exception) -> str:
    """Say which environment variable httpx could not use. It reads them while a client is made."""
    # A missing file is that of certificates; all else that can be wrong is a proxy, or a package for it.
    kinds = _CERTIFICATE_VARIABLES if isinstance(exc, OSError) else _PROXY_VARIABLES
    variables = _read_variables(kinds) or "no proxy and no certificate file"
    hint = "; pip install 'httpx[socks]'" if isinstance(exc, ImportError) else ""
    return f"{type(exc).__name__}: the environment has {variables}, which httpx cannot use{hint}"


def _read_variables(names: tuple[str, ...]) -> str:
    spellings = (spelling for name in names for spelling in (name, name.lower()))
    found = {name: value for name in spellings if (value := os.environ.get(name))}
    return ", ".join(f"{name}={_strip_secrets(value)}" for name, value in found.items())


def _strip_secrets(url: str) -> str:
    """Return a URL without userinfo, query, and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a malformed URL"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
