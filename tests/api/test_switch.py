"""One instrumentation is active at a time, and none is left behind by a change that is interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_instrument, payi_stats, payi_uninstrument
from payi_transport.api import switch
from tests.support.calls import call

SEND = httpx.Client.__dict__["send"]


@pytest.fixture(autouse=True)
def leaves_nothing() -> Iterator[None]:
    # Other tests import packages that add finders.
    finders = [type(finder) for finder in sys.meta_path]
    yield
    payi_uninstrument()
    assert httpx.Client.__dict__["send"] is SEND
    assert [type(finder) for finder in sys.meta_path] == finders
    assert switch.get_current() is None and not switch._removed


def interrupt(at: int, handler: Callable[[], object], run: Callable[[], object]) -> int:
    """Run a function, and the handler at this line of `switch`, as a signal handler would run there."""
    lines = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal lines
        if event == "line" and frame.f_code.co_filename == switch.__file__:
            lines += 1
            if lines == at:
                sys.settrace(None)
                handler()
                return None
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("begins", [True, False], ids=["starts", "ends"])
def test_a_handler_may_change_it_at_any_line_of_another_change(begins: bool) -> None:
    def change(at: int) -> int:
        first, second = MemorySink(), MemorySink()
        payi_instrument(sink=first)
        call()
        if begins:
            lines = interrupt(at, lambda: payi_instrument(sink=second), payi_uninstrument)
        else:
            lines = interrupt(at, payi_uninstrument, lambda: start_again(second))
        call()
        payi_uninstrument()
        assert len(first.events) >= 1
        assert payi_stats().captured == payi_stats().delivered
        return lines

    total = change(-1)
    assert total > 20
    for at in range(1, total + 1):
        change(at)


def start_again(sink: MemorySink) -> None:
    payi_uninstrument()
    payi_instrument(sink=sink)
