"""Events with prices that a test sets, so that every sum can be computed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from itertools import count
from typing import Any

from payi_transport.prices import Estimate, Line
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.values.event import Event, Units

__all__ = ["NOON", "exact", "make_call", "make_event", "price_with"]

NOON = datetime(2026, 11, 5, 12, tzinfo=timezone.utc)
_numbers = count()


def exact(*values: Any) -> tuple[Any, ...]:
    """Values to be compared with numbers of other types, which mypy would take for a mistake."""
    return values


def make_event(units: Mapping[str, tuple[int, int]], **fields: Any) -> Event:
    """An event with units as (input, output)."""
    values: dict[str, Any] = {
        "category": "system.openai",
        "resource": "gpt-4.1",
        "provider_response_id": f"r{next(_numbers)}",
        "event_timestamp": NOON,
        **fields,
    }
    return Event(units={name: Units(*counts) for name, counts in units.items()}, **values)


def price_with(rates: Mapping[str, str | None], event: Event, **fields: Any) -> Estimate:
    """Price an event by rates of "unit direction", or of a model as "model unit direction"."""
    lines = []
    for unit, counts in event.units.items():
        for direction in ("input", "output"):
            number = getattr(counts, direction)
            if number:
                name = f"{unit} {direction}"
                found = rates.get(f"{event.resource} {name}", rates.get(name))
                rate = None if found is None else Decimal(found)
                amount = None if rate is None else rate * number
                source: Any = None if rate is None else "list"
                lines.append(
                    Line(
                        unit=unit, direction=direction, count=number, rate=rate, amount=amount, source=source
                    )
                )
    known = [line.amount for line in lines if line.amount is not None]
    status: Any = "priced" if len(known) == len(lines) else "partial" if known else "unpriced"
    total = None if status == "unpriced" else sum(known, Decimal(0))
    return Estimate(total=total, status=status, lines=tuple(lines), **fields)


def make_call(
    units: Mapping[str, tuple[int, int]], rates: Mapping[str, str | None], **fields: Any
) -> PricedCall:
    event = make_event(units, **fields)
    return PricedCall(event, price_with(rates, event))
