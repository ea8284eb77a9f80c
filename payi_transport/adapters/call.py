"""One call of a library that is not of httpx's family: how its record begins, and that there is only one.

An SDK may pass several of the libraries with one call: `openai` with its aiohttp client, `aiobotocore`, which
has an aiohttp session. The outermost hook records it, and those inside see that somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

from payi_transport.exchange import Detour, Exchange, Headers
from payi_transport.headers import find_own_headers
from payi_transport.pipeline import Pipeline, get_active
from payi_transport.routes import Route

__all__ = ["INSIDE", "Address", "Call", "Library", "begin", "encode_headers"]

# Whether what runs now is the inside of a call that is recorded. Tasks that are begun there inherit it.
INSIDE: ContextVar[bool] = ContextVar("payi_transport_inside", default=False)

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a request goes. `path` is as it is sent, without the query."""

    method: str
    scheme: str
    host: str
    port: int | None
    path: str


class Library(Protocol):
    """What is to be known of a library's requests, each of them being what `begin` was called with."""

    def locate(self, *request: Any) -> Address | None:
        """Where it goes; None for nowhere."""
        ...

    def read(self, *request: Any) -> tuple[Headers, bytes | None]:
        """Its headers, and its body where that is in memory."""
        ...

    def change(self, detour: Detour, *request: Any) -> Any:
        """What goes out in its place. The request itself stays as it is: it is the caller's."""
        ...


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

    None where nothing is recorded, and where the request goes out as it is. Streams are not asked for their
    usage, since their answers are not rewritten here.
    """
    pipeline = get_active()
    if pipeline is None or INSIDE.get():
        return None, None
    try:
        address = library.locate(*request)
        route = _find_route(pipeline, address)
        if route is None:
            return None, _strip(pipeline, library, address, *request)
        exchange = pipeline.begin(route, *library.read(*request))
        if exchange is None:
            return None, _strip(pipeline, library, address, *request)
        sent = None if exchange.detour is None else library.change(exchange.detour, *request)
        return Call(pipeline, exchange), sent
    except Exception as exc:
        pipeline.count_fault(exc)
        return None, None


def _find_route(pipeline: Pipeline, address: Address | None) -> Route | None:
    if address is None:
        return None
    route = pipeline.routes.find(
        address.method, address.scheme, address.host, _own_port(address), address.path
    )
    return route._replace(asks_usage=False) if route is not None and route.asks_usage else route


def _own_port(address: Address) -> int | None:
    return None if address.port == _DEFAULT_PORTS.get(address.scheme) else address.port


def _strip(pipeline: Pipeline, library: Library, address: Address | None, *request: Any) -> Any:
    """A request that is not recorded, without the headers that are not for the provider."""
    if address is None or pipeline.routes.hosts.find(address.host, _own_port(address)) is None:
        return None
    own = find_own_headers(library.read(*request)[0])
    return library.change(Detour(without=own), *request) if own else None


def encode_headers(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Pairs of names and values as an exchange holds them."""
    return tuple(
        part if isinstance(part, bytes) else str(part).encode("utf-8", "replace")
        for pair in headers
        for part in pair
    )
