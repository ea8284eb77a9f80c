"""The ring: losses are exact, order is kept, both bounds hold."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.runtime.counter import Counter
from tests.delivery.rings import items_of, make_ring

PRODUCERS = 8
EACH = 2_000


def run_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work(number)` on threads that all start at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_items_come_out_in_the_order_they_went_in() -> None:
    ring, _ = make_ring()
    for item in range(5):
        assert ring.push(item, 1)
    assert len(ring) == 5
    assert items_of(ring, 2) == [0, 1]
    assert items_of(ring, 9) == [2, 3, 4]
    assert items_of(ring) == []


def test_an_item_keeps_its_weight() -> None:
    ring, _ = make_ring()
    ring.push(7, 123)
    (ticketed,) = ring.drain(1)
    assert (ticketed.item, ticketed.weight) == (7, 123)


def test_beyond_its_capacity_the_newest_are_refused() -> None:
    ring, _ = make_ring(capacity=3)
    assert [ring.push(item, 1) for item in range(5)] == [True, True, True, False, False]
    assert items_of(ring) == [0, 1, 2]


def test_drained_items_take_room_until_they_are_released() -> None:
    ring, _ = make_ring(capacity=2)
    ring.push(0, 1)
    ring.push(1, 1)
    ring.drain(2)
    assert ring.in_flight == 2
    assert not ring.push(2, 1)
    ring.release(1, 1)
    assert ring.in_flight == 1
    assert ring.push(2, 1)
    assert not ring.push(3, 1)


def test_beyond_its_bytes_the_newest_are_refused() -> None:
    ring, _ = make_ring(max_bytes=100)
    assert ring.push(0, 60)
    assert ring.push(1, 40)
    assert not ring.push(2, 1)
    assert ring.push(3, 0)
    ring.drain(3)
    ring.release(1, 60)
    assert not ring.push(4, 61)
    assert ring.push(5, 60)


def test_an_item_larger_than_the_whole_room_is_accepted_when_nothing_is_in_flight() -> None:
    ring, _ = make_ring(max_bytes=10)
    assert ring.push(0, 1000)
    assert not ring.push(1, 0)
    ring.drain(1)
    ring.release(1, 1000)
    assert ring.push(2, 1000)


@given(
    pushes=st.lists(st.integers(0, 20), max_size=60),
    capacity=st.integers(1, 20),
    max_bytes=st.integers(1, 100),
    drain_every=st.integers(1, 10),
)
def test_from_one_thread_both_bounds_are_exact(
    pushes: list[int], capacity: int, max_bytes: int, drain_every: int
) -> None:
    ring, _ = make_ring(capacity, max_bytes)
    held: list[int] = []
    for number, weight in enumerate(pushes):
        fits = len(held) < capacity and (not held or sum(held) + weight <= max_bytes)
        assert ring.push(number, weight) is fits
        if fits:
            held.append(weight)
        assert ring.in_flight == len(held)
        if number % drain_every == 0:
            taken = ring.drain(2)
            ring.release(len(taken), sum(ticketed.weight for ticketed in taken))
            del held[: len(taken)]


def test_a_ticket_separates_earlier_items_from_later_ones() -> None:
    ring, _ = make_ring()
    assert not ring.has_before(ring.take_ticket())
    ring.push(0, 1)
    mark = ring.take_ticket()
    ring.push(1, 1)
    assert ring.has_before(mark)
    ring.drain(1)
    assert not ring.has_before(mark)
    assert ring.has_before(ring.take_ticket())


def test_what_many_threads_push_comes_out_once_or_was_refused() -> None:
    ring, _ = make_ring(capacity=PRODUCERS * EACH // 2)
    accepted: list[list[int]] = [[] for _ in range(PRODUCERS)]
    refused = [0] * PRODUCERS

    def produce(producer: int) -> None:
        for number in range(EACH):
            item = producer * EACH + number
            if ring.push(item, 1):
                accepted[producer].append(item)
            else:
                refused[producer] += 1

    run_threads(PRODUCERS, produce)
    out = items_of(ring)
    assert len(out) + sum(refused) == PRODUCERS * EACH
    assert sum(refused) >= PRODUCERS * EACH // 2 - PRODUCERS
    assert sorted(out) == sorted(item for items in accepted for item in items)


def test_items_of_each_producer_stay_in_order_while_the_ring_is_drained() -> None:
    ring, _ = make_ring(capacity=64)
    out: list[int] = []
    lost = Counter()
    done = threading.Event()

    def consume() -> None:
        while not done.is_set() or len(ring):
            taken = ring.drain(16)
            out.extend(ticketed.item for ticketed in taken)
            ring.release(len(taken), len(taken))

    def produce(producer: int) -> None:
        for number in range(EACH):
            if not ring.push(producer * EACH + number, 1):
                lost.add()

    consumer = threading.Thread(target=consume)
    consumer.start()
    run_threads(PRODUCERS, produce)
    done.set()
    consumer.join()
    assert len(out) + lost.value == PRODUCERS * EACH
    for producer in range(PRODUCERS):
        own = [item for item in out if item // EACH == producer]
        assert own == sorted(own)
    assert ring.in_flight == 0


def test_the_whole_room_is_available_again_once_nothing_is_in_flight() -> None:
    ring, _ = make_ring(capacity=PRODUCERS * EACH)

    def produce(producer: int) -> None:
        for item in range(EACH):
            assert ring.push(item, 3)

    run_threads(PRODUCERS, produce)
    taken = ring.drain(PRODUCERS * EACH)
    ring.release(len(taken), 3 * len(taken))
    assert ring.in_flight == 0
    assert sum(ring.push(item, 1) for item in range(PRODUCERS * EACH + 5)) == PRODUCERS * EACH
