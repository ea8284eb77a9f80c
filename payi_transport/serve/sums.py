"""Sums of measures, from rollups or from events: the one place that writes their SQL.

Rollups hold the sums of one dimension over any time, also within one large value of another. Only other
questions with filters read events, by the index of the filter that leaves the fewest.
Dimensions are numbers here: those of `DIMENSIONS`, and those of `within`.

The largest of many groups, as of 100,000 customers over months, are found without adding all of them up. Each
day has its groups in the order of their cost. A group that is in none of the tops of `depth` groups can't
cost more than the sum of the last ones of each. Groups that cost more than that sum are the largest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.periods import Block, split_into_blocks
from payi_transport.serve.rollups import DAY_MS, DIMENSIONS
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.views import Sums

__all__ = [
    "SUMMED",
    "Groups",
    "first_groups",
    "merge_groups",
    "plus",
    "rank_groups",
    "sum_block",
    "sum_groups",
    "sum_steps",
    "sum_total",
    "to_sums",
]

SUMMED = ", ".join(f"SUM({name})" for name in MEASURES)
# Up to so many rows are added up in one pass, which takes a fraction of 200 ms.
_FEW_ROWS = 60_000
_FIRST_DEPTH, _MAX_DEPTH = 100, 1600

Groups = dict[int, list[int]]


def to_sums(values: Sequence[int | None]) -> Sums:
    """Return what a row of `SUMMED` says; an empty sum is NULL."""
    found = dict(zip(MEASURES, (value or 0 for value in values), strict=True))
    cost = to_dollars(found.pop("cost"), found.pop("fraction"))
    saved, waste = to_dollars(found.pop("saved")), to_dollars(found.pop("waste"))
    return Sums(**found, cost=cost, saved=saved, waste=waste)


def sum_block(connection: sqlite3.Connection, dimension: int, block: Block, keys: Iterable[int]) -> Groups:
    """Return the sums of some keys of a dimension in a block."""
    # SQLite can't know that a key has far fewer rows than a time has.
    rows = connection.execute(
        f"SELECT key, {SUMMED} FROM rollups INDEXED BY rollups_key WHERE level = ? AND dimension = ?"  # noqa: S608
        " AND key IN (SELECT value FROM json_each(?)) AND bucket >= ? AND bucket < ? GROUP BY key",
        (block.level, dimension, json.dumps(list(keys)), block.start, block.end),
    )
    return {row[0]: list(row[1:]) for row in rows}


def sum_total(
    connection: sqlite3.Connection, start: int, end: int, dimension: int = DIMENSIONS["total"], key: int = 0
) -> list[int]:
    """Return the sums of one key over a time."""
    total = [0] * len(MEASURES)
    for block in split_into_blocks(start, end):
        for sums in sum_block(connection, dimension, block, [key]).values():
            total = plus(total, sums)
    return total


def sum_steps(
    connection: sqlite3.Connection, dimension: int, key: int, marks: Sequence[int], level: int = 0
) -> list[list[int]]:
    """Return the sums of one key between each two of the marks, which are those of buckets of the level."""
    steps = list(pairwise(marks))
    # Read the index step by step, so the steps come first in the join.
    rows = connection.execute(
        f"SELECT step.key, {SUMMED} FROM json_each(?) AS step CROSS JOIN rollups INDEXED BY rollups_key"  # noqa: S608
        " ON level = ? AND dimension = ? AND rollups.key = ? AND bucket >= json_extract(step.value, '$[0]')"
        " AND bucket < json_extract(step.value, '$[1]') GROUP BY step.key",
        (json.dumps(steps), level, dimension, key),
    )
    found = {row[0]: list(row[1:]) for row in rows}
    return [found.get(index, [0] * len(MEASURES)) for index in range(len(steps))]


def rank_groups(connection: sqlite3.Connection, dimension: int, start: int, end: int, most: int) -> Groups:
    """Return the `most` most expensive groups of a dimension over a time, the most expensive first."""
    blocks = split_into_blocks(start, end)
    if _are_few(connection, dimension, blocks):
        return first_groups(sum_groups(connection, dimension, blocks), most)
    depth = max(_FIRST_DEPTH, most)
    while depth <= _MAX_DEPTH:
        keys, rest = _find_tops(connection, dimension, blocks, depth)
        groups: Groups = {}
        for block in blocks:
            merge_groups(groups, sum_block(connection, dimension, block, keys))
        ranked = first_groups(groups, most)
        last = list(ranked.values())[-1][_COST] if ranked else 0
        if rest == 0 or (len(ranked) == most and last >= rest):
            return ranked
        depth *= 4
    return first_groups(sum_groups(connection, dimension, blocks), most)


_CALLS, _COST = MEASURES.index("calls"), MEASURES.index("cost")


def sum_groups(connection: sqlite3.Connection, dimension: int, blocks: Iterable[Block]) -> Groups:
    """Return the sums of every group of a dimension."""
    groups: Groups = {}
    for block in blocks:
        rows = connection.execute(
            f"SELECT key, {SUMMED} FROM rollups WHERE level = ? AND dimension = ?"  # noqa: S608
            " AND bucket >= ? AND bucket < ? GROUP BY key",
            (block.level, dimension, block.start, block.end),
        )
        merge_groups(groups, {row[0]: list(row[1:]) for row in rows})
    return groups


def _are_few(connection: sqlite3.Connection, dimension: int, blocks: Iterable[Block]) -> bool:
    rows = 0
    for block in blocks:
        [count] = connection.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM rollups WHERE level = ? AND dimension = ? AND bucket >= ?"
            " AND bucket < ? LIMIT ?)",
            (block.level, dimension, block.start, block.end, _FEW_ROWS),
        ).fetchone()
        rows += count
    return rows < _FEW_ROWS


def _find_tops(
    connection: sqlite3.Connection, dimension: int, blocks: Iterable[Block], depth: int
) -> tuple[set[int], int]:
    """Return the keys that are among the first `depth` anywhere, and the most that any other key can cost."""
    keys: set[int] = set()
    rest = 0
    for block in blocks:
        tops = _day_tops if block.level else _quarter_tops
        for top in tops(connection, dimension, block, depth):
            keys.update(key for key, _ in top)
            rest += top[-1][1] if len(top) == depth else 0
    return keys, rest


def _day_tops(connection: sqlite3.Connection, dimension: int, block: Block, depth: int) -> Iterable[Any]:
    for day in range(block.start, block.end, DAY_MS):
        yield connection.execute(
            "SELECT key, cost FROM rollups INDEXED BY tops WHERE level = 1 AND dimension < 256"
            " AND dimension = ? AND bucket = ? ORDER BY cost DESC LIMIT ?",
            (dimension, day, depth),
        ).fetchall()


def _quarter_tops(connection: sqlite3.Connection, dimension: int, block: Block, depth: int) -> Iterable[Any]:
    yield connection.execute(
        "SELECT key, SUM(cost) FROM rollups WHERE level = 0 AND dimension = ? AND bucket >= ? AND bucket < ?"
        " GROUP BY key ORDER BY 2 DESC LIMIT ?",
        (dimension, block.start, block.end, depth),
    ).fetchall()


def first_groups(groups: Groups, most: int) -> Groups:
    """Return the `most` most expensive groups, the most expensive first."""
    # Among groups that cost the same, as free ones, those with more calls come first.
    # Those without any had calls that were replaced.
    used = (item for item in groups.items() if item[1][_CALLS])
    ranked = sorted(used, key=lambda item: (-item[1][_COST], -item[1][_CALLS], item[0]))
    return dict(ranked[:most])


def merge_groups(groups: Groups, more: Groups) -> None:
    """Add more sums to groups."""
    for key, sums in more.items():
        groups[key] = plus(groups[key], sums) if key in groups else sums


def plus(one: Sequence[int], two: Sequence[int]) -> list[int]:
    """Return the sums of two rows of measures."""
    return [first + second for first, second in zip(one, two, strict=True)]
