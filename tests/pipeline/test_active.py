"""The one pipeline of a process."""

from __future__ import annotations

import os

from payi_transport import MemorySink, PayiStats, payi_instrument, payi_stats, payi_uninstrument
from payi_transport.pipeline.active import _reset_after_fork, get_active, get_last
from tests.support.calls import call


def test_there_is_one_while_instrumented() -> None:
    assert get_active() is None
    payi_instrument(sink=MemorySink())
    active = get_active()
    assert active is not None
    payi_instrument(sink=MemorySink())
    assert get_active() is active
    payi_uninstrument()
    assert get_active() is None


def test_the_last_one_is_known_up_to_the_next() -> None:
    payi_instrument(sink=MemorySink())
    first = get_active()
    assert get_last() is first
    payi_uninstrument()
    assert get_last() is first
    payi_instrument(sink=MemorySink())
    assert get_last() is get_active()
    assert get_last() is not first


def test_a_forked_child_starts_with_zeros_whatever_came_before() -> None:
    payi_instrument(sink=MemorySink())
    call()
    payi_uninstrument()
    assert payi_stats().captured == 1
    pid = os.fork()
    if pid == 0:
        os._exit(0 if payi_stats() == PayiStats() and get_last() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert payi_stats().captured == 1


def test_a_fork_without_a_pipeline_changes_nothing() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0 if get_active() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    _reset_after_fork()
    assert get_active() is None


def test_a_forked_child_leaves_its_parents_calls_alone() -> None:
    payi_instrument(sink=MemorySink())
    active = get_active()
    assert active is not None
    pid = os.fork()
    if pid == 0:
        os._exit(0 if active._state.delivery.pid == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert active._state.delivery.pid == os.getpid()
