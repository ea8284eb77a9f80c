"""A lock that no thread of a parent holds in its forked child."""

from __future__ import annotations

import os
import threading

import pytest

from payi_transport.runtime.process_lock import ProcessLock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_one_thread_at_a_time_holds_it_and_may_take_it_again() -> None:
    lock, inside = ProcessLock(), threading.Event()
    order: list[str] = []

    def wait() -> None:
        inside.set()
        with lock:
            order.append("other")

    with lock, lock:
        thread = threading.Thread(target=wait)
        thread.start()
        assert inside.wait(30)
        order.append("this")
    thread.join(30)
    assert order == ["this", "other"]


def test_a_child_takes_it_although_a_thread_of_the_parent_holds_it() -> None:
    lock, held, release = ProcessLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    child = os.fork()
    if child == 0:
        with lock:
            os._exit(0)
    assert wait_for(child) == 0
    release.set()
    thread.join(30)


def test_a_block_that_forks_ends_well_in_both_processes() -> None:
    lock = ProcessLock()
    with lock:
        child = os.fork()
        if child == 0:
            with lock:
                pass
    if child == 0:
        os._exit(0)
    assert wait_for(child) == 0
    with lock:
        child = os.fork()
    if child == 0:
        os._exit(0)
    assert wait_for(child) == 0
