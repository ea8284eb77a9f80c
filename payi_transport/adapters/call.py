"""One call of a library that is not of httpx's family: how its record begins, and that there is only one.

An SDK may pass several of the libraries with one call: `openai` with its aiohttp client, `aiobotocore`, which
has an aiohttp session. The outermost hook records it, and those inside see that somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple

from payi_transport.exchange import Exchange, Headers
from payi_transport.pipeline import Pipeline, get_active
from payi_transport.routes import Route

__all__ = ["INSIDE", "Address", "Call", "begin", "encode_headers"]

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


def begin(
    locate: Callable[..., Address | None],
    read: Callable[..., tuple[Headers, bytes | None]],
    *request: Any,
) -> Call | None:
    """The call that a request begins, or None when it is to pass through. Never raises.

    `locate(*request)` says where it goes, or None where that is nowhere; `read(*request)` gives the headers
    and the body, if that is in memory. Streams are not asked for their usage: what goes out is the caller's.
    """
    pipeline = get_active()
    if pipeline is None or INSIDE.get():
        return None
    try:
        route = _find_route(pipeline, locate(*request))
        if route is None:
            return None
        exchange = pipeline.begin(route, *read(*request))
        return None if exchange is None else Call(pipeline, exchange)
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _find_route(pipeline: Pipeline, address: Address | None) -> Route | None:
    if address is None:
        return None
    method, scheme, host, port, path = address
    own_port = None if port == _DEFAULT_PORTS.get(scheme) else port
    route = pipeline.routes.find(method, scheme, host, own_port, path)
    return route._replace(asks_usage=False) if route is not None and route.asks_usage else route


def encode_headers(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Pairs of names and values as an exchange holds them."""
    return tuple(
        part if isinstance(part, bytes) else str(part).encode("utf-8", "replace")
        for pair in headers
        for part in pair
    )
