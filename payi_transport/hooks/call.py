"""Record calls of HTTP libraries other than httpx, each only once (see `nesting.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from payi_transport.capture.exchange import SentRequest
from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.headers import find_removable_headers
from payi_transport.hooks.arguments import UnreadableError
from payi_transport.hooks.nesting import INSIDE, CallMark, Target, find_mark, find_target
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.routing.routes import Route
from payi_transport.values.headers import Headers

__all__ = ["Address", "Call", "Library", "begin", "encode_headers", "pair_headers"]


class Address(NamedTuple):
    """Where a request goes. `port` is None for the scheme's default; `path` is as sent, without the query."""

    method: str
    scheme: str
    host: str
    port: int | None
    path: str


class Library(NamedTuple):
    """How to read and rewrite a library's requests. Each function takes the arguments of `begin`.

    `locate` returns where a request goes, or None if its URL is not one. `read` returns its headers, and its
    body if that is in memory. `rewrite(rewrite, ...)` returns what to send in its place. It must not change
    the request itself, which belongs to the caller. Without it, requests of the library are never rewritten.
    """

    locate: Callable[..., Address | None]
    read: Callable[..., tuple[Headers, bytes | None]]
    rewrite: Callable[..., Any] | None = None
    abilities: HookAbilities = HookAbilities(rewrites_responses=False)


class Call:
    """An observed call that awaits its response. `respond` or `fail` ends it, in the same thread or task."""

    __slots__ = ("_mark", "pipeline", "request")

    def __init__(self, pipeline: Pipeline, request: SentRequest, mark: CallMark) -> None:
        self.pipeline = pipeline
        self.request = request
        self._mark = mark

    def respond(self, attach: Callable[..., None], *response: Any) -> None:
        """Record a response, which is the last argument, unless a call inside has had it.

        `attach(call, *response)` starts it and makes sure that its body is recorded.
        """
        if self._mark.respond(response[-1]):
            self.request.discard()
            return
        try:
            attach(self, *response)
        except Exception as exc:
            # A response that was recorded only in part would make a wrong event. The fault is counted
            # instead.
            self.request.discard()
            self.pipeline.count_fault(exc)

    def fail(self, exc: BaseException) -> None:
        """Record that the request failed before a response."""
        self._mark.leave()
        self.request.fail(exc)

    def find_route(self, address: Address | None) -> Route | None:
        """Return the route of the address that a call was redirected to, or None if it isn't observed."""
        return _find_route(self.pipeline, address)


def begin(library: Library, *request: Any) -> tuple[Call | None, Any]:
    """Return the call that a request starts, and what to send in place of the request. Never raises.

    The call is None if nothing is recorded. The second item is None if the request is sent as it is. It is a
    BlockedResponse if nothing must be sent, because that is the response.
    """
    pipeline = get_active()
    # First, because every request of the program passes through here.
    if pipeline is None:
        return None, None
    try:
        address = library.locate(*request)
        mark = find_mark()
        if mark and address and mark.covers(address[2:], library, partial(library.read, *request)):
            return None, None
        route = _find_route(pipeline, address)
        if route is None or address is None:
            return None, _strip(pipeline, library, address, *request)
        return _begin_call(pipeline, library, address, route, *request)
    except UnreadableError:
        return None, None
    except Exception as exc:
        # The request is then sent unmodified.
        pipeline.count_fault(exc)
        return None, None


def _begin_call(
    pipeline: Pipeline, library: Library, address: Address, route: Route, *request: Any
) -> tuple[Call | None, Any]:
    headers, body = library.read(*request)
    abilities = library.abilities
    if library.rewrite is None:
        # Nothing may be planned for a request that the hook cannot change.
        abilities = abilities._replace(rewrites_requests=False)
    sent = pipeline.begin(route, headers, body, abilities)
    if sent is None:
        return None, _strip(pipeline, library, address, *request)
    rewrite = sent.rewrite
    if rewrite is None or library.rewrite is None:
        return Call(pipeline, sent, _enter(library, address[2:], body)), None
    if rewrite.blocked_response is not None:
        return None, rewrite.blocked_response
    is_rewritten = rewrite.base or rewrite.headers or rewrite.without
    mark = _enter(library, find_target(rewrite.base, address[2:]), rewrite.body or body)
    return Call(pipeline, sent, mark), library.rewrite(rewrite, *request) if is_rewritten else None


def _enter(library: Library, target: Target, body: bytes | None) -> CallMark:
    mark = CallMark((target, body, library), find_mark())
    INSIDE.set(mark)
    return mark


def _find_route(pipeline: Pipeline, address: Address | None) -> Route | None:
    return None if address is None else pipeline.routes.find(*address)


def _strip(pipeline: Pipeline, library: Library, address: Address | None, *request: Any) -> Any:
    """Remove the headers that are not for the provider from a request that isn't recorded."""
    if address is None or library.rewrite is None or not pipeline.routes.reaches_provider(*address[2:]):
        return None
    removable = find_removable_headers(library.read(*request)[0])
    return library.rewrite(RequestRewrite(without=removable), *request) if removable else None


def encode_headers(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Return pairs of names and values in the form that an exchange holds."""
    parts: list[Any] = list(chain.from_iterable(headers))
    try:
        # Encoding one string takes half the time of encoding its parts.
        encoded = "\n".join(parts).encode("utf-8", "replace").split(b"\n")
    except TypeError:
        encoded = []
    # Some are not str, or one contains a line break. Encode each on its own.
    if len(encoded) != len(parts):
        encoded = [
            part if isinstance(part, bytes) else str(part).encode("utf-8", "replace") for part in parts
        ]
    return tuple(encoded)


def pair_headers(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over names and values of headers in the form that an exchange holds."""
    return zip(headers[::2], headers[1::2], strict=True)
