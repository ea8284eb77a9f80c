"""A counter that any thread may increment and read, without a lock."""

from __future__ import annotations

import threading

import pytest

from payi_transport.runtime.counter import Counter

PRODUCERS, EACH = 8, 2_000


def test_a_counter_starts_at_zero() -> None:
    counter = Counter()
    assert counter.value == 0
    assert [counter.add(), counter.add()] == [0, 1]
    assert counter.value == 2


def test_reading_a_counter_does_not_change_it() -> None:
    counter = Counter()
    counter.add()
    assert [counter.value for _ in range(5)] == [1] * 5
    assert counter.add() == 1


@pytest.mark.parametrize("readers", [0, 3])
def test_a_counter_is_exact_with_many_threads(readers: int) -> None:
    counter = Counter()
    seen: list[list[int]] = [[] for _ in range(PRODUCERS + readers)]

    barrier = threading.Barrier(PRODUCERS + readers)

    def work(number: int) -> None:
        barrier.wait()
        for _ in range(EACH):
            seen[number].append(counter.add() if number < PRODUCERS else counter.value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(PRODUCERS + readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == PRODUCERS * EACH
    assert sorted(ticket for tickets in seen[:PRODUCERS] for ticket in tickets) == list(
        range(PRODUCERS * EACH)
    )
    for values in seen[PRODUCERS:]:
        assert values == sorted(values)
        assert all(0 <= value <= PRODUCERS * EACH for value in values)
