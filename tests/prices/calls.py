"""Events to price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from payi_transport import Event, Units

__all__ = ["MOMENT", "make_call"]

# After the price list's tiers and batches start, in October 2026.
MOMENT = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def make_call(
    resource: str | None = "gpt-5",
    units: Mapping[str, tuple[int | None, int | None]] | None = None,
    *,
    category: str = "system.openai",
    **more: Any,
) -> Event:
    """A call that used a million tokens in, which makes its cost the price of the list."""
    more.setdefault("event_timestamp", MOMENT)
    more.setdefault("http_status_code", 200)
    units = {"text": (1_000_000, None)} if units is None else units
    return Event(
        category=category,
        resource=resource,
        units={name: Units(*counts) for name, counts in units.items()},
        provider_response_id="call_1",
        **more,
    )
