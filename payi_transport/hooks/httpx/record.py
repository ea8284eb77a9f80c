"""Recording a call of httpx or of its fork httpx2, sync and async.

Both have the same contract with different classes, so nothing here imports either; `family.py` binds this
to a module. A call is recorded around `send`, which may be the method of a transport or of a client. An
SDK's client may pass both hooks with one request: the outer one puts a mark among the request's extensions,
and the inner one leaves marked requests alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from payi_transport.capture.exchange import OpenResponse, SentRequest
from payi_transport.capture.rewrites import HookAbilities, RequestRewrite, ResponseRewriter
from payi_transport.context.headers import find_removable_headers
from payi_transport.hooks.call import INSIDE
from payi_transport.hooks.httpx.request import (
    Family,
    build_blocked_response,
    copy_request,
    find_address,
    read_headers,
    read_request_body,
)
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.rewrite.responses import find_response_rewriter
from payi_transport.routing.routes import Route
from payi_transport.runtime.threads import run_on_thread
from payi_transport.values.headers import Headers
from payi_transport.values.names import PROXY_CATEGORY, RECORDED_MARK

__all__ = ["record_async", "record_sync"]

# Makes the stream that remembers a response: of the stream inside, the open response, and its rewriter.
_MakeStream = Callable[[Any, OpenResponse, ResponseRewriter | None], Any]
_ABILITIES = HookAbilities()


class _Rewritten:
    """A request that isn't recorded but goes out in another form, or is blocked and doesn't go out."""

    __slots__ = ("blocked_response", "caller_request", "request")

    def __init__(self, caller_request: Any, request: Any, blocked_response: Any = None) -> None:
        self.caller_request = caller_request
        self.request = request
        self.blocked_response = blocked_response

    def respond(self, response: Any, make_stream: _MakeStream) -> None:
        """Show the caller its own request beside the response."""
        if response.__dict__.get("_request") is self.request:
            response.request = self.caller_request

    def fail(self, exc: BaseException) -> None:
        """Show the caller its own request beside the exception."""
        if getattr(exc, "_request", None) is self.request:
            exc.request = self.caller_request  # type: ignore[attr-defined]  # httpx sets it to what was sent


class _Recorded(_Rewritten):
    """An observed request on its way: what is sent in its place, and what comes back."""

    __slots__ = ("_extensions", "_pipeline", "_sent")

    def __init__(self, pipeline: Pipeline, sent: SentRequest, caller_request: Any, request: Any) -> None:
        self._pipeline = pipeline
        self._sent = sent
        self.caller_request = caller_request
        self.request = request
        self.blocked_response = None
        self._extensions = request.extensions
        # Hooks further in see that this call is recorded. Taken off before the caller sees the request again.
        request.extensions = {**self._extensions, RECORDED_MARK: True}
        INSIDE.set(True)

    @property
    def waits(self) -> bool:
        """Whether the end of the response takes as long as a report does."""
        return self._sent.waits

    def respond(self, response: Any, make_stream: _MakeStream) -> None:
        """Start to remember the response."""
        self._take_mark_off()
        try:
            if self.request is not self.caller_request:
                super().respond(response, make_stream)
            status = response.status_code
            if 300 <= status < 400 and response.has_redirect_location:
                self._sent.discard()
                return
            # A transport that has read the response already, as caches and mocks do, has decoded it too.
            whole = response.is_closed
            open_response = self._sent.start_response(status, read_headers(response), decoded=whole)
            rewriter = None
            if self._sent.waits or self._sent.rewrite is not None:
                header = response.headers.get
                content_type, coding = header("content-type", ""), header("content-encoding", "")
                rewriter = find_response_rewriter(open_response, content_type, coding)
            if whole:
                _finish_whole(open_response, response, rewriter)
            else:
                response.stream = make_stream(response.stream, open_response, rewriter)
        except Exception as exc:
            self._sent.discard()
            self._pipeline.count_fault(exc)

    def fail(self, exc: BaseException) -> None:
        """Record that no response came."""
        self._take_mark_off()
        self._sent.fail(exc)
        super().fail(exc)

    async def respond_on_thread(self, response: Any, make_stream: _MakeStream) -> None:
        """Record a response that is read already. That ends the call, which then waits for its report."""
        self._take_mark_off()
        await run_on_thread(self.respond, response, make_stream)

    def _take_mark_off(self) -> None:
        self.request.extensions = self._extensions
        INSIDE.set(False)


def record_sync(family: Family, request: Any, send: Callable[[Any], Any]) -> Any:
    """Send a request, and record it if it is observed."""
    call = _begin(family, request)
    if call is None:
        return send(request)
    if call.blocked_response is not None:
        return call.blocked_response
    try:
        response = send(call.request)
    except BaseException as exc:
        call.fail(exc)
        raise
    call.respond(response, family.sync_stream)
    return response


async def record_async(family: Family, request: Any, send: Callable[[Any], Awaitable[Any]]) -> Any:
    """Send a request, and record it if it is observed."""
    call = _begin(family, request)
    if call is None:
        return await send(request)
    if call.blocked_response is not None:
        return call.blocked_response
    try:
        response = await send(call.request)
    except BaseException as exc:
        call.fail(exc)
        raise
    if isinstance(call, _Recorded) and call.waits and response.is_closed:
        await call.respond_on_thread(response, family.async_stream)
    else:
        call.respond(response, family.async_stream)
    return response


def _begin(family: Family, request: Any) -> _Rewritten | None:
    """Return what becomes of a request, None where it goes out as it is and unrecorded. Never raises."""
    pipeline = get_active()
    if pipeline is None or RECORDED_MARK in request.extensions or INSIDE.get():
        return None
    try:
        scheme, host, port, path = find_address(request.url)
        route = pipeline.routes.find(request.method, scheme, host, port, path)
        if route is not None:
            return _begin_call(family, request, pipeline, route)
        # Who a call is for is never the provider's business, whatever is asked of it. Other hosts may want
        # to know.
        known = pipeline.routes.hosts.find(host, port)
        if known is None or known.category == PROXY_CATEGORY:
            return None
        return _strip(family, request, read_headers(request))
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _begin_call(family: Family, request: Any, pipeline: Pipeline, route: Route) -> _Rewritten | None:
    headers = read_headers(request)
    sent = pipeline.begin(route, headers, read_request_body(family, request), _ABILITIES)
    if sent is None:
        return None if route.proxied else _strip(family, request, headers)
    rewrite = sent.rewrite
    if rewrite is None:
        return _Recorded(pipeline, sent, request, request)
    if rewrite.blocked_response is not None:
        blocked = build_blocked_response(family, request, rewrite.blocked_response)
        return _Rewritten(request, request, blocked)
    return _Recorded(pipeline, sent, request, copy_request(family, request, rewrite))


def _strip(family: Family, request: Any, headers: Headers) -> _Rewritten | None:
    """Take the headers that are not for the provider off a request that isn't recorded."""
    own = find_removable_headers(headers)
    return _Rewritten(request, copy_request(family, request, RequestRewrite(without=own))) if own else None


def _finish_whole(open_response: OpenResponse, response: Any, rewriter: ResponseRewriter | None) -> None:
    open_response.append(response.content)
    # After the body is recorded: the rewriter may end the call and wait for its report.
    if rewriter is not None:
        response._content = rewriter.feed(response.content) + rewriter.flush()
    open_response.finish()
