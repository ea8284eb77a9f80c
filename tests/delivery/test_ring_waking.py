"""The ring wakes whoever drains it when it is pressed, and tells so where what presses is held."""

from __future__ import annotations

import pytest

from tests.delivery.rings import items_of, make_ring


def test_wake_is_called_at_the_mark_and_not_below() -> None:
    ring, wakes = make_ring(max_batch=3)
    ring.push(0, 1)
    ring.push(1, 1)
    assert wakes.calls == 0
    ring.push(2, 1)
    assert wakes.calls == 1
    ring.drain(3)
    ring.push(3, 1)
    assert wakes.calls == 1


# Room and mark, the weight of an item, and which of the items that are pushed is the first to press.
PRESSING: dict[str, tuple[dict[str, int], int, int]] = {
    "as many as make a batch": ({"max_batch": 3}, 1, 3),
    "a quarter of the items": ({"capacity": 12}, 1, 3),
    "a quarter of the bytes": ({"max_bytes": 1200}, 100, 3),
    "all that fits": ({"capacity": 1}, 1, 1),
    "a byte of the three that fit": ({"max_bytes": 3}, 1, 1),
    "one larger than all the room": ({"max_bytes": 10}, 1000, 1),
}


@pytest.mark.parametrize(("room", "weight", "first"), PRESSING.values(), ids=PRESSING.keys())
def test_what_presses_wakes_where_it_waits_and_tells_so_where_it_is_held(
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
def test_half_of_the_room_is_left_when_what_waits_beside_what_is_held_wakes(room: dict[str, int]) -> None:
    ring, wakes = make_ring(**room)
    for number in range(9):
        ring.push(number, 1)
    ring.drain(9)
    while not wakes.calls:
        assert ring.push(0, 1)
    assert ring.in_flight <= 20


def test_a_quiet_push_never_wakes() -> None:
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
