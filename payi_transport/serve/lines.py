"""Sums over time and by dimension: from rollups where one covers the filters, else from events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from payi_transport.serve.faults import Refusal
from payi_transport.serve.names import name_numbers
from payi_transport.serve.narrow import narrow
from payi_transport.serve.selection import NAMED, Selection
from payi_transport.serve.sums import (
    SUMMED,
    Groups,
    rank_groups,
    sum_steps,
    sum_total,
    to_sums,
)
from payi_transport.serve.views import Line, Sums

__all__ = ["is_rolled_up", "read_lines_of_events", "read_lines_of_rollups", "sum_events", "total_of"]

Times = tuple[int, int]


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
    return _name_lines(connection, keys, lines, whole)


def _name_lines(
    connection: sqlite3.Connection,
    keys: Sequence[int],
    lines: Sequence[list[list[int]]],
    whole: list[list[int]],
) -> list[Line]:
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
    whole = _sum_steps_of_events(connection, selection, starts, times)
    if by is None:
        return [Line(None, to_line(whole))]
    what = f"{_column_of(by)}, SUM(cost), COUNT(*)"
    # As `first_groups` ranks. Sorting rows of three numbers takes half the time of sorting all of the sums.
    ranked = _read_events(
        connection, what, selection, times, "GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1 LIMIT ?", most
    )
    keys = [key for key, *_ in ranked.fetchall()]
    lines = [_sum_steps_of_events(connection, _add_filter(selection, by, key), starts, times) for key in keys]
    return _name_lines(connection, keys, lines, whole)


def _add_filter(selection: Selection, by: str, key: int) -> Selection:
    where, parameters = f"events.{by} = ? AND {selection.where}", (key, *selection.parameters)
    return selection._replace(where=where, parameters=parameters, keys={by: key, **selection.keys})


def _sum_steps_of_events(
    connection: sqlite3.Connection, selection: Selection, starts: Sequence[int], times: Times
) -> list[list[int]]:
    # A question for each step adds rows up as it reads them. One for all of them would have to sort them.
    source = narrow(connection, selection, times)
    ask = f"SELECT {SUMMED} FROM {source.table} WHERE {source.where} AND at >= ? AND at < ?"  # noqa: S608
    ends = [*starts[1:], times[1]]
    rows = (
        connection.execute(ask, (*source.parameters, max(start, times[0]), end)).fetchone()
        for start, end in zip(starts, ends, strict=True)
    )
    return [[value or 0 for value in row] for row in rows]


def to_line(rows: Iterable[Sequence[int]]) -> list[Sums]:
    """Return the sums of each step."""
    return [to_sums(row) for row in rows]


def _column_of(by: str) -> str:
    if by not in NAMED:
        raise Refusal("invalid_breakdown", f"calls can't be broken down by {by!r} and filtered at once")
    return by


def _read_events(
    connection: sqlite3.Connection,
    what: str,
    selection: Selection,
    times: Times,
    rest: str = "",
    *parameters: int,
) -> Any:
    source = narrow(connection, selection, times)
    return connection.execute(
        f"SELECT {what} FROM {source.table} WHERE {source.where} AND at >= ? AND at < ? {rest}",  # noqa: S608
        (*source.parameters, *times, *parameters),
    )
