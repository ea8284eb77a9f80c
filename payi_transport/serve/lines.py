"""Sums over time and by dimension: from rollups where one covers the filters, else from events."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from payi_transport.serve.faults import Refusal
from payi_transport.serve.names import name_numbers
from payi_transport.serve.periods import find_step
from payi_transport.serve.rollups import QUARTER_MS
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.selection import NAMED, Selection
from payi_transport.serve.sums import (
    SUMMED,
    Groups,
    first_groups,
    plus,
    rank_groups,
    sum_steps,
    sum_total,
    to_sums,
)
from payi_transport.serve.views import Line, Sums

__all__ = ["is_rolled_up", "read_lines_of_events", "read_lines_of_rollups", "sum_events", "total_of"]

Times = tuple[int, int]
_NOTHING = [0] * len(MEASURES)


def is_rolled_up(selection: Selection, by: str | None) -> bool:
    """Return whether rollups have the sums of a selection by a dimension."""
    return selection.dimension is not None and (by is None or selection.dimension in ("total", by))


def total_of(connection: sqlite3.Connection, selection: Selection, start: int, end: int) -> Sums:
    """Return the sums of a selection."""
    if selection.dimension is not None:
        return to_sums(sum_total(connection, start, end, selection.dimension, selection.key))
    return to_sums(_read_events(connection, SUMMED, selection, (start, end)).fetchone())


def sum_events(connection: sqlite3.Connection, selection: Selection, by: str, start: int, end: int) -> Groups:
    """Return the sums of a selection by a dimension. Raises Refusal for one that events don't have."""
    what = f"{_column_of(by)}, {SUMMED}"
    return {key: sums for key, *sums in _read_events(connection, what, selection, (start, end), "GROUP BY 1")}


def read_lines_of_rollups(
    connection: sqlite3.Connection,
    selection: Selection,
    by: str | None,
    starts: Sequence[int],
    times: Times,
    most: int,
) -> list[Line]:
    """Return a line for each of the largest values, and one for the rest."""
    own = selection.dimension or "total"
    whole = sum_steps(connection, own, selection.key, starts, times[1])
    if by is None or own == by:
        [name] = name_numbers(connection, [selection.key])
        return [Line(name if own == by else None, to_line(whole))]
    keys = list(rank_groups(connection, by, *times, most))
    lines = [sum_steps(connection, by, key, starts, times[1]) for key in keys]
    named = zip(name_numbers(connection, keys), lines, strict=True)
    # Where calls have several values, as with tags, the lines may add up to more than there is.
    rest = [
        [max(0, all_ - sum(shown)) for all_, *shown in zip(*sums, strict=True)]
        for sums in zip(whole, *lines, strict=True)
    ]
    return [*(Line(name, to_line(sums)) for name, sums in named), Line(None, to_line(rest))]


def read_lines_of_events(
    connection: sqlite3.Connection,
    selection: Selection,
    by: str | None,
    starts: Sequence[int],
    times: Times,
    most: int,
) -> list[Line]:
    """Do the same from events. Raises Refusal for a dimension that events don't have."""
    place_in_time, to_step = _divide(starts)
    what = f"{_column_of(by)}, {place_in_time}, {SUMMED}"
    groups: Groups = {}
    steps: dict[tuple[int, int], list[int]] = {}
    for key, at, *sums in _read_events(connection, what, selection, times, "GROUP BY 1, 2"):
        place = (key, to_step(at))
        steps[place] = plus(steps.get(place, _NOTHING), sums)
        groups[key] = plus(groups.get(key, _NOTHING), sums)
    keys = list(first_groups(groups, len(groups)))
    if by is None:
        return [Line(None, _walk_steps(steps, [0], len(starts)))]
    shown = [_walk_steps(steps, [key], len(starts)) for key in keys[:most]]
    names = name_numbers(connection, keys[:most])
    rest = Line(None, _walk_steps(steps, keys[most:], len(starts)))
    return [*(Line(name, sums) for name, sums in zip(names, shown, strict=True)), rest]


def _divide(starts: Sequence[int]) -> tuple[str, Callable[[int], int]]:
    """Return SQL for where in time an event is, and a function from its values to steps.

    Steps that are equally long are numbered in SQL, so that it returns few rows. Where clocks change, days
    are not, and the rows are quarters of an hour.
    """
    lengths = {later - earlier for earlier, later in pairwise(starts)}
    if len(lengths) == 1:
        # What is after the last start is of the last step, however long that is.
        return f"max(0, min((at - {starts[0]}) / {lengths.pop()}, {len(starts) - 1}))", int
    return f"at / {QUARTER_MS} * {QUARTER_MS}", partial(find_step, starts)


def _walk_steps(steps: dict[tuple[int, int], list[int]], keys: Iterable[int], count: int) -> list[Sums]:
    sums = [_NOTHING] * count
    for key in keys:
        sums = [plus(known, steps.get((key, index), _NOTHING)) for index, known in enumerate(sums)]
    return to_line(sums)


def to_line(rows: Iterable[Sequence[int]]) -> list[Sums]:
    """Return the sums of each step."""
    return [to_sums(row) for row in rows]


def _column_of(by: str | None) -> str:
    if by is None:
        return "0"
    if by not in NAMED:
        raise Refusal("invalid_breakdown", f"calls can't be broken down by {by!r} and filtered at once")
    return by


def _read_events(
    connection: sqlite3.Connection, what: str, selection: Selection, times: Times, rest: str = ""
) -> Any:
    return connection.execute(
        f"SELECT {what} FROM events WHERE {selection.where} AND at >= ? AND at < ? {rest}",  # noqa: S608
        (*selection.parameters, *times),
    )
