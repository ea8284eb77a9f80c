"""What the tests of the offline sink share: an event, and the ids of the events in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from payi_transport import Event, Units
from payi_transport.sinks.offline import OfflineSink

__all__ = ["Open", "event", "ids"]

Open = Callable[[Path], OfflineSink]


def event(number: int, text: str = "hello") -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        event_timestamp=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        provider_request_json=text,
    )


def ids(path: Path) -> list[str]:
    return [event["provider_response_id"] for event in json.loads(path.read_text("utf-8"))]
