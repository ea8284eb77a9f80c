"""Calls in each state, made from recorded bodies as a hook would make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from payi_transport import MemorySink, payi_flush, payi_stats
from payi_transport.capture.exchange import Exchange, OpenResponse, Outcome, SentRequest
from payi_transport.context.frame import Frame
from payi_transport.context.results import ResultSlot
from payi_transport.decode.decode import decode
from payi_transport.decode.options import DecodeOptions
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event
from tests.support.wire_cases import CASES, WireCase

__all__ = [
    "ROUTE",
    "decode_case",
    "events_of",
    "every_case",
    "feed",
    "make_exchange",
    "make_request",
    "read",
    "shown",
]


ROUTE = Route(
    "openai.chat",
    "system.openai",
    "https://api.openai.com/v1/chat/completions",
    HostPattern("api.openai.com", None),
)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def make_request(
    on_end: Callable[[Exchange], None] = lambda exchange: None,
    *,
    route: Route = ROUTE,
    context: Frame | None = None,
    log_content: bool = True,
    headers: tuple[bytes, ...] = (),
    body: bytes | None = None,
    body_limit: int = 1 << 24,
    **options: Any,
) -> SentRequest:
    """A request on its way. `options` are further fields of a SentRequest."""
    return SentRequest(
        on_end, route, context or Frame(), log_content, headers, body, body_limit, {}, **options
    )


def feed(response: OpenResponse, chunks: Sequence[bytes]) -> int:
    """Append chunks as hooks do: a buffer is opened when the body outgrows the last one. Return the size."""
    size, limit = 0, -1
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            append, limit = response.open_buffer(size)
        append(chunk)
    return size


def make_exchange(
    case: WireCase,
    chunks: Sequence[bytes] | None = None,
    *,
    outcome: Outcome = Outcome.EXHAUSTED,
    log_content: bool = True,
    body_limit: int = 1 << 24,
    headers: dict[str, str] | None = None,
    request_headers: dict[str, str] | None = None,
    context: Frame | None = None,
    route: Route | None = None,
    result_slot: ResultSlot | None = None,
) -> Exchange:
    """The finished exchange of a case whose body came in `chunks`."""
    ended: list[Exchange] = []
    request = make_request(
        ended.append,
        route=route or ROUTE._replace(operation=case.operation, **case.route),
        context=context,
        log_content=log_content,
        headers=_raw({**case.sent, **(request_headers or {})}),
        body=case.request,
        body_limit=body_limit,
        result_slot=result_slot,
    )
    response = request.start_response(case.status, _raw({**case.headers, **(headers or {})}))
    feed(response, case.chunks() if chunks is None else chunks)
    response.finish(outcome)
    return ended[0]


def read(exchange: Exchange, options: DecodeOptions | None = None) -> Event:
    event = decode(exchange, options or DecodeOptions())
    assert isinstance(event, Event)
    return event


def decode_case(case: WireCase, chunks: Sequence[bytes] | None = None, **options: Any) -> Event:
    return read(make_exchange(case, chunks, **options))


def shown(event: Event, names: Sequence[str] | dict[str, Any]) -> dict[str, Any]:
    """The named fields of an event as a sink would write them."""
    written = msgspec.json.decode(msgspec.json.encode(event))
    return {name: written[name] for name in names if name in written}


def events_of(sink: MemorySink, faults: int = 0) -> list[Event]:
    """The events of all that was captured before, and no more faults than are expected."""
    assert payi_flush(10)
    assert payi_stats().faults == faults
    return sink.events


def _raw(headers: dict[str, str]) -> tuple[bytes, ...]:
    return tuple(part.encode() for pair in headers.items() for part in pair)
