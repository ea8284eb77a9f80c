"""Flushes of several workers run side by side, and none keeps another from ending."""

from __future__ import annotations

import threading
from time import monotonic

from payi_transport.delivery.flushes import Flush, wait_for_flushes


def take_steps(steps: int, result: bool, ended: list[str]) -> Flush:
    try:
        for _ in range(steps):
            yield
        return result
    finally:
        ended.append("ended")


def run(*flushes: tuple[int, bool], seconds: float = 30) -> tuple[bool, int]:
    settled = threading.Condition()
    ended: list[str] = []
    made = [take_steps(steps, result, ended) for steps, result in flushes]
    result = wait_for_flushes(settled, made, monotonic() + seconds)
    return result, len(ended)


def test_all_have_to_succeed() -> None:
    assert run((0, True), (0, True)) == (True, 2)
    assert run((0, False), (0, True)) == run((0, True), (0, False)) == (False, 2)
    assert run() == (True, 0)


def test_one_that_is_not_over_at_the_deadline_fails_and_is_closed() -> None:
    assert run((1, True), (0, True), seconds=0) == (False, 2)


def test_progress_of_one_steps_the_others() -> None:
    settled = threading.Condition()
    order: list[str] = []
    done = False

    def first() -> Flush:
        while not done:
            yield
        order.append("first")
        return True

    def second() -> Flush:
        order.append("second")
        yield
        return True

    def finish() -> None:
        nonlocal done
        with settled:
            done = True
            settled.notify_all()

    timer = threading.Timer(0.01, finish)
    timer.start()
    assert wait_for_flushes(settled, [first(), second()], monotonic() + 30)
    timer.join()
    assert order == ["second", "first"]
