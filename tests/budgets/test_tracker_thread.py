"""The tracker's thread writes what was spent and reads what others did; without one, closing writes."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.budgets import tracker as module
from payi_transport.budgets.budget import Key
from payi_transport.budgets.notices import Notice
from payi_transport.budgets.store import Change, Store
from payi_transport.runtime.wake_event import WakeEvent
from tests.budgets.support import START, make_desk


def note_calls(monkeypatch: pytest.MonkeyPatch, holder: object, name: str) -> threading.Semaphore:
    """A semaphore that is released after each call of a method."""
    called, method = threading.Semaphore(0), getattr(holder, name)

    def call(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        finally:
            called.release()

    monkeypatch.setattr(holder, name, call)
    return called


def test_the_thread_writes_reads_corrections_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_INTERVAL", 0.0)
    monkeypatch.setattr(module, "_REFRESH", 0.0)
    desk = make_desk(tmp_path)
    written = note_calls(monkeypatch, desk.store, "add")
    read = note_calls(monkeypatch, desk.tracker, "_refresh")
    desk.tracker.start()
    desk.call("10")
    assert written.acquire(timeout=60)
    assert desk.spent() == 10
    # Somebody corrects the sum. The thread reads it again as long as calls are refused.
    key = Key("b", "", START.replace(hour=0).timestamp())
    Store(desk.store.path).add({(key, START.timestamp()): Change(Decimal(-5))})
    while desk.is_refused():
        assert read.acquire(timeout=60)
    desk.tracker.close(60)
    assert "payi-budgets" not in {thread.name for thread in threading.enumerate()}


def test_where_no_thread_can_be_started_closing_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    desk = make_desk(tmp_path)
    desk.tracker.start()
    desk.call("2")
    desk.tracker.close(5)
    assert desk.spent() == 2
    assert [str(fault) for fault in desk.faults] == ["can't start new thread"]


def test_the_thread_writes_four_times_a_second_at_most_and_reads_every_five_while_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    class Event(WakeEvent):
        """Waits for nothing, and notes for how long it should have."""

        def wait(self, timeout: float) -> None:
            waits.append(timeout)
            if len(waits) == 2:
                desk.call("10")
            elif len(waits) == 4:
                desk.tracker.close(5)

    monkeypatch.setattr(module, "WakeEvent", Event)
    desk = make_desk(tmp_path)
    read = note_calls(monkeypatch, desk.tracker, "_refresh")
    desk.tracker.start()
    thread = desk.tracker._thread
    assert thread is not None
    assert (thread.name, thread.daemon) == ("payi-budgets", True)
    thread.join(60)
    assert waits == [3600.0, 0.25, 5.0, 0.25]
    assert desk.spent() == 10
    # Once, in the round in which calls were refused.
    assert [read.acquire(blocking=False) for _ in range(2)] == [True, False]


def test_the_thread_tries_a_webhook_again_although_no_call_wakes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_INTERVAL", 0.0)
    sent = threading.Semaphore(0)

    class Posted(list[tuple[str, Notice]]):
        def append(self, post: tuple[str, Notice]) -> None:
            super().append(post)
            sent.release()

    desk = make_desk(tmp_path, warn_at=[0.5], webhook="https://hooks.test/", enforce=False)
    desk.posted, desk.problems = Posted(), ["HTTP 500"]
    desk.tracker.start()
    desk.call("5")
    assert sent.acquire(timeout=30) and sent.acquire(timeout=30)
    desk.tracker.close(60)
    assert len(desk.posted) == 2
