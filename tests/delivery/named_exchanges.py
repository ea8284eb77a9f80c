"""Exchanges whose names say what they decode to, and the names of the events that a sink received."""

from __future__ import annotations

from typing import Any

from payi_transport import Event, MemorySink
from payi_transport.capture.exchange import Exchange
from payi_transport.decode.exchange_decoder import Decoded
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY

__all__ = ["decode", "ids", "make_named"]


def make_named(name: object, **options: Any) -> Exchange:
    exchange = make_exchange(UNARY, **options)
    exchange.route = exchange.route._replace(category=str(name))
    return exchange


def decode(exchange: Exchange) -> Decoded | str:
    """Return an event with the name as its id, or no event for "skip" and its reason; raise for "bad"."""
    name, _, reason = exchange.route.category.partition(" ")
    if name == "bad":
        raise RuntimeError("no")
    if name == "skip":
        return reason or "pending"
    return Decoded(Event(category="c", units={}, provider_response_id=name))


def ids(sink: MemorySink) -> list[str]:
    return [event.provider_response_id for event in sink.events]
