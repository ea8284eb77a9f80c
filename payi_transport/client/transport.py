"""Sending requests to Pay-i, blocking and async: build, send, retry, raise.

`_Transport` holds everything that does no I/O, so that the two subclasses differ only in `await`. A failed
attempt is a value (`_Outcome`) rather than an exception until the retries are used up; `retry` decides on
the value alone. Each attempt sends the same request object, whose body is bytes and can be sent again.

The HTTP client may be from httpx or httpx2. They share the interface used here, so the annotations name
httpx; where the difference matters (exception classes, `Timeout`), `_library` is the module in use.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import httpx
from msgspec import UNSET

from payi_transport.client.arguments import WrongTypeError, check_dict, check_headers
from payi_transport.client.connection_errors import describe_error, make_connection_error
from payi_transport.client.request import RequestSpec, encode_body, encode_query, merge_headers
from payi_transport.client.responses import APIResponse, AsyncAPIResponse, parse_response
from payi_transport.client.retry import choose_retry_delay
from payi_transport.client.settings import ClientSettings
from payi_transport.client.status_errors import make_status_error
from payi_transport.client.timeouts import convert_timeout
from payi_transport.errors import APIConnectionError
from payi_transport.pagination import AsyncCursorPage, CursorPage, SyncCursorPage
from payi_transport.values.names import RECORDED_MARK, PayiHeaderNames
from payi_transport.values.shown import show

if TYPE_CHECKING:
    import httpx2

__all__ = ["AsyncHTTPClient", "AsyncTransport", "SyncHTTPClient", "SyncTransport", "describe_error"]

T = TypeVar("T")
SyncHTTPClient: TypeAlias = "httpx.Client | httpx2.Client"
AsyncHTTPClient: TypeAlias = "httpx.AsyncClient | httpx2.AsyncClient"
_Outcome: TypeAlias = httpx.Response | APIConnectionError

_HEADERS = {
    "Accept": "application/json",
    "User-Agent": "payi_transport",
    # Pay-i's own SDK sends this header to say which language a client is written in.
    "X-Stainless-Lang": "python",
}


class _Transport:
    """What both transports share."""

    def __init__(self, settings: ClientSettings, http: Any, kind: str) -> None:
        self.settings = settings
        self._http = http
        self._library = _find_library(http, kind)

    def build_request(self, spec: RequestSpec[Any]) -> httpx.Request:
        """Build the HTTP request for a spec. Raises the HTTP library's InvalidURL for a bad base URL."""
        settings, options = self.settings, spec.options
        extra_headers = options.get("extra_headers")
        check_headers(extra_headers, "extra_headers")
        for name in ("extra_query", "extra_body"):
            check_dict(options.get(name), name)
        body = encode_body(spec.body, options.get("extra_body"))
        timeout = options.get("timeout", UNSET)
        request: httpx.Request = self._http.build_request(
            spec.method,
            settings.base_url + spec.path,
            params=encode_query(settings.query, spec.query, options.get("extra_query")),
            headers=merge_headers(
                _HEADERS,
                # Without a body the header is removed, even if a default sets it.
                {"Content-Type": None if body is None else "application/json"},
                {PayiHeaderNames.api_key: settings.api_key},
                # The caller's headers come after the key, so a gateway's key can replace it.
                settings.headers,
                # An endpoint's parameter that is None was not given; it does not remove a default.
                {name: UNSET if value is None else value for name, value in spec.headers.items()},
                extra_headers,
            ),
            content=body,
            timeout=convert_timeout(settings.timeout if timeout is UNSET else timeout, self._library),
            # Instrumentation skips requests with this mark: traffic to Pay-i is never reported to Pay-i.
            extensions={RECORDED_MARK: True},
        )
        return request

    def _next_delay(self, spec: RequestSpec[Any], outcome: _Outcome, retries: int) -> float | None:
        """Return the seconds to wait before another attempt; None if this outcome is final."""
        most = self.settings.max_retries if spec.max_retries is None else spec.max_retries
        return choose_retry_delay(outcome, retries) if retries < most else None

    def _parser(self, spec: RequestSpec[T]) -> functools.partial[T]:
        return functools.partial(parse_response, kind=spec.response_type, strict=self.settings.strict)


