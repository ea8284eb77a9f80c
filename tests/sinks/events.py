"""Numbered events, and the response of Pay-i that accepts them."""

from __future__ import annotations

from typing import Any

from payi_transport import Event, Units
from tests.support.origin import CannedResponse

__all__ = ["ACCEPTED", "JSON", "event"]

JSON = {"content-type": "application/json"}
ACCEPTED = CannedResponse(confirms=True)


def event(number: int, **fields: Any) -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        **fields,
    )
