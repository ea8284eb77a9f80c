"""Recording a call of httpx or of its fork httpx2: what both share, sync and async.

The two have one contract and different classes, so nothing here imports either; `httpx_family.py` binds this
to a module. A call is recorded around `send`, which may be a transport's method or a client's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from payi_transport.capture.exchange import Exchange, RequestRewrite
from payi_transport.context.headers import find_removable_headers
from payi_transport.hooks.call import INSIDE
from payi_transport.hooks.httpx.request import (
    Family,
    copy_request,
    find_address,
    make_answer,
    read_body,
    read_headers,
)
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.rewrite.responses import find_response_rewriter
from payi_transport.routing.routes import Route
from payi_transport.runtime.threads import run_on_thread
from payi_transport.values.headers import Headers
from payi_transport.values.names import PROXY_CATEGORY, RECORDED_MARK

__all__ = ["record_async", "record_sync"]


class _Sent:
    """What is sent in place of the caller's request, which is not recorded; or the answer, if nothing is."""

    __slots__ = ("_request", "refused", "sent")

    def __init__(self, request: Any, sent: Any, refused: Any = None) -> None:
        self._request = request
        self.sent = sent
        self.refused = refused

    def answer(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        """An answer came: as far as the caller sees, to the caller's own request."""
        if response.__dict__.get("_request") is self.sent:
            response.request = self._request

    def fail(self, exc: BaseException) -> None:
        """No answer came."""
        if getattr(exc, "_request", None) is self.sent:
            exc.request = self._request  # type: ignore[attr-defined]  # httpx sets it to what was sent


class _Call(_Sent):
    """One observed request on its way: what is sent in its place, and what comes back."""

    __slots__ = ("_exchange", "_extensions", "_pipeline")

    def __init__(self, pipeline: Pipeline, exchange: Exchange, request: Any, sent: Any) -> None:
        super().__init__(request, sent)
        self._pipeline = pipeline
        self._exchange = exchange
        self._extensions = sent.extensions
        # Tells hooks further in that this call is recorded; taken off before the caller sees the request.
        sent.extensions = {**self._extensions, RECORDED_MARK: True}
        INSIDE.set(True)

    @property
    def waits(self) -> bool:
        """Whether the end of the answer takes as long as a report does."""
        return self._exchange.waits

    def answer(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        """Begin to remember the answer."""
        self._take_mark_off()
        try:
            if self.sent is not self._request:
                super().answer(response, stream)
            self._attach(response, stream)
        except Exception as exc:
            self._exchange.discard()
            self._pipeline.count_fault(exc)

    async def answer_on_thread(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        """`answer` that may take long."""
        self._take_mark_off()
        await run_on_thread(self.answer, response, stream)

    def fail(self, exc: BaseException) -> None:
        self._take_mark_off()
        self._exchange.fail(exc)
        super().fail(exc)

    def _take_mark_off(self) -> None:
        self.sent.extensions = self._extensions
        INSIDE.set(False)

    def _attach(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        exchange = self._exchange
        status = response.status_code
        if 300 <= status < 400 and response.has_redirect_location:
            exchange.discard()
            return
        exchange.begin_answer(status, read_headers(response))
        if exchange.waits or exchange.detour is not None:
            named = response.headers.get
            exchange.rewriter = find_response_rewriter(
                exchange, named("content-type", ""), named("content-encoding", "")
            )
        if response.is_closed:
            _take_whole(exchange, response)
        else:
            response.stream = stream(response.stream, exchange)


def record_sync(family: Family, request: Any, send: Callable[[Any], Any]) -> Any:
    """Send a request, and record it if it is to be."""
    call = _begin(family, request)
    if call is None:
        return send(request)
    if call.refused is not None:
        return call.refused
    try:
        response = send(call.sent)
    except BaseException as exc:
        call.fail(exc)
        raise
    call.answer(response, family.sync_stream)
    return response


async def record_async(family: Family, request: Any, send: Callable[[Any], Awaitable[Any]]) -> Any:
    """Send a request, and record it if it is to be."""
    call = _begin(family, request)
    if call is None:
        return await send(request)
    if call.refused is not None:
        return call.refused
    try:
        response = await send(call.sent)
    except BaseException as exc:
        call.fail(exc)
        raise
    if isinstance(call, _Call) and call.waits and response.is_closed:
        await call.answer_on_thread(response, family.async_stream)
    else:
        call.answer(response, family.async_stream)
    return response


def _begin(family: Family, request: Any) -> _Sent | None:
    """What a request begins, or None when it is to pass through as it is. Never raises."""
    pipeline = get_active()
    if pipeline is None or RECORDED_MARK in request.extensions or INSIDE.get():
        return None
    try:
        scheme, host, port, path = find_address(request.url)
        route = pipeline.routes.find(request.method, scheme, host, port, path)
        if route is not None:
            return _begin_call(family, request, pipeline, route)
        # Whom a call is for is no business of a provider's, whatever it is asked; others may want to know.
        known = pipeline.routes.hosts.find(host, port)
        if known is None or known.category == PROXY_CATEGORY:
            return None
        return _strip(family, request, read_headers(request))
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _begin_call(family: Family, request: Any, pipeline: Pipeline, route: Route) -> _Sent | None:
    headers = read_headers(request)
    exchange = pipeline.begin(route, headers, read_body(family, request))
    if exchange is None:
        return None if route.proxied else _strip(family, request, headers)
    detour = exchange.detour
    if detour is None:
        return _Call(pipeline, exchange, request, request)
    if detour.refusal is not None:
        return _Sent(request, request, make_answer(family, request, detour.refusal))
    return _Call(pipeline, exchange, request, copy_request(family, request, detour))


def _strip(family: Family, request: Any, headers: Headers) -> _Sent | None:
    """A request that is not recorded, without the headers that are not for the provider."""
    own = find_removable_headers(headers)
    return _Sent(request, copy_request(family, request, RequestRewrite(without=own))) if own else None


def _take_whole(exchange: Exchange, response: Any) -> None:
    """An answer that the transport has read already: caches and mocks do so."""
    exchange.feed_whole(response.content)
    if exchange.rewriter is not None:
        response._content = exchange.rewriter.feed(response.content) + exchange.rewriter.flush()
    exchange.finish()
