"""Percentiles of latencies, from histograms whose slots are a tenth wide."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from payi_transport.serve.names import name_numbers
from payi_transport.serve.periods import Block
from payi_transport.serve.rollups import DIMENSIONS, FIRST_TOKEN, HISTOGRAM_BOUNDS, LATENCY
from payi_transport.serve.views import Percentiles

__all__ = ["list_percentiles"]

_SHARES = (0.5, 0.9, 0.95, 0.99)
# The middle of each slot, in ms, which is within 5 percent, or a millisecond, of all that are in it.
_MIDDLES = tuple((low + 1 + high) // 2 for low, high in pairwise((0, *HISTOGRAM_BOUNDS)))


def list_percentiles(
    connection: sqlite3.Connection,
    blocks: Sequence[Block],
    dimension: str,
    *,
    first_token: bool,
    most: int = 100,
) -> list[Percentiles]:
    """Return the percentiles of the `most` most used values of a dimension, by their calls."""
    kind = FIRST_TOKEN if first_token else LATENCY
    used = json.dumps(_find_most_used(connection, blocks, dimension, most))
    slots: dict[int, dict[int, int]] = {}
    for block in blocks:
        rows = connection.execute(
            "SELECT key, slot, SUM(calls) FROM histograms WHERE level = ? AND dimension = ? AND kind = ?"
            " AND bucket >= ? AND bucket < ? AND +key IN (SELECT value FROM json_each(?)) GROUP BY key, slot",
            (block.level, DIMENSIONS[dimension], kind, block.start, block.end, used),
        )
        for key, slot, calls in rows:
            of_key = slots.setdefault(key, {})
            of_key[slot] = of_key.get(slot, 0) + calls
    keys = sorted(slots, key=lambda key: -sum(slots[key].values()))
    names = name_numbers(connection, keys)
    return [_describe(name, slots[key]) for name, key in zip(names, keys, strict=True)]


def _find_most_used(
    connection: sqlite3.Connection, blocks: Iterable[Block], dimension: str, most: int
) -> list[int]:
    calls: Counter[int] = Counter()
    for block in blocks:
        rows = connection.execute(
            "SELECT key, SUM(calls) FROM rollups WHERE level = ? AND dimension = ?"
            " AND bucket >= ? AND bucket < ? GROUP BY key",
            (block.level, DIMENSIONS[dimension], block.start, block.end),
        )
        calls.update(dict(rows.fetchall()))
    return [key for key, _ in calls.most_common(most)]


def _describe(name: str, slots: dict[int, int]) -> Percentiles:
    ordered = sorted(slots)
    counts = list(accumulate(slots[slot] for slot in ordered))
    if not counts or counts[-1] <= 0:
        return Percentiles(name, 0, None, None, None, None)
    found = (bisect_left(counts, share * counts[-1]) for share in _SHARES)
    return Percentiles(name, counts[-1], *(_MIDDLES[ordered[index]] for index in found))
