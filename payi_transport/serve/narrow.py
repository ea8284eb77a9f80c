"""How to read the events of a selection: by the index of the filter that leaves the fewest of them.

SQLite knows nothing of how many events a customer has. The rollups do, for the time that is asked about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from payi_transport.serve.rollups import DIMENSIONS
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.selection import HAS_TAG, Selection
from payi_transport.serve.sums import sum_total

__all__ = ["Source", "narrow"]

Times = tuple[int, int]
_CALLS = MEASURES.index("calls")
# The dimensions with an index of the same name, apart from tags, which have a table.
_INDEXED: Final = ("use_case", "model", "account", "user")
_SWITCHES: Final = {"errors": "failed", "unpriced": "unpriced"}
# Up to so many calls with a tag are looked up one by one. A tag of more is asked for with each call.
_FEW = 50_000
_BY_TAG: Final = "events.id IN (SELECT event FROM tags WHERE tag = ? AND at >= ? AND at < ?)"


class Source(NamedTuple):
    """What stands after FROM, and the clause and its parameters."""

    table: str
    where: str
    parameters: tuple[Any, ...]


def narrow(connection: sqlite3.Connection, selection: Selection, times: Times) -> Source:
    """Return where to read the events of a selection from; the caller adds the bounds of time."""
    counts = dict(_count(connection, selection, times))
    index = min(counts, key=lambda name: counts[name], default="at")
    if index != "tag":
        # The index of runs leaves out the calls of none, so a question has to leave them out, too.
        where = f"events.run > 0 AND {selection.where}" if index == "run" else selection.where
        return Source(f"events INDEXED BY events_{index}", where, selection.parameters)
    # The tag is the last name among the parameters.
    place = len(selection.keys)
    parameters = (*selection.parameters[:place], *times, *selection.parameters[place:])
    return Source("events NOT INDEXED", selection.where.replace(HAS_TAG, _BY_TAG), parameters)


def _count(connection: sqlite3.Connection, selection: Selection, times: Times) -> Iterator[tuple[str, int]]:
    """Yield each index that can be used, and how many events it leaves."""
    if selection.keys.get("run"):
        # A run has few calls, and no sums by time.
        yield "run", 0
    for switch in selection.switches:
        yield _SWITCHES[switch], sum_total(connection, *times)[MEASURES.index(switch)]
    for name in (*_INDEXED, "tag"):
        if name in selection.keys:
            calls = sum_total(connection, *times, DIMENSIONS[name], selection.keys[name])[_CALLS]
            if name != "tag" or calls <= _FEW:
                yield name, calls
