"""Changes of the process-wide state come one after the other, whoever asks for them."""

from __future__ import annotations

import threading

import pytest

from payi_transport.api.turns import Turns


def test_what_interrupts_a_function_runs_after_it() -> None:
    turns, done = Turns(), []

    def outer() -> None:
        turns.run(lambda: done.append("inner"))
        done.append("outer")

    turns.run(outer)
    assert done == ["outer", "inner"]


def test_what_interrupts_a_function_that_raises_runs_all_the_same() -> None:
    turns, done = Turns(), []

    def outer() -> None:
        turns.run(lambda: done.append("inner"))
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        turns.run(outer)
    assert done == ["inner"]
    turns.run(lambda: done.append("next"))
    assert done == ["inner", "next"]


def test_other_threads_wait_for_their_turn() -> None:
    turns, done = Turns(), []
    started = threading.Event()

    def wait_and_run() -> None:
        started.set()
        turns.run(lambda: done.append("other"))

    other = threading.Thread(target=wait_and_run)

    def outer() -> None:
        other.start()
        assert started.wait(30)
        other.join(0.05)
        done.append("outer")

    turns.run(outer)
    other.join(30)
    assert done == ["outer", "other"]
