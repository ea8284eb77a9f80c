"""What the tests of faults do: make calls, flush, and check that all are accounted for."""

from __future__ import annotations

import itertools
from time import monotonic
from typing import Any

import httpx
import pytest

from payi_transport import payi_flush, payi_stats
from tests.support.ingest import make_reply

__all__ = ["COUNT", "WELL", "call", "check_account", "either_way", "flush"]

WELL = make_reply()
COUNT = 60
either_way = pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])


def call(count: int = COUNT, first: int = 0) -> None:
    numbers = itertools.count(first)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": f"id-{next(numbers)}"}))
    with httpx.Client(transport=transport) as client:
        for _ in range(count):
            client.post("https://api.openai.com/v1/chat/completions", json={"messages": "PROMPT"})


def check_account(captured: int = COUNT) -> Any:
    """The counts, which add up at any time."""
    stats = payi_stats()
    assert stats.captured == captured
    parts = (stats.delivered, stats.queued, stats.spooled, *stats.lost.values())
    assert sum(parts) == captured and min(parts) >= 0
    assert stats.faults == 0
    return stats


def flush() -> bool:
    """Until nothing waits, as single flushes are false where something was lost."""
    deadline = monotonic() + 60
    while not payi_flush(1):
        stats = payi_stats()
        if not stats.queued + stats.spooled:
            return False
        assert monotonic() < deadline, stats
    return True
