"""Sums over time and by dimension: from rollups where these cover the filters, else from events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from payi_transport.serve.event_sums import rank_events, sum_events, sum_events_by, sum_steps_of_events
from payi_transport.serve.large import find_large
from payi_transport.serve.names import name_numbers
from payi_transport.serve.rollups import DIMENSIONS
from payi_transport.serve.selection import NAMED, Selection
from payi_transport.serve.sums import Groups, first_groups, rank_groups, sum_steps, sum_total, to_sums
from payi_transport.serve.views import Line, Sums

__all__ = ["rank", "read_lines", "total_of"]

Steps = list[list[int]]


def total_of(connection: sqlite3.Connection, selection: Selection, start: int, end: int) -> Sums:
    """Return the sums of a selection."""
    if selection.dimension is None:
        return to_sums(sum_events(connection, selection, start, end))
    return to_sums(sum_total(connection, start, end, DIMENSIONS[selection.dimension], selection.key))


def rank(
    connection: sqlite3.Connection, selection: Selection, by: str, start: int, end: int, most: int
) -> Groups:
    """Return the most expensive groups. Raises Refusal for a dimension that can't be filtered."""
    if selection.dimension == by:
        return {selection.key: sum_total(connection, start, end, DIMENSIONS[by], selection.key)}
    if _has_all(connection, selection, by, start, end):
        return rank_groups(connection, DIMENSIONS[by], start, end, most)
    large = find_large(connection, selection, by)
    if large is not None:
        return first_groups(large.sum_groups(connection, start, end), most)
    return first_groups(sum_events_by(connection, selection, by, start, end), most)


def _has_all(connection: sqlite3.Connection, selection: Selection, by: str, start: int, end: int) -> bool:
    """Return whether a selection has all calls, so that their sums by a dimension are its own."""
    if selection.dimension is None or selection.dimension == "total":
        return selection.dimension is not None
    if by not in NAMED:
        return False
    own = sum_total(connection, start, end, DIMENSIONS[selection.dimension], selection.key)
    return own == sum_total(connection, start, end)


def read_lines(
    connection: sqlite3.Connection, selection: Selection, by: str | None, marks: Sequence[int], most: int
) -> list[Line]:
    """Return a line for each of the largest values, and one for the rest.

    `marks` has the start of each step, and the end of the last one. Raises Refusal for a dimension that can't
    be filtered.
    """
    if selection.dimension is None:
        whole = sum_steps_of_events(connection, selection, marks)
    else:
        whole = sum_steps(connection, DIMENSIONS[selection.dimension], selection.key, marks)
    if by is None:
        return [Line(None, _to_line(whole))]
    if by == selection.dimension:
        [name] = name_numbers(connection, [selection.key])
        return [Line(name, _to_line(whole))]
    keys, lines = _read_largest(connection, selection, by, marks, most)
    named = zip(name_numbers(connection, keys), lines, strict=True)
    # Where calls have several values, as with tags, the lines may add up to more than there is.
    rest = [
        [max(0, all_ - sum(shown)) for all_, *shown in zip(*sums, strict=True)]
        for sums in zip(whole, *lines, strict=True)
    ]
    return [*(Line(name, _to_line(sums)) for name, sums in named), Line(None, _to_line(rest))]


def _read_largest(
    connection: sqlite3.Connection, selection: Selection, by: str, marks: Sequence[int], most: int
) -> tuple[list[int], list[Steps]]:
    """Return the most expensive values, and the sums of each in each step."""
    start, end = marks[0], marks[-1]
    if _has_all(connection, selection, by, start, end):
        keys = list(rank_groups(connection, DIMENSIONS[by], start, end, most))
        return keys, [sum_steps(connection, DIMENSIONS[by], key, marks) for key in keys]
    large = find_large(connection, selection, by)
    if large is not None and large.has_days(marks):
        keys = list(first_groups(large.sum_groups(connection, start, end), most))
        return keys, large.sum_steps(connection, keys, marks)
    keys = rank_events(connection, selection, by, (start, end), most)
    return keys, [sum_steps_of_events(connection, _add_filter(selection, by, key), marks) for key in keys]


def _add_filter(selection: Selection, by: str, key: int) -> Selection:
    where, parameters = f"events.{by} = ? AND {selection.where}", (key, *selection.parameters)
    return selection._replace(where=where, parameters=parameters, keys={by: key, **selection.keys})


def _to_line(rows: Iterable[Sequence[int]]) -> list[Sums]:
    return [to_sums(row) for row in rows]
