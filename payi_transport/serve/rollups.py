"""Sums by time and dimension, kept in the transaction of the events that they sum up.

A batch of events is summed in memory first, so that a value that many of them share costs one row.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from payi_transport.serve.schema import MEASURES

__all__ = [
    "DAY_MS",
    "DIMENSIONS",
    "FIRST",
    "FIRST_TOKEN",
    "HISTOGRAM_BOUNDS",
    "HISTOGRAM_DIMENSIONS",
    "LATENCY",
    "QUARTER_MS",
    "SECOND",
    "UPSERT_SUMS",
    "Rollups",
    "Sums",
    "add_up",
    "list_within",
    "negate",
    "within",
]

QUARTER_MS: Final = 15 * 60 * 1000
DAY_MS: Final = 24 * 60 * 60 * 1000

# The dimensions, as the store numbers them. `total` has the key 0 only.
DIMENSIONS: Final[Mapping[str, int]] = {
    "total": 0,
    "use_case": 1,
    "model": 2,
    "account": 3,
    "user": 4,
    "category": 5,
    "tag": 6,
    "limit": 7,
    "unit": 8,
    "waste": 9,
    "environment": 10,
    "step": 11,
    "unowned": 12,
    "status": 13,
}
# Within a large value of one of the first dimensions, there are also sums by each of the second ones, by day
# alone (see `large`). By customer or user, they would take a row for nearly every event.
SECOND: Final = ("use_case", "model", "category", "environment", "step")
FIRST: Final = (*SECOND, "account", "user")

# Upper ends of the slots of a histogram, in ms: each a tenth above the one before, up to about three hours.
HISTOGRAM_BOUNDS: Final = tuple(
    dict.fromkeys(round(bound) for bound in accumulate(range(171), lambda bound, _: bound * 1.1, initial=1.0))
)
HISTOGRAM_DIMENSIONS: Final = ("total", "use_case", "model")
LATENCY, FIRST_TOKEN = 0, 1

_NAMES = ", ".join(MEASURES)
UPSERT_SUMS = (
    f"INSERT INTO rollups (level, dimension, bucket, key, {_NAMES})"  # noqa: S608 (names of columns)
    f" VALUES ({', '.join('?' * (4 + len(MEASURES)))}) ON CONFLICT (level, dimension, bucket, key)"
    f" DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in MEASURES)}"
)
_UPSERT_SLOT = (
    "INSERT INTO histograms (level, dimension, kind, bucket, key, slot, calls) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (level, dimension, kind, bucket, key, slot) DO UPDATE SET calls = calls + excluded.calls"
)

Sums = tuple[int, ...]
_Rows = defaultdict[tuple[int, int, int], list[Sums]]
_Slot = tuple[int, int, int, int, int]


def within(first: str, key: int, second: str) -> int:
    """Return the number of a dimension within a value of another one, as of the models of one customer."""
    return key << 8 | DIMENSIONS[first] << 4 | DIMENSIONS[second]


def list_within(first: str, key: int) -> Mapping[str, int]:
    """Return the numbers of all dimensions within a value, by the name of the second dimension."""
    return {second: within(first, key, second) for second in SECOND if second != first}


def add_up(rows: Sequence[Sums]) -> Sums:
    """Return the sums of some rows of measures."""
    return rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True)))


def negate(sums: Sums) -> Sums:
    """Return what takes an event away again."""
    return tuple(-number for number in sums)


class Rollups:
    """What a transaction adds to the rollups."""

    def __init__(self) -> None:
        # Rows are remembered as they are and added up once: most of the time for a batch would go there.
        self._rows: _Rows = defaultdict(list)
        # Of those within large values, by day alone.
        self._days: _Rows = defaultdict(list)
        self._slots: defaultdict[_Slot, int] = defaultdict(int)

    def add(self, at: int, keys: Iterable[tuple[int, int]], sums: Sums) -> None:
        """Add an event at `at` to the dimensions and keys in `keys`; `negate` its sums to take it away."""
        bucket, rows = at // QUARTER_MS * QUARTER_MS, self._rows
        for dimension, key in keys:
            rows[dimension, bucket, key].append(sums)

    def add_within(self, at: int, keys: Iterable[tuple[int, int]], sums: Sums) -> None:
        """Add an event to dimensions within large values."""
        bucket, rows = at // DAY_MS * DAY_MS, self._days
        for dimension, key in keys:
            rows[dimension, bucket, key].append(sums)

    def add_time(self, at: int, kind: int, keys: Iterable[tuple[int, int]], ms: int, sign: int = 1) -> None:
        """Add a latency to the histograms of the dimensions and keys in `keys`."""
        bucket = at // QUARTER_MS * QUARTER_MS
        slot = min(bisect_left(HISTOGRAM_BOUNDS, ms), len(HISTOGRAM_BOUNDS) - 1)
        for dimension, key in keys:
            self._slots[dimension, kind, bucket, key, slot] += sign

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the store, in the order of its tables."""
        for (dimension, bucket, key), rows in self._rows.items():
            rows[:] = [add_up(rows)]
            self._days[dimension, bucket // DAY_MS * DAY_MS, key] += rows
        for level, places in enumerate((self._rows, self._days)):
            sums = [(level, *place, *add_up(places[place])) for place in sorted(places)]
            connection.executemany(UPSERT_SUMS, sums)
        days: defaultdict[_Slot, int] = defaultdict(int)
        for (dimension, kind, bucket, key, slot), calls in self._slots.items():
            days[dimension, kind, bucket // DAY_MS * DAY_MS, key, slot] += calls
        for level, slots in enumerate((self._slots, days)):
            connection.executemany(_UPSERT_SLOT, [(level, *place, slots[place]) for place in sorted(slots)])
