"""Files of captured calls, as the offline sink writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payi_transport import Event, Units

__all__ = ["EVENTS", "write"]


def make_event(resource: str, units: Mapping[str, Units], latency: int, **more: Any) -> Event:
    more.setdefault("category", "system.openai")
    more.setdefault("http_status_code", 200)
    return Event(
        resource=resource, units=units, end_to_end_latency_ms=latency, provider_response_id="1", **more
    )


EVENTS = [
    make_event(
        "gpt-5",
        {"reasoning": Units(output=30), "text": Units(input=100, output=20)},
        400,
        use_case_name="support",
        user_id="ada",
    ),
    make_event(
        "gpt-5",
        {"text": Units(input=1, output=2), "text_cache_read": Units(input=1024)},
        200,
        use_case_name="search",
        user_id="grace",
    ),
    make_event("claude", {}, 9, category="system.anthropic", http_status_code=404, use_case_name="support"),
]


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "calls.json"
    path.write_bytes(content)
    return path
