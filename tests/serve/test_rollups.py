"""Sums by quarter of an hour and by day, and histograms whose slots are a tenth wide."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.serve.rollups import (
    DAY_MS,
    DIMENSIONS,
    FIRST,
    FIRST_TOKEN,
    HISTOGRAM_BOUNDS,
    LATENCY,
    QUARTER_MS,
    SECOND,
    Rollups,
    add_up,
    list_within,
    negate,
    within,
)
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.store import Store, Writing

ONE = tuple(range(1, len(MEASURES) + 1))
TWO = tuple(10 * value for value in ONE)
BOTH = tuple(11 * value for value in ONE)


def write(store: Store, *calls: tuple[str, Any]) -> None:
    def job(writing: Writing) -> None:
        rollups = Rollups()
        for name, arguments in calls:
            getattr(rollups, name)(*arguments)
        rollups.write(writing.connection)

    store.write(job)


def read_sums(store: Store) -> dict[tuple[int, ...], tuple[int, ...]]:
    rows = store.reader.execute(
        f"SELECT level, dimension, bucket, key, {', '.join(MEASURES)} FROM rollups"  # noqa: S608
    )
    return {row[:4]: row[4:] for row in rows}


def read_slots(store: Store) -> dict[tuple[int, ...], int]:
    rows = store.reader.execute("SELECT level, dimension, kind, bucket, key, slot, calls FROM histograms")
    return {row[:-1]: row[-1] for row in rows}


def test_events_add_up_by_quarter_of_an_hour_and_by_day(store: Store) -> None:
    late = DAY_MS - 1
    write(
        store,
        ("add", (0, [(1, 5), (2, 6)], ONE)),
        ("add", (QUARTER_MS - 1, [(1, 5)], TWO)),
        ("add", (late, [(1, 5)], ONE)),
        ("add", (DAY_MS, [(1, 5)], ONE)),
    )
    assert read_sums(store) == {
        (0, 1, 0, 5): BOTH,
        (0, 2, 0, 6): ONE,
        (0, 1, DAY_MS - QUARTER_MS, 5): ONE,
        (0, 1, DAY_MS, 5): ONE,
        (1, 1, 0, 5): add_up([BOTH, ONE]),
        (1, 2, 0, 6): ONE,
        (1, 1, DAY_MS, 5): ONE,
    }


def test_what_a_later_transaction_adds_is_added_or_taken_away(store: Store) -> None:
    write(store, ("add", (0, [(1, 5)], ONE)))
    write(store, ("add", (1, [(1, 5)], TWO)))
    assert read_sums(store) == {(0, 1, 0, 5): BOTH, (1, 1, 0, 5): BOTH}
    write(store, ("add", (2, [(1, 5)], negate(BOTH))))
    assert {value for sums in read_sums(store).values() for value in sums} == {0}


def test_within_a_large_value_there_are_days_alone(store: Store) -> None:
    write(store, ("add_within", (DAY_MS + 7, [(300, 5)], ONE)), ("add_within", (DAY_MS, [(300, 5)], TWO)))
    assert read_sums(store) == {(1, 300, DAY_MS, 5): BOTH}


def test_times_are_counted_in_slots_of_both_levels(store: Store) -> None:
    keys = [(0, 0), (2, 6)]
    write(
        store,
        ("add_time", (QUARTER_MS, LATENCY, keys, 1)),
        ("add_time", (2 * QUARTER_MS - 1, LATENCY, keys[:1], 0)),
        ("add_time", (QUARTER_MS, FIRST_TOKEN, keys[:1], 2)),
    )
    assert read_slots(store) == {
        (0, 0, LATENCY, QUARTER_MS, 0, 0): 2,
        (0, 2, LATENCY, QUARTER_MS, 6, 0): 1,
        (0, 0, FIRST_TOKEN, QUARTER_MS, 0, 1): 1,
        (1, 0, LATENCY, 0, 0, 0): 2,
        (1, 2, LATENCY, 0, 6, 0): 1,
        (1, 0, FIRST_TOKEN, 0, 0, 1): 1,
    }
    write(store, ("add_time", (QUARTER_MS, LATENCY, keys[:1], 1, -1)))
    slots = read_slots(store)
    assert (slots[0, 0, LATENCY, QUARTER_MS, 0, 0], slots[1, 0, LATENCY, 0, 0, 0]) == (1, 1)


@pytest.mark.parametrize("ms", [0, 1, 2, 100, 12_345, HISTOGRAM_BOUNDS[-1], 2**31 - 1])
def test_a_slot_ends_at_its_bound_and_the_last_one_never(ms: int, store: Store) -> None:
    write(store, ("add_time", (0, LATENCY, [(0, 0)], ms)))
    [slot] = {place[-1] for place in read_slots(store)}
    assert slot == len(HISTOGRAM_BOUNDS) - 1 or ms <= HISTOGRAM_BOUNDS[slot]
    assert slot == 0 or ms > HISTOGRAM_BOUNDS[slot - 1]


def test_slots_reach_up_to_three_hours() -> None:
    assert HISTOGRAM_BOUNDS[:9] == (1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert list(HISTOGRAM_BOUNDS) == sorted(set(HISTOGRAM_BOUNDS))
    assert 3 * 3600 * 1000 < HISTOGRAM_BOUNDS[-1] < 4 * 3600 * 1000
    # Stores have the numbers of these.
    assert len(HISTOGRAM_BOUNDS) == 157


def test_stores_have_the_numbers_of_dimensions() -> None:
    names = (
        *("total", "use_case", "model", "account", "user", "category", "tag", "limit", "unit", "waste"),
        *("environment", "step", "unowned", "status"),
    )
    assert {name: number for number, name in enumerate(names)} == DIMENSIONS
    assert (QUARTER_MS, DAY_MS, LATENCY, FIRST_TOKEN) == (900_000, 86_400_000, 0, 1)


def test_dimensions_within_values_are_told_apart_and_from_the_others() -> None:
    numbers = [
        within(first, key, second)
        for first in FIRST
        for key in (1, 2, 300)
        for second in SECOND
        if second != first
    ]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) >= 256 > max(DIMENSIONS.values())
    assert within("account", 7, "model") == 7 * 256 + 3 * 16 + 2
    assert list_within("model", 7) == {
        second: within("model", 7, second) for second in ("use_case", "category", "environment", "step")
    }
