"""A wake event wakes its waiting thread, wherever it is set."""

from __future__ import annotations

import itertools
import sys
import threading
from time import monotonic
from types import FrameType
from typing import Any

import pytest

from payi_transport.runtime.wake_event import WakeEvent


def test_it_stays_set_until_a_wait_ends() -> None:
    wake_event = WakeEvent()
    assert not wake_event.is_set()
    wake_event.set()
    wake_event.set()
    assert wake_event.is_set()
    wake_event.wait(60)
    assert not wake_event.is_set()
    wake_event.wait(0.001)
    assert not wake_event.is_set()


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_without_time_to_wait_a_wait_returns_at_once(timeout: float) -> None:
    began = monotonic()
    WakeEvent().wait(timeout)
    assert monotonic() - began < 0.9


def test_a_wait_may_be_longer_than_a_lock_can_wait() -> None:
    wake_event = WakeEvent()
    wake_event.set()
    wake_event.wait(threading.TIMEOUT_MAX * 2)
    assert not wake_event.is_set()


def test_it_wakes_a_waiting_thread() -> None:
    wake_event = WakeEvent()
    thread = threading.Thread(target=wake_event.wait, args=(60,))
    thread.start()
    wake_event.set()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("at", range(6))
def test_it_may_be_set_while_it_is_being_set(at: int) -> None:
    """A trace function runs where a signal handler may: between any two lines, on the same thread."""
    wake_event, done = WakeEvent(), threading.Event()
    lines = itertools.count()

    def interrupt(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line" and next(lines) == at:
            wake_event.set()
        return interrupt

    def work() -> None:
        sys.settrace(interrupt)
        wake_event.set()
        sys.settrace(None)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    assert done.wait(30)
    assert next(lines) > at
    wake_event.wait(60)
    assert not wake_event.is_set()
