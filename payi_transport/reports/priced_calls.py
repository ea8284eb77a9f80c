"""Calls with what they cost: what the reports on money are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from payi_transport.prices import Estimate, Line, estimate
from payi_transport.values.names import STATUS_NO_RESPONSE, PayiPropertyNames

__all__ = ["Price", "PricedCall", "TimedEvents", "find_model", "has_failed", "price_calls"]


class PricedCall(NamedTuple):
    """An event, or what was read of one from a file, and its estimate."""

    event: Any
    estimate: Estimate


Price = Callable[[Any, "Mapping[str, Any] | None"], Estimate]


def _estimate(event: Any, result: Mapping[str, Any] | None) -> Estimate:
    return estimate(event, result=result)


def price_calls(events: Iterable[Any], price: Price = _estimate) -> Iterator[PricedCall]:
    """Yield each event with its price: that of Pay-i, where the file has its result for the call."""
    for event in events:
        yield PricedCall(event, price(event, getattr(event, "xproxy_result", None)))


class TimedEvents:
    """The events that have a time, for what is of periods. `untimed` counts those that were left out."""

    def __init__(self, events: Iterable[Any]) -> None:
        self._events = events
        self.untimed = 0

    def __iter__(self) -> Iterator[Any]:
        for event in self._events:
            if event.event_timestamp is None:
                self.untimed += 1
            else:
                yield event


def find_model(event: Any, line: Line) -> str:
    """Return the model that a line is about: the call's, or another that the call used; empty if unknown."""
    return line.model or event.resource or ""


def has_failed(event: Any) -> bool:
    """Return whether a call failed, before or during its response."""
    status = event.http_status_code or 0
    failure = (event.properties or {}).get(PayiPropertyNames.failure)
    return status >= 400 or status == STATUS_NO_RESPONSE or bool(failure)
