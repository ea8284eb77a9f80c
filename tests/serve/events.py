"""Items of the ingest API for tests, and spans around them."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from payi_transport.serve.items import BulkItem, decode_bulk
from payi_transport.serve.views import Span

__all__ = ["DAY", "NOON", "item", "make_items", "span"]

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
_numbers = itertools.count()


def item(at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """Return an item with a price of 0.002 * 1000 + 0.008 * 500 = 6 thousandths of a dollar."""
    return {
        "category": "system.openai",
        "resource": "gpt-4.1",
        "units": {"text": {"input": 1000, "output": 500}},
        "event_timestamp": at.isoformat(),
        "provider_response_id": f"r{next(_numbers)}",
        "http_status_code": 200,
        **fields,
    }


def make_items(*items: dict[str, Any]) -> list[BulkItem]:
    """Return items as the service decodes them."""
    return decode_bulk(json.dumps(items).encode())


def span(start: datetime = NOON - DAY, end: datetime = NOON + DAY, zone: str = "UTC") -> Span:
    """Return a span, by default of the days around NOON."""
    return Span(start, end, zone)
