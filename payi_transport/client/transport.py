"""The two ways to Pay-i, blocking and awaited: what is sent and what becomes of it is the same on both."""

from __future__ import annotations

import functools
import sys
import time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import httpx
from msgspec import UNSET

from payi_transport.client.request import RequestSpec, encode_body, encode_query, merge_headers
from payi_transport.client.responses import APIResponse, AsyncAPIResponse, parse_response
from payi_transport.client.retry import choose_retry_delay, make_status_error
from payi_transport.client.settings import ClientSettings
from payi_transport.client.timeouts import convert_timeout
from payi_transport.errors import APIConnectionError, APITimeoutError
from payi_transport.pagination import AsyncCursorPage, CursorPage, SyncCursorPage
from payi_transport.values.names import RECORDED_MARK, PayiHeaderNames

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
    # The header by which Pay-i's own SDK says which language a client is written in.
    "X-Stainless-Lang": "python",
}


class _Transport:
    """What both ways share. `http` is taken for httpx's: httpx2's is the same in all that is used here."""

    def __init__(self, settings: ClientSettings, http: Any, kind: str) -> None:
        self.settings = settings
        self._http = http
        self._family = _find_family(http, kind)

    def build(self, call: RequestSpec[Any]) -> httpx.Request:
        """What is sent for a call. Raises InvalidURL of the HTTP library for an address that is none."""
        settings, options = self.settings, call.options
        body = encode_body(call.body, options.get("extra_body"))
        timeout = options.get("timeout", UNSET)
        request: httpx.Request = self._http.build_request(
            call.method,
            settings.base_url + call.path,
            params=encode_query(settings.query, call.query, options.get("extra_query")),
            headers=merge_headers(
                _HEADERS,
                {"Content-Type": None if body is None else "application/json"},
                {PayiHeaderNames.api_key: settings.api_key},
                settings.headers,
                call.headers,
                options.get("extra_headers"),
            ),
            content=body,
            timeout=convert_timeout(settings.timeout if timeout is UNSET else timeout, self._family),
            extensions={RECORDED_MARK: True},
        )
        return request

    def _fail(self, request: httpx.Request, exc: Exception) -> APIConnectionError:
        """The error for one of the HTTP library's, which is its cause."""
        late = isinstance(exc, self._family.TimeoutException)
        kind = APITimeoutError if late else APIConnectionError
        reason = describe_error(exc, self._family)
        message = "Pay-i did not answer in time" if late else f"Pay-i can not be reached ({reason})"
        error = kind(message, request)
        error.__cause__ = exc
        return error

    def _find_wait(self, outcome: _Outcome, retries: int) -> float | None:
        return choose_retry_delay(outcome, retries) if retries < self.settings.max_retries else None

    def _reader(self, call: RequestSpec[T]) -> functools.partial[T]:
        return functools.partial(parse_response, kind=call.answer, strict=self.settings.strict)


class SyncTransport(_Transport):
    """Asks and waits."""

    def __init__(self, settings: ClientSettings, http: SyncHTTPClient) -> None:
        super().__init__(settings, http, "Client")

    def ask(self, call: RequestSpec[T], *, stream: bool = False) -> APIResponse[T]:
        """The answer, its body read unless `stream`. Raises APIError."""
        request = self.build(call)
        retries, outcome = 0, self._send(request, stream)
        while (wait := self._find_wait(outcome, retries)) is not None:
            time.sleep(wait)
            retries, outcome = retries + 1, self._send(request, stream)
        return APIResponse(_check(outcome), self._reader(call), retries)

    def send_for_page(
        self, call: RequestSpec[CursorPage[T]], *, stream: bool = False
    ) -> APIResponse[SyncCursorPage[T]]:
        """The answer to a call for a list."""

        def fetch(cursor: str) -> SyncCursorPage[T]:
            return self.send_for_page(call.at(cursor)).parse()

        return self.ask(call, stream=stream).map(lambda page: SyncCursorPage(page, fetch))

    def _send(self, request: httpx.Request, stream: bool) -> _Outcome:
        try:
            response: httpx.Response = self._http.send(request, stream=True)
            if not (stream and response.is_success):
                response.read()
        except self._family.RequestError as exc:
            return self._fail(request, exc)
        return response


class AsyncTransport(_Transport):
    """Asks and lets others run."""

    def __init__(self, settings: ClientSettings, http: AsyncHTTPClient) -> None:
        super().__init__(settings, http, "AsyncClient")

    async def ask(self, call: RequestSpec[T], *, stream: bool = False) -> AsyncAPIResponse[T]:
        """The answer, its body read unless `stream`. Raises APIError."""
        request = self.build(call)
        retries, outcome = 0, await self._send(request, stream)
        while (wait := self._find_wait(outcome, retries)) is not None:
            await anyio.sleep(wait)
            retries, outcome = retries + 1, await self._send(request, stream)
        return AsyncAPIResponse(_check(outcome), self._reader(call), retries)

    async def send_for_page(
        self, call: RequestSpec[CursorPage[T]], *, stream: bool = False
    ) -> AsyncAPIResponse[AsyncCursorPage[T]]:
        """The answer to a call for a list."""

        async def fetch(cursor: str) -> AsyncCursorPage[T]:
            return await (await self.send_for_page(call.at(cursor))).parse()

        return (await self.ask(call, stream=stream)).map(lambda page: AsyncCursorPage(page, fetch))

    async def _send(self, request: httpx.Request, stream: bool) -> _Outcome:
        try:
            response: httpx.Response = await self._http.send(request, stream=True)
            if not (stream and response.is_success):
                await response.aread()
        except self._family.RequestError as exc:
            return self._fail(request, exc)
        return response


def describe_error(exc: Exception, family: Any) -> str:
    """An error of `family` in words; those of a protocol error may quote a header, and so the key."""
    told = isinstance(exc, family.NetworkError | family.TimeoutException | family.ProxyError)
    return f"{type(exc).__name__}: {exc}" if told else type(exc).__name__


def _check(outcome: _Outcome) -> httpx.Response:
    if isinstance(outcome, APIConnectionError):
        raise outcome
    if not outcome.is_success:
        raise make_status_error(outcome)
    return outcome


def _find_family(http: object, kind: str) -> Any:
    """httpx or httpx2, whichever `http` is a client of. Raises TypeError where it is of neither."""
    for base in type(http).__mro__:
        name = base.__module__.partition(".")[0]
        if name in ("httpx", "httpx2") and issubclass(base, getattr(sys.modules[name], kind)):
            return sys.modules[name]
    raise TypeError(f"http_client: expected a {kind} of httpx or httpx2, got {http!r}")
