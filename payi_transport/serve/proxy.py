"""The proxy paths: forward a request to its provider, stream the response back, and meter the call.

Metering uses the same code as a program that this library instruments: the bytes that
pass are remembered as an exchange, which is decoded when the response ends. Requests with Pay-i's API key get
what Pay-i's proxy adds, `xproxy_result` in the body. All others, as those of a CLI whose base URL points
here, get every byte as the provider sent it.

Requests for a WebSocket get the status 426, because one connection carries many calls. Codex asks for one
first, and uses HTTP after this status. Source: https://github.com/openai/codex, codex-rs/core/src/client.rs.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from typing import Any, Final

import anyio
import httpx
from anyio.to_thread import run_sync
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from payi_transport.capture.exchange import OpenResponse, Outcome, SentRequest
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.rewrite.responses import find_response_rewriter
from payi_transport.serve.faults import Refusal
from payi_transport.serve.metering import Meter, make_item, read_frame
from payi_transport.serve.proxy_targets import Targets, make_url, read_proxy_path
from payi_transport.serve.responses import refuse, respond, route
from payi_transport.serve.service import Service

__all__ = ["Proxy", "make_proxy_routes"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Hop-by-hop headers (RFC 9110) are not forwarded.
_HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
_DROPPED: Final = _HOP_BY_HOP | {b"host", b"content-length", b"cookie", b"origin"}
_NO_SOCKETS: Final = (
    "this service forwards and counts calls over HTTP only: Codex goes on with HTTP by itself, and with"
    " supports_websockets = false in its model_providers it doesn't ask for a WebSocket"
)
_FORWARD: Final = b"xproxy-forward-"
# A model may think for long before the first byte. Seconds.
_TIMEOUT: Final = httpx.Timeout(connect=10, read=600, write=60, pool=60)


class Proxy:
    """Forwards requests, until it is closed with the app."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._token = service.settings.token
        self._targets = Targets(service.settings)
        self._meter = Meter(service)
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        # The tasks of requests, each of which lasts until its response has been sent.
        self._tasks: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Wait until every call has ended and its event is stored. The server cancels those that last."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._client.aclose()

    async def forward(self, request: Request) -> Response:
        """Return the provider's response to a request. Raises Refusal."""
        task: Any = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Without a library for WebSockets, the server takes the request for one of HTTP.
        if request.headers.get("upgrade", "").lower() == "websocket":
            raise Refusal("websocket_not_supported", _NO_SOCKETS)
        raw_path = request.scope["path"]
        proxied = read_proxy_path(raw_path)
        target = self._targets.find(request.method, proxied, request.headers)
        url = _add_query(target.url, request.scope["query_string"].decode("latin-1"))
        headers = [pair for pair in request.headers.raw if not self._is_token(*pair)]
        frame = read_frame(headers, proxied.use_case)
        body = await request.body()
        if target.route is not None:
            admission = await asyncio.wrap_future(self._service.admit(make_item(frame, target.route)))
            if admission.blocked:
                return _refuse_blocked(admission.blocked)
            frame = replace(frame, limit_ids=admission.limit_ids)
        adds_result = any(name.lower() == b"xproxy-api-key" for name, _ in headers)
        sent = self._meter.begin(target.route, frame, headers, body, adds_result=adds_result)
        return await self._send(request.method, url, _select(headers, sent), _body_of(sent, body), sent)

    def _is_token(self, name: bytes, value: bytes) -> bool:
        # The token of this service must never reach a provider.
        return (
            name.lower() == b"authorization"
            and self._token is not None
            and hmac.compare_digest(value.removeprefix(b"Bearer "), self._token.encode())
        )

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        sent: SentRequest | None,
    ) -> Response:
        outgoing = httpx.Request(method, url, headers=headers, content=body or None)
        try:
            response = await self._client.send(outgoing, stream=True)
        except httpx.HTTPError as exc:
            if sent is not None:
                await run_sync(sent.fail, exc)
            raise Refusal(
                "provider_unreachable", f"the provider can't be reached: {type(exc).__name__}"
            ) from None
        except BaseException as exc:
            if sent is not None:
                with anyio.CancelScope(shield=True):
                    await run_sync(sent.fail, exc)
            raise
        return _Forwarded(response, sent)


