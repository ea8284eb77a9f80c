"""One call of a library that is not of httpx's family: how its record begins, and that there is only one.

An SDK may pass several of the libraries with one call: `openai` with its aiohttp client, `aiobotocore`, which
has an aiohttp session. The outermost hook records it, and those inside see that somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from itertools import chain
from typing import Any, NamedTuple

from payi_transport.capture.exchange import Exchange, RequestRewrite
from payi_transport.context.headers import find_removable_headers
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.routing.routes import Route
from payi_transport.values.headers import Headers
from payi_transport.values.names import PROXY_CATEGORY

__all__ = ["INSIDE", "Address", "Call", "Library", "begin", "encode_headers", "pair_headers"]

# Whether what runs now is the inside of a call that is recorded. Tasks that are begun there inherit it.
INSIDE: ContextVar[bool] = ContextVar("payi_transport_inside", default=False)


class Address(NamedTuple):
    """Where a request goes: `port` is None for the scheme's own, `path` as it is sent, without a query."""

    method: str
    scheme: str
    host: str
    port: int | None
    path: str


class Library(NamedTuple):
    """What is to be known of a library's requests. Each function takes what `begin` is called with.

    `locate` says where a request goes, None for nowhere; `read` gives its headers, and its body where that is
    in memory; `change(detour, ...)` gives what goes out in its place, and leaves the request alone, as it is
    the caller's. Without `change`, requests go out as they are. Without `waits`, the end of an answer comes
    where nobody may wait for a report, as in an event loop.
    """

    locate: Callable[..., Address | None]
    read: Callable[..., tuple[Headers, bytes | None]]
    change: Callable[..., Any] | None = None
    waits: bool = True


class Call:
    """An observed call on its way. Ends with `answer` or `fail`, on the thread or task that began it."""

    __slots__ = ("exchange", "pipeline")

    def __init__(self, pipeline: Pipeline, exchange: Exchange) -> None:
        self.pipeline = pipeline
        self.exchange = exchange
        INSIDE.set(True)

    def answer(self, attach: Callable[..., None], *answer: Any) -> None:
        """The head of the answer is there: `attach(call, *answer)` begins to remember the rest."""
        INSIDE.set(False)
        try:
            attach(self, *answer)
        except Exception as exc:
            self.exchange.discard()
            self.pipeline.count_fault(exc)

    def fail(self, exc: BaseException) -> None:
        """No answer came."""
        INSIDE.set(False)
        self.exchange.fail(exc)

    def follow(self, address: Address | None) -> bool:
        """Whether the call is observed where it was redirected to; as what it is there, then."""
        route = _find_route(self.pipeline, address)
        if route is None:
            return False
        self.exchange.route = route
        return True


def begin(library: Library, *request: Any) -> tuple[Call | None, Any]:
    """The call that a request begins, and what goes out in the place of the request. Never raises.

    None where nothing is recorded, and where the request goes out as it is; a Refusal where nothing is to go
    out, as that is the answer. Streams are not asked for their usage, since answers are not rewritten here.
    """
    pipeline = get_active()
    if pipeline is None or INSIDE.get():
        return None, None
    try:
        address = library.locate(*request)
        route = _find_route(pipeline, address)
        if route is None:
            return None, _strip(pipeline, library, address, *request)
        return _begin_call(pipeline, library, address, route, *request)
    except Exception as exc:
        pipeline.count_fault(exc)
        return None, None


def _begin_call(
    pipeline: Pipeline, library: Library, address: Address | None, route: Route, *request: Any
) -> tuple[Call | None, Any]:
    headers, body = library.read(*request)
    change = library.change
    exchange = pipeline.begin(
        route, headers, body, changes=change is not None, rewrites=False, waits=library.waits
    )
    if exchange is None:
        return None, _strip(pipeline, library, address, *request)
    detour = exchange.detour
    if detour is None or change is None:
        return Call(pipeline, exchange), None
    if detour.refusal is not None:
        return None, detour.refusal
    sent = change(detour, *request) if detour.base or detour.headers or detour.without else None
    return Call(pipeline, exchange), sent


def _find_route(pipeline: Pipeline, address: Address | None) -> Route | None:
    return None if address is None else pipeline.routes.find(*address)


def _strip(pipeline: Pipeline, library: Library, address: Address | None, *request: Any) -> Any:
    """A request that is not recorded, without the headers that are not for the provider."""
    known = None if address is None else pipeline.routes.hosts.find(address.host, address.port)
    if known is None or known.category == PROXY_CATEGORY or library.change is None:
        return None
    own = find_removable_headers(library.read(*request)[0])
    return library.change(RequestRewrite(without=own), *request) if own else None


def encode_headers(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Pairs of names and values as an exchange holds them."""
    parts: list[Any] = list(chain.from_iterable(headers))
    try:
        # All at once takes half the time.
        encoded = "\n".join(parts).encode("utf-8", "replace").split(b"\n")
    except TypeError:
        encoded = []
    # There are others than str, or one has a line break.
    if len(encoded) != len(parts):
        encoded = [
            part if isinstance(part, bytes) else str(part).encode("utf-8", "replace") for part in parts
        ]
    return tuple(encoded)


def pair_headers(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """Names and values of headers as an exchange holds them."""
    return zip(headers[::2], headers[1::2], strict=True)
