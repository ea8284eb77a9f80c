"""Files of events, calls, and the commands that the tests of complaints need."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
from click.testing import CliRunner, Result

from payi_transport.cli.main import cli
from payi_transport.values.event import Event, Units
from tests.support.calls import URL

__all__ = ["NOON", "OWN", "ask", "event", "money", "report", "run", "write"]

OWN = """
[[prices.own]]
resource = "own"
units.text = { input = 2.0, output = 8.0 }
units.text_cache_read = { input = 0.5 }

[[prices.own]]
resource = "free"
free = true
"""
NOON = datetime(2026, 10, 5, 12, tzinfo=timezone.utc)


def event(units: dict[str, Units] | None = None, **fields: Any) -> Event:
    values = {"category": "system.openai", "resource": "own", "event_timestamp": NOON, **fields}
    number = values.setdefault("provider_response_id", f"r{len(_made)}")
    _made.append(number)
    return Event(units={"text": Units(1_000_000, 0)} if units is None else units, **values)


_made: list[str] = []


def write(*events: Event, name: str = "events.jsonl") -> str:
    Path(name).write_bytes(b"\n".join(map(msgspec.json.encode, events)))
    return name


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == code, result.output
    return result


def report(*arguments: str) -> Any:
    return json.loads(run("report", *arguments, "--json").output)


def money(rows: Any) -> list[tuple[str | None, Decimal]]:
    return [(row["name"], Decimal(row["cost"])) for row in rows]


def ask(model: str) -> int:
    """Call a model and return the status."""
    body = {
        "id": f"c{len(_made)}",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }
    _made.append(model)
    with httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    ) as client:
        return client.post(URL, json={"model": model, "messages": []}).status_code
