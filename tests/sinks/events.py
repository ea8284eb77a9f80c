"""Numbered events, and the response of Pay-i that accepts them."""

from __future__ import annotations

from typing import Any

from payi_transport import Event, Units
from tests.support.origin import CannedResponse

__all__ = ["ACCEPTED", "JSON", "event"]

JSON = {"content-type": "application/json"}
ACCEPTED = CannedResponse(
    [b'{"ingest_count":1,"ingest_timestamp":"2026-01-01T00:00:00Z","request_id":"r"}'], headers=JSON
)


def event(number: int, **fields: Any) -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        **fields,
    )
