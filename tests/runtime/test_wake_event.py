"""An alarm wakes the thread that waits for it, wherever it is set."""

from __future__ import annotations

import itertools
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from payi_transport.runtime.wake_event import WakeEvent


def test_it_is_set_until_it_was_waited_for() -> None:
    alarm = WakeEvent()
    assert not alarm.is_set()
    alarm.set()
    alarm.set()
    assert alarm.is_set()
    alarm.wait(60)
    assert not alarm.is_set()
    alarm.wait(0.001)
    assert not alarm.is_set()


def test_it_wakes_a_thread_that_waits() -> None:
    alarm = WakeEvent()
    thread = threading.Thread(target=alarm.wait, args=(60,))
    thread.start()
    alarm.set()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("at", range(8))
def test_it_may_be_set_in_the_middle_of_being_set(at: int) -> None:
    """A trace function runs where a signal handler may: between any two lines, on the same thread."""
    alarm, done = WakeEvent(), threading.Event()
    lines = itertools.count()

    def interrupt(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line" and next(lines) == at:
            alarm.set()
        return interrupt

    def work() -> None:
        sys.settrace(interrupt)
        alarm.set()
        sys.settrace(None)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    assert done.wait(30)
    assert next(lines) > at
    alarm.wait(60)
    assert not alarm.is_set()
