"""A background thread that works through a list releases the GIL between items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest

from payi_transport.runtime import time_slices
from payi_transport.runtime.time_slices import in_time_slices, skip_pauses_while
from tests.support.waiting import wait_for_the_interpreter


@pytest.mark.parametrize(
    ("pace", "gets_in"), [(in_time_slices, True), (list, False)], ids=["slices", "at once"]
)
def test_a_waiting_thread_gets_the_gil_between_two_items(
    pace: Callable[[Iterable[int]], Iterable[int]], gets_in: bool
) -> None:
    with wait_for_the_interpreter() as caller:
        for _ in pace(range(10)):
            caller.compute()
        assert caller.got_in == gets_in


@pytest.mark.parametrize("awaited", [False, True])
def test_a_thread_that_is_awaited_keeps_the_gil(awaited: bool) -> None:
    got_in: list[bool] = []

    def work() -> None:
        skip_pauses_while(lambda: awaited)
        for _ in in_time_slices(range(10)):
            caller.compute()
        got_in.append(caller.got_in)

    with wait_for_the_interpreter() as caller:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert got_in == [not awaited]


def test_other_threads_keep_pausing() -> None:
    thread = threading.Thread(target=skip_pauses_while, args=(lambda: True,))
    thread.start()
    thread.join()
    with wait_for_the_interpreter() as caller:
        for _ in in_time_slices(range(10)):
            caller.compute()
        assert caller.got_in


def test_the_items_are_yielded_in_order() -> None:
    assert list(in_time_slices(iter("abc"))) == ["a", "b", "c"]
    assert list(in_time_slices([])) == []


@pytest.mark.parametrize(
    ("seconds", "pauses"),
    [(0.0001, 3), (0.0003, 9)],
    ids=["three in a slice", "more than a slice"],
)
def test_a_pause_comes_at_the_end_of_each_slice(
    seconds: float, pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = 100.0, list[float]()
    monkeypatch.setattr(time_slices, "perf_counter", lambda: now)
    monkeypatch.setattr(time_slices, "sleep", slept.append)
    for _ in in_time_slices(range(9)):
        now += seconds
    assert slept == [0.00005] * pauses
