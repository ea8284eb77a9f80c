"""Recording a call of httpx or of its fork httpx2, sync and async.

Both have the same interface with different classes, so nothing here imports either; `family.py` binds this
to a module. A call is recorded around `send`, which may be the method of a transport or of a client. Requests
to Pay-i itself carry a mark in their extensions, and are not recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from payi_transport.capture.exchange import SentRequest
from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.headers import find_removable_headers
from payi_transport.hooks.httpx.in_flight import CountedRequest, RecordedCall, RewrittenRequest
from payi_transport.hooks.httpx.request import (
    Family,
    build_blocked_response,
    copy_request,
    find_parts,
    keep_headers,
    read_headers,
    read_request_body,
)
from payi_transport.hooks.nesting import INSIDE, CallMark, Target, find_target
from payi_transport.pipeline import active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.routing.paths import may_be_call
from payi_transport.values.headers import Headers, flatten
from payi_transport.values.names import RECORDED_MARK

__all__ = ["make_async_send", "make_send"]

_ABILITIES = HookAbilities()


def make_send(
    family: Family, original: Callable[[Any, Any], Any], *, is_layer: bool = False
) -> Callable[[Any, Any], Any]:
    """Return what replaces `original(owner, request)`: it records the calls that are observed.

    `is_layer` says that one owner may pass a request on to another, as transports do.
    """

    def send(owner: Any, request: Any) -> Any:
        call = _begin(family, request, owner if is_layer else family)
        if call is None:
            return original(owner, request)
        if call.blocked_response is not None:
            return call.blocked_response
        try:
            response = original(owner, call.request)
        except BaseException as exc:
            call.fail(exc)
            raise
        call.respond(family, response, family.sync_stream)
        return response

    return send


def make_async_send(
    family: Family, original: Callable[[Any, Any], Awaitable[Any]], *, is_layer: bool = False
) -> Callable[[Any, Any], Awaitable[Any]]:
    """Do the same for a coroutine function."""

    async def send(owner: Any, request: Any) -> Any:
        call = _begin(family, request, owner if is_layer else family)
        if call is None:
            return await original(owner, request)
        if call.blocked_response is not None:
            return call.blocked_response
        try:
            response = await original(owner, call.request)
        # Cancellation ends a call as well.
        except BaseException as exc:
            call.fail(exc)
            raise
        # Such a call ends at once and then blocks until it is reported, which must not stop the event loop.
        if isinstance(call, RecordedCall) and call.waits and response.is_closed:
            await call.respond_on_thread(family, response, family.async_stream)
        else:
            call.respond(family, response, family.async_stream)
        return response

    return send


def _begin(family: Family, request: Any, entry: object) -> RewrittenRequest | None:
    """Return how to send and record a request, or None to send it as it is, unrecorded. Never raises."""
    pipeline = active.current
    if pipeline is None or RECORDED_MARK in request.extensions:
        return None
    try:
        # Every request of the program passes through here, so look up host and route at once. The URL's own
        # properties encode these parts and decode them again, and names of a named tuple take twice as long.
        try:
            scheme, _, host, port, path, _, _ = request.url._uri_reference
        except (AttributeError, TypeError, ValueError):
            scheme, host, port, path = find_parts(request.url)
        path = path or "/"
        target = host, port, path
        routes = pipeline.routes
        route = routes.found.get((request.method, scheme, host, port, path))
        # Most requests go to hosts known not to be a provider's. They are neither counted nor changed.
        if (
            route is None
            and routes.hosts.found.get((host, port), routes) is None
            and not may_be_call(path, routes.hosts.registry)
        ):
            return None
        # `find_mark`, written out for speed.
        mark = INSIDE.get()
        if mark is not None and mark.call is None:
            mark = None
        elif mark is not None and mark.covers(target, entry, partial(_read, family, request)):
            return None
        route = route or routes.find(request.method, scheme, *target)
        if route is None:
            return _begin_unobserved(family, request, pipeline, scheme, target, mark, entry)
        # `keep_headers` and `read_request_body`, written out for speed. Nearly all bodies are in memory, and
        # are no forms, which begin with two dashes. A slice takes twice as long as these comparisons.
        try:
            headers, body = family.pack(request.headers._list), request._content
        except (AttributeError, TypeError):
            headers, body = keep_headers(family, request), None
        if body is None or b"--" <= body < b"-.":
            body = read_request_body(family, request)
        sent = pipeline.begin(route, headers, body, _ABILITIES)
        if sent is None:
            return None if route.proxied else _strip(family, request, flatten(headers))
        if (rewrite := sent.rewrite) is not None:
            return _begin_rewritten(family, request, pipeline, sent, rewrite, target, mark, entry)
        INSIDE.set(mark := CallMark((target, body, entry), mark))
        return RecordedCall(request, request, None, pipeline, sent, mark)
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _begin_unobserved(
    family: Family,
    request: Any,
    pipeline: Pipeline,
    scheme: str,
    target: Target,
    outer: CallMark | None,
    entry: object,
) -> RewrittenRequest | None:
    routes = pipeline.routes
    stripped = None
    # Providers never get Pay-i's headers, even with requests that aren't observed.
    if routes.reaches_provider(*target):
        stripped = _strip(family, request, read_headers(family, request))
    if not routes.is_counted(request.method, scheme, *target):
        return stripped
    mark = CallMark((target, read_request_body(family, request), entry), outer)
    INSIDE.set(mark)
    return CountedRequest(request, request if stripped is None else stripped.request, None, mark)


def _read(family: Family, request: Any) -> tuple[Headers, bytes | None]:
    return read_headers(family, request), read_request_body(family, request)


def _begin_rewritten(
    family: Family,
    request: Any,
    pipeline: Pipeline,
    sent: SentRequest,
    rewrite: RequestRewrite,
    target: Target,
    outer: CallMark | None,
    entry: object,
) -> RewrittenRequest:
    if rewrite.blocked_response is not None:
        blocked = build_blocked_response(family, request, rewrite.blocked_response)
        return RewrittenRequest(request, request, blocked)
    rewritten = copy_request(family, request, rewrite)
    mark = CallMark((find_target(rewrite.base, target), sent.body, entry), outer)
    INSIDE.set(mark)
    return RecordedCall(request, rewritten, None, pipeline, sent, mark)


def _strip(family: Family, request: Any, headers: Headers) -> RewrittenRequest | None:
    """Remove the headers that are not for the provider from a request that isn't recorded."""
    removable = find_removable_headers(headers)
    if not removable:
        return None
    return RewrittenRequest(request, copy_request(family, request, RequestRewrite(without=removable)), None)
