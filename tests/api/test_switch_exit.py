"""What is left to the end of a process, and what a forked child takes over of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument, payi_uninstrument
from payi_transport.api import switch
from payi_transport.pipeline.active import get_active
from tests.support.calls import call


class Exit:
    """What `atexit` would run."""

    def __init__(self) -> None:
        self.functions: list[Callable[[], object]] = []

    def register(self, function: Callable[[], object]) -> None:
        self.functions.append(function)

    def unregister(self, function: Callable[[], object]) -> None:
        self.functions = [other for other in self.functions if other != function]

    def run(self) -> None:
        for function in reversed(self.functions):
            function()


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exit]:
    monkeypatch.setattr(switch, "_exiting", False)
    with monkeypatch.context() as patch:
        patch.setattr(switch, "atexit", found := Exit())
        yield found
        payi_uninstrument()


def test_what_was_captured_is_delivered_at_exit_unless_it_has_been_before(
    at_exit: Exit, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    assert len(at_exit.functions) == 1
    payi_uninstrument()
    assert at_exit.functions == []
    payi_instrument(sink=sink)
    call()
    at_exit.run()
    assert len(sink.events) == 1


def test_what_an_exception_leaves_unclosed_is_closed_at_exit(at_exit: Exit, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    call()
    pipeline: Any = get_active()
    close = pipeline.close

    def interrupted(timeout: float) -> bool:
        pipeline.close = close
        raise KeyboardInterrupt

    pipeline.close = interrupted
    with pytest.raises(KeyboardInterrupt):
        payi_uninstrument()
    assert get_active() is None and sink.events == []
    at_exit.run()
    assert len(sink.events) == 1
    assert at_exit.functions == []


def test_nothing_starts_anew_at_exit(at_exit: Exit, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    active = get_active()
    assert not switch.is_exiting()
    at_exit.run()
    assert switch.is_exiting()
    payi_instrument(sink=MemorySink())
    assert get_active() is active


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_process_that_exits_does_not_exit_with_it(at_exit: Exit, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    at_exit.run()
    child = os.fork()
    if child == 0:
        os._exit(3 if switch.is_exiting() or switch._removed else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert switch.is_exiting()