class _Forwarded(StreamingResponse):
    """Passes a provider's response on, chunk by chunk, and ends the call whatever happens."""

    def __init__(self, response: httpx.Response, sent: SentRequest | None) -> None:
        super().__init__(self._pass(), response.status_code)
        self._response = response
        self._opened: OpenResponse | None = None
        self._rewriter: ResponseRewriter | None = None
        if sent is not None:
            flat = tuple(part for pair in response.headers.raw for part in pair)
            self._opened = sent.start_response(response.status_code, flat)
            kind, coding = (response.headers.get(name, "") for name in ("content-type", "content-encoding"))
            self._rewriter = find_response_rewriter(self._opened, kind, coding)
        # A body that is changed on its way has another length. A provider's cookies would be this service's.
        dropped = (
            _HOP_BY_HOP | {b"set-cookie"} | ({b"content-length"} if self._rewriter is not None else set())
        )
        kept = (b"server", b"date")
        self.raw_headers = [
            (name.lower(), value)
            for name, value in response.headers.raw
            if name.lower() not in dropped and name.lower() not in kept
        ]

    async def _pass(self) -> AsyncIterator[bytes]:
        append, size, limit = None, 0, 0
        async for chunk in self._response.aiter_raw():
            if self._opened is not None:
                if append is None or size > limit:
                    append, limit = self._opened.open_buffer(size + len(chunk))
                append(chunk)
                size += len(chunk)
            passed = chunk if self._rewriter is None else self._rewriter.feed(chunk)
            if passed:
                yield passed
        if self._rewriter is not None:
            # In a thread, because adding the result waits until the call is stored.
            yield await run_sync(self._rewriter.flush)
        if self._opened is not None:
            await run_sync(self._opened.finish)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error: BaseException | None = None
        try:
            await super().__call__(scope, receive, send)
        except BaseException as exc:
            error = exc
            raise
        finally:
            # Also when the client went away, which cancels this task. A second end does nothing.
            with anyio.CancelScope(shield=True):
                await self._response.aclose()
                await self._end(error)

    async def _end(self, error: BaseException | None) -> None:
        if self._opened is None:
            return
        if error is None or isinstance(error, asyncio.CancelledError | OSError):
            await run_sync(self._opened.finish, Outcome.CLOSED)
        else:
            await run_sync(self._opened.fail, error)


def make_proxy_routes(proxy: Proxy) -> list[BaseRoute]:
    """Return the routes of the proxy."""
    paths = ("/api/v1/proxy/{rest:path}", "/api/v1/run/{use_case}/proxy/{rest:path}")
    routes = [route(method, path, proxy.forward) for path in paths for method in _METHODS]
    return [*routes, *(WebSocketRoute(path, _refuse_socket) for path in paths)]


async def _refuse_socket(socket: WebSocket) -> None:
    await socket.send_denial_response(refuse(Refusal("websocket_not_supported", _NO_SOCKETS)))


def _refuse_blocked(blocked: tuple[str, ...]) -> Response:
    refusal = Refusal("limit_blocked", f"limit {blocked[0]} is overrun, so the request was not sent")
    limits = {limit_id: {"state": "blocked"} for limit_id in blocked}
    result = {"blocked_limit_ids": list(blocked), "limits": limits}
    return respond({**refusal.to_body(), "xproxy_result": result}, refusal.status)


def _add_query(target: str, query: str) -> httpx.URL:
    """Return the whole address of a request. Raises Refusal for one that no request can have."""
    try:
        return make_url(f"{target}?{query}" if query else target)
    except ValueError as exc:
        raise Refusal("invalid_url", f"the request can't be forwarded: {exc}") from None


def _select(headers: list[tuple[bytes, bytes]], sent: SentRequest | None) -> list[tuple[bytes, bytes]]:
    """Return the headers for the provider: none of Pay-i's, and none of this connection."""
    selected: list[tuple[bytes, bytes]] = []
    dropped = _DROPPED | _name_in_connection(headers)
    plain = sent is not None and sent.rewrite is not None and sent.rewrite.plain
    for raw_name, value in headers:
        if raw_name.lower().startswith(_FORWARD):
            raw_name = raw_name[len(_FORWARD) :]
        name = raw_name.lower()
        # What a prefix forwards is no exception: another Host or length would be another request.
        if (
            name
            and name not in dropped
            and not name.startswith(b"xproxy-")
            and not (plain and name == b"accept-encoding")
        ):
            selected.append((raw_name, value))
    # Nothing can be added to a compressed body.
    return [*selected, (b"accept-encoding", b"identity")] if plain else selected


def _name_in_connection(headers: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Return the headers that a sender says are of its own connection."""
    named = [value for name, value in headers if name.lower() == b"connection"]
    return frozenset(part.strip().lower() for value in named for part in value.split(b","))


def _body_of(sent: SentRequest | None, body: bytes) -> bytes:
    asked = None if sent is None or sent.rewrite is None else sent.rewrite.body
    return body if asked is None else asked
