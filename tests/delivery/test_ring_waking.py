"""When the ring wakes its worker, and when it reports a full batch."""

from __future__ import annotations

import pytest

from tests.delivery.rings import items_of, make_ring


def test_wake_is_called_at_the_high_water_mark_and_not_below() -> None:
    ring, wakes = make_ring(max_batch=3)
    ring.push(0, 1)
    ring.push(1, 1)
    assert wakes.calls == 0
    ring.push(2, 1)
    assert wakes.calls == 1
    ring.drain(3)
    ring.push(3, 1)
    assert wakes.calls == 1


# Options of the ring, the weight of each item, and which item is the first to reach the mark.
AT_HIGH_WATER: dict[str, tuple[dict[str, int], int, int]] = {
    "as many as make a batch": ({"max_batch": 3}, 1, 3),
    "a quarter of the items": ({"capacity": 12}, 1, 3),
    "a quarter of the bytes": ({"max_bytes": 1200}, 100, 3),
    "all that fits": ({"capacity": 1}, 1, 1),
    "a byte of the three that fit": ({"max_bytes": 3}, 1, 1),
    "one larger than all the room": ({"max_bytes": 10}, 1000, 1),
}


@pytest.mark.parametrize(("room", "weight", "first"), AT_HIGH_WATER.values(), ids=AT_HIGH_WATER.keys())
def test_the_high_water_mark_wakes_while_items_wait_and_fills_the_batch_once_they_are_drained(
    room: dict[str, int], weight: int, first: int
) -> None:
    ring, wakes = make_ring(**room)
    for number in range(first):
        assert wakes.calls == 0
        assert ring.push(number, weight)
    assert wakes.calls == 1
    assert not ring.is_batch_full()
    ring.drain(first - 1)
    assert not ring.is_batch_full()
    ring.drain(1)
    assert ring.is_batch_full()
    ring.release(1, weight)
    assert not ring.is_batch_full()


@pytest.mark.parametrize("room", [{"capacity": 40}, {"max_bytes": 40}])
def test_half_of_the_room_is_free_when_waiting_and_held_items_together_wake(room: dict[str, int]) -> None:
    ring, wakes = make_ring(**room)
    for number in range(9):
        ring.push(number, 1)
    ring.drain(9)
    while not wakes.calls:
        assert ring.push(0, 1)
    assert ring.in_flight <= 20


def test_a_push_without_wake_never_wakes() -> None:
    ring, wakes = make_ring(max_batch=1)
    for item in range(10):
        assert ring.push(item, 1, wake=False)
    assert wakes.calls == 0
    assert items_of(ring) == list(range(10))


def test_a_refused_push_never_wakes() -> None:
    ring, wakes = make_ring(capacity=1, max_batch=1)
    ring.push(0, 1)
    ring.push(1, 1)
    assert wakes.calls == 1