class SyncTransport(_Transport):
    """Send requests and block until the response is there."""

    def __init__(
        self,
        settings: ClientSettings,
        http: SyncHTTPClient,
        # A parameter, so that tests of retries don't wait.
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings, http, "Client")
        self._sleep = sleep

    def send(self, spec: RequestSpec[T], *, stream: bool = False) -> APIResponse[T]:
        """Send a request and return its response, the body read unless `stream`. Raises APIError."""
        request = self.build_request(spec)
        retries, outcome = 0, self._attempt(request, stream)
        while (delay := self._next_delay(spec, outcome, retries)) is not None:
            self._sleep(delay)
            retries, outcome = retries + 1, self._attempt(request, stream)
        return APIResponse(_check(outcome), self._parser(spec), retries)

    def send_list(
        self, spec: RequestSpec[CursorPage[T]], *, stream: bool = False
    ) -> APIResponse[SyncCursorPage[T]]:
        """Send a request for a page; the page can fetch those after it. Raises APIError."""

        def fetch(cursor: str) -> SyncCursorPage[T]:
            return self.send_list(spec.at_cursor(cursor)).parse()

        return self.send(spec, stream=stream).map(lambda page: SyncCursorPage(page, fetch))

    def _attempt(self, request: httpx.Request, stream: bool) -> _Outcome:
        try:
            # Stream even if the body is wanted at once: reading it here puts its failures under the same
            # `except`, so they are retried too.
            response: httpx.Response = self._http.send(request, stream=True)
            # The body of an error is read even with `stream`: its message goes into the exception.
            if not (stream and response.is_success):
                response.read()
        except self._library.RequestError as exc:
            return make_connection_error(request, exc, self._library)
        return response


async def _sleep(seconds: float) -> None:
    # Imported here, because delivery uses this module in programs without an event loop.
    from anyio import sleep

    await sleep(seconds)


class AsyncTransport(_Transport):
    """Send requests from asyncio or trio."""

    def __init__(
        self,
        settings: ClientSettings,
        http: AsyncHTTPClient,
        sleep: Callable[[float], Awaitable[None]] = _sleep,
    ) -> None:
        super().__init__(settings, http, "AsyncClient")
        self._sleep = sleep

    async def send(self, spec: RequestSpec[T], *, stream: bool = False) -> AsyncAPIResponse[T]:
        """Send a request and return its response, the body read unless `stream`. Raises APIError."""
        request = self.build_request(spec)
        retries, outcome = 0, await self._attempt(request, stream)
        while (delay := self._next_delay(spec, outcome, retries)) is not None:
            await self._sleep(delay)
            retries, outcome = retries + 1, await self._attempt(request, stream)
        return AsyncAPIResponse(_check(outcome), self._parser(spec), retries)

    async def send_list(
        self, spec: RequestSpec[CursorPage[T]], *, stream: bool = False
    ) -> AsyncAPIResponse[AsyncCursorPage[T]]:
        """Send a request for a page; the page can fetch those after it. Raises APIError."""

        async def fetch(cursor: str) -> AsyncCursorPage[T]:
            return await (await self.send_list(spec.at_cursor(cursor))).parse()

        return (await self.send(spec, stream=stream)).map(lambda page: AsyncCursorPage(page, fetch))

    async def _attempt(self, request: httpx.Request, stream: bool) -> _Outcome:
        try:
            response: httpx.Response = await self._http.send(request, stream=True)
            # The body of an error is read even with `stream`: its message goes into the exception.
            if not (stream and response.is_success):
                await response.aread()
        # Nothing broader: a cancellation has to pass, and a mistake such as an invalid URL must not be
        # retried.
        except self._library.RequestError as exc:
            return make_connection_error(request, exc, self._library)
        return response


def _check(outcome: _Outcome) -> httpx.Response:
    if isinstance(outcome, APIConnectionError):
        raise outcome
    if not outcome.is_success:
        raise make_status_error(outcome)
    return outcome


def _find_library(http: object, kind: str) -> Any:
    """Return the module, httpx or httpx2, whose class `kind` the client is an instance of.

    Looks through the base classes, so that subclasses work, and imports nothing: httpx2 is optional. Raises
    WrongTypeError for anything else, such as a sync client where an async one is needed.
    """
    for base in type(http).__mro__:
        name = base.__module__.partition(".")[0]
        # Both libraries name their classes alike, so the module has to tell them apart. Compare names, not
        # classes: AWS X-Ray replaces `httpx.Client` with a subclass, of which older clients are no instances.
        if name in ("httpx", "httpx2") and base.__name__ == kind:
            return sys.modules[name]
    raise WrongTypeError(f"http_client: expected {kind} of httpx or httpx2, got {show(http)}")
