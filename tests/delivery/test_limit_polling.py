"""Asking whether a blocked limit still blocks: at an interval, until none does, whatever Pay-i answers."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.delivery.limit_polling import LimitPoller, fetch_state
from payi_transport.delivery.limits import LimitStates
from tests.support.origin import CannedResponse, Origin

SHORT = 0.002


class Harness:
    """Answers with each state in turn, the last one again and again; an exception is raised."""

    def __init__(self, *states: str | Exception) -> None:
        self._states = list(states)
        self.asked: list[str] = []
        self.problems: list[Exception] = []
        self.free = threading.Event()
        self.limits = LimitStates(self._hear)
        self.limits.set("budget", "blocked")
        self.check = LimitPoller(self.limits, self._fetch, SHORT, self.problems.append)

    def _hear(self, limit_id: str, state: str) -> None:
        if state == "ok":
            self.free.set()

    def _fetch(self, limit_id: str) -> str:
        self.asked.append(limit_id)
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, Exception):
            raise state
        return state


def test_it_asks_until_the_limit_is_free() -> None:
    harness = Harness("blocked", "blocked", "ok")
    harness.check.ensure_running()
    harness.check.ensure_running()
    assert harness.free.wait(10)
    assert harness.asked == ["budget"] * 3
    assert harness.limits.snapshot() == {"budget": "ok"}


def test_it_begins_again_when_a_limit_blocks_again() -> None:
    harness = Harness("ok")
    for _ in range(3):
        harness.check.ensure_running()
        assert harness.free.wait(10)
        harness.free.clear()
        for thread in threading.enumerate():
            if thread.name == "payi-limits":
                thread.join(10)
        harness.limits.set("budget", "blocked")
    assert harness.asked == ["budget"] * 3


def test_where_no_thread_can_be_started_it_is_told_and_tried_again() -> None:
    harness = Harness("ok")
    usual = threading.stack_size(1 << 46)
    try:
        harness.check.ensure_running()
    finally:
        threading.stack_size(usual)
    assert [type(problem) for problem in harness.problems] == [RuntimeError]
    assert harness.limits.find_blocked() == ["budget"]
    harness.check.ensure_running()
    assert harness.free.wait(10)


def test_a_question_that_fails_changes_nothing_and_is_told() -> None:
    harness = Harness(OSError("no"), "ok")
    harness.check.ensure_running()
    assert harness.free.wait(10)
    assert [type(problem) for problem in harness.problems] == [OSError]


def test_nothing_is_asked_where_nothing_is_blocked_or_after_the_end() -> None:
    harness = Harness("blocked")
    harness.limits.set("budget", "ok")
    harness.check.ensure_running()
    harness.limits.set("budget", "blocked")
    harness.check.stop()
    harness.check.ensure_running()
    assert not [thread for thread in threading.enumerate() if thread.name == "payi-limits"]
    assert harness.asked == []


def test_stopping_ends_the_thread() -> None:
    harness = Harness("blocked")
    harness.check.ensure_running()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "payi-limits")
    harness.check.stop()
    thread.join(10)
    assert not thread.is_alive()


def limit(spent: Any, kind: str = "block") -> CannedResponse:
    cost = {"base": spent}
    body = {
        "request_id": "r",
        "limit": {
            "limit_id": "b/1",
            "limit_name": "n",
            "limit_type": kind,
            "limit_creation_timestamp": "2026-01-01T00:00:00Z",
            "limit_update_timestamp": "2026-01-01T00:00:00Z",
            "max": 10.0,
            "totals": {
                "cost": {"input": cost, "output": cost, "total": cost},
                "requests": dict.fromkeys(
                    ("blocked", "blocked_external", "exceeded", "failed", "ok", "overrun", "total"), 1
                ),
            },
        },
    }
    return CannedResponse([json.dumps(body).encode()])


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (limit(10.0), "blocked"),
        (limit(9.99), "ok"),
        (limit(99.0, "allow"), "ok"),
        (CannedResponse([b"{}"], 404), "ok"),
    ],
)
def test_what_was_spent_tells_the_state(origin: Origin, answer: CannedResponse, state: str) -> None:
    origin.answers = [answer]
    assert fetch_state(PayiAccount(origin.url, "key", {"a": "1"}, {"q": 1}), "b/1") == state
    assert origin.received[0].path == "/api/v1/limits/b%2F1?q=1"
    assert origin.received[0].headers["a"] == "1"
    assert origin.received[0].headers["xproxy-api-key"] == "key"
