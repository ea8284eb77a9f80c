"""Calls as reports read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from payi_transport import Units
from payi_transport.prices import Estimate, Line
from payi_transport.reports.stored_event import StoredEvent

__all__ = ["MOMENT", "make_estimate", "make_event", "unpriced"]

MOMENT = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)


def make_event(
    units: Mapping[str, tuple[int | None, int | None]] | None = None, **fields: Any
) -> StoredEvent:
    fields.setdefault("event_timestamp", MOMENT)
    fields.setdefault("category", "system.openai")
    fields.setdefault("resource", "gpt-5")
    read = {name: Units(*counts) for name, counts in (units or {}).items()}
    return StoredEvent(units=read, **fields)


def make_estimate(amount: str | Decimal = "1", *, note: str | None = None, count: int = 10) -> Estimate:
    total = Decimal(amount)
    line = Line(unit="text", direction="input", count=count, amount=total, source="list", note=note)
    return Estimate(total=total, status="priced", source="list", lines=(line,))


def unpriced(reason: str = "no price", *, tokens: int = 10) -> Estimate:
    line = Line(unit="text", direction="input", count=tokens)
    return Estimate(total=None, status="unpriced", lines=(line,), notes=(reason,))
