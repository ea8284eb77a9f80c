"""Polling whether blocked limits still block, at an interval, until none does."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import Any

import httpx
import pytest

from payi_transport import PayiError
from payi_transport.client import untraced
from payi_transport.client.account import PayiAccount
from payi_transport.delivery.limit_polling import LimitPoller, fetch_state
from payi_transport.delivery.limits import LimitStates
from tests.support.origin import CannedResponse, Origin

SHORT = 0.002


class Harness:
    """A poller whose requests return each state in turn, and the last one forever, or raise it."""

    def __init__(self, *states: str | Exception) -> None:
        self._states = list(states)
        self.asked: list[str] = []
        self.problems: list[Exception] = []
        self.free = threading.Event()
        self.limits = LimitStates(self._on_change)
        self.limits.set("budget", "blocked")
        self.poller = LimitPoller(self.limits, self._fetch, SHORT, self.problems.append)

    def _on_change(self, limit_id: str, state: str) -> None:
        if state == "ok":
            self.free.set()

    def _fetch(self, limit_id: str) -> str:
        self.asked.append(limit_id)
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, Exception):
            raise state
        return state


def test_it_polls_until_the_limit_no_longer_blocks() -> None:
    harness = Harness("blocked", "blocked", "ok")
    harness.poller.ensure_running()
    harness.poller.ensure_running()
    assert harness.free.wait(10)
    assert harness.asked == ["budget"] * 3
    assert harness.limits.snapshot() == {"budget": "ok"}


def test_one_thread_polls_however_often_it_is_asked_for() -> None:
    harness = Harness("blocked")
    for _ in range(3):
        harness.poller.ensure_running()
    assert sum(thread.name == "payi-limits" for thread in threading.enumerate()) == 1
    harness.poller.stop()


def test_it_polls_again_when_a_limit_blocks_again() -> None:
    harness = Harness("ok")
    for _ in range(3):
        harness.poller.ensure_running()
        assert harness.free.wait(10)
        harness.free.clear()
        for thread in threading.enumerate():
            if thread.name == "payi-limits":
                thread.join(10)
        harness.limits.set("budget", "blocked")
    assert harness.asked == ["budget"] * 3


def test_a_thread_that_cannot_be_started_is_reported_and_started_next_time() -> None:
    harness = Harness("ok")
    usual = threading.stack_size(1 << 46)
    try:
        harness.poller.ensure_running()
    finally:
        threading.stack_size(usual)
    assert [type(problem) for problem in harness.problems] == [RuntimeError]
    assert harness.limits.find_blocked() == ["budget"]
    harness.poller.ensure_running()
    assert harness.free.wait(10)


def test_a_failed_request_is_reported_and_changes_no_state() -> None:
    harness = Harness(OSError("no"), "ok")
    harness.poller.ensure_running()
    assert harness.free.wait(10)
    assert [type(problem) for problem in harness.problems] == [OSError]


def test_it_does_not_poll_when_nothing_is_blocked_or_after_stop() -> None:
    harness = Harness("blocked")
    harness.limits.set("budget", "ok")
    harness.poller.ensure_running()
    harness.limits.set("budget", "blocked")
    harness.poller.stop()
    harness.poller.ensure_running()
    assert not [thread for thread in threading.enumerate() if thread.name == "payi-limits"]
    assert harness.asked == []


def test_stopping_ends_the_thread() -> None:
    harness = Harness("blocked")
    harness.poller.ensure_running()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "payi-limits")
    # The interpreter does not wait for it.
    assert thread.daemon
    harness.poller.stop()
    thread.join(10)
    assert not thread.is_alive()


def limit(spent: Any, kind: str = "block", threshold: float | None = None) -> CannedResponse:
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
            "threshold": threshold,
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
    ("response", "state"),
    [
        (limit(10.0), "blocked"),
        (limit(9.99), "ok"),
        (limit(99.0, "allow"), "overrun"),
        (limit(10.0, "allow"), "ok"),
        (limit(10.0, "allow", 0.8), "exceeded"),
        (limit(8.0, threshold=0.8), "exceeded"),
        (limit(7.99, threshold=0.8), "ok"),
        (limit(None), "ok"),
        (limit(None, threshold=0.1), "ok"),
        (limit(0.99, threshold=0.1), "ok"),
        (CannedResponse([b"{}"], 404), "ok"),
    ],
)
def test_the_state_follows_from_what_was_spent(origin: Origin, response: CannedResponse, state: str) -> None:
    origin.responses = [response]
    assert fetch_state(PayiAccount(origin.url, "key", {"a": "1"}, {"q": 1}), "b/1") == state
    assert origin.received[0].path == "/api/v1/limits/b%2F1?q=1"
    assert origin.received[0].headers["a"] == "1"
    assert origin.received[0].headers["xproxy-api-key"] == "key"


def test_the_next_interval_is_the_retry(origin: Origin) -> None:
    origin.responses = [CannedResponse([b"{}"], 503)]
    with pytest.raises(PayiError):
        fetch_state(PayiAccount(origin.url, "key"), "a")
    assert len(origin.received) == 1


def test_a_request_may_take_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[dict[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(404, json={})

    client = partial(httpx.Client, transport=httpx.MockTransport(respond))
    monkeypatch.setattr(untraced, "UntracedClient", client)
    assert fetch_state(PayiAccount("https://payi.test", "key"), "a") == "ok"
    assert timeouts == [dict.fromkeys(("connect", "read", "write", "pool"), 10.0)]
