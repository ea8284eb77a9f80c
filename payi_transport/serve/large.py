"""Values that many calls have, such as a large customer, and the sums within them by a second dimension.

Such sums of every value would take a row for nearly every event, and without any, a question about a large
one would read all of its events. The large ones are few, and any other has few events.

The sums are by day, and cost nothing while events arrive: the service adds them up some minutes later, a few
at a time (see `keep_large`). They are complete from `since` up to `until`, in ms since 1970, and the last day
has those up to then. An event that comes late between these, or is replaced, changes them in its transaction.
The parts of days at the ends of a span are read from events.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from payi_transport.serve.event_sums import sum_events_by
from payi_transport.serve.periods import Block
from payi_transport.serve.rollups import DAY_MS, DIMENSIONS, SECOND, within
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.selection import Selection
from payi_transport.serve.sums import Groups, merge_groups, sum_block, sum_groups, sum_steps

__all__ = ["Large", "find_large"]

_NOTHING = [0] * len(MEASURES)


class Large(NamedTuple):
    """A large value, by a second dimension. `selection` has its events."""

    selection: Selection
    by: str
    dimension: int
    # From a midnight up to a quarter of an hour.
    since: int
    until: int

    def sum_groups(self, connection: sqlite3.Connection, start: int, end: int) -> Groups:
        """Return the sums of every group."""
        first = min(max(self.since, -(-start // DAY_MS) * DAY_MS), end)
        last = max(self.until if self.until <= end else end // DAY_MS * DAY_MS, first)
        groups = sum_groups(connection, self.dimension, [Block(1, first, last)])
        for part in ((start, first), (last, end)):
            merge_groups(groups, sum_events_by(connection, self.selection, self.by, *part))
        return groups

    def has_days(self, marks: Sequence[int]) -> bool:
        """Return whether there are sums of nearly all days between the marks, which are days or weeks."""
        # The first and the last step may be parts of a day. Where a clock goes forward, one has 23 hours.
        are_days = len(marks) - 4 <= (marks[-1] - marks[0]) // DAY_MS
        return are_days and self.since <= self._find_start(marks[0]) and marks[-1] <= self.until + 2 * DAY_MS

    def sum_steps(
        self, connection: sqlite3.Connection, keys: Sequence[int], marks: Sequence[int]
    ) -> list[list[list[int]]]:
        """Return the sums of each key between each two of the marks."""
        # Of each step, the whole days from midnight to midnight, and what its ends have more or less of them.
        where = f"events.{self.by} IN (SELECT value FROM json_each(?)) AND {self.selection.where}"  # noqa: S608
        parameters = (json.dumps(keys), *self.selection.parameters)
        chosen = self.selection._replace(where=where, parameters=parameters)
        parts = [self._sum_day_until(connection, chosen, keys, mark) for mark in marks]
        days = [self._find_start(mark) for mark in marks]
        return [
            [
                [value - less + more for value, less, more in zip(sums, *ends, strict=True)]
                for sums, ends in zip(
                    sum_steps(connection, self.dimension, key, days, level=1),
                    pairwise(part.get(key, _NOTHING) for part in parts),
                    strict=True,
                )
            ]
            for key in keys
        ]

    def _sum_day_until(
        self, connection: sqlite3.Connection, chosen: Selection, keys: Sequence[int], mark: int
    ) -> Groups:
        start = self._find_start(mark)
        following = start + DAY_MS
        if mark - start <= following - mark or following > self.until:
            return sum_events_by(connection, chosen, self.by, start, mark)
        # Fewer events are in the rest of the day.
        groups = sum_block(connection, self.dimension, Block(1, start, following), keys)
        rest = sum_events_by(connection, chosen, self.by, mark, following)
        merge_groups(groups, {key: [-value for value in sums] for key, sums in rest.items()})
        return groups

    def _find_start(self, mark: int) -> int:
        """Return the midnight before a mark, or the time up to which there are sums."""
        return self.until if self.until <= mark else mark // DAY_MS * DAY_MS


def find_large(connection: sqlite3.Connection, selection: Selection, by: str) -> Large | None:
    """Return the large value that a selection is of, None if there are no sums of it by another dimension."""
    first, key = selection.dimension, selection.key
    if first is None or by not in SECOND:
        return None
    row = connection.execute(
        "SELECT since, until FROM large WHERE dimension = ? AND key = ?", (DIMENSIONS[first], key)
    ).fetchone()
    if row is None:
        return None
    # Of the first day, some calls may be added up already.
    return Large(selection, by, within(first, key, by), -(-row[0] // DAY_MS) * DAY_MS, row[1])
