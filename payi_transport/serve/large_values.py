"""The large values (see `large`), remembered by the one thread that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from payi_transport.serve.rollups import DIMENSIONS, FIRST, list_within

__all__ = ["LargeValue", "LargeValues"]

_FIRST = {DIMENSIONS[name]: name for name in FIRST}


class LargeValue(NamedTuple):
    """Between which times there are sums within a value, and their dimensions by the second one."""

    since: int
    until: int
    within: Mapping[str, int]


class LargeValues:
    """Which values are large, and the dimensions within them."""

    __slots__ = ("_known", "_until")

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], LargeValue] | None = None
        self._until = 0

    def read(self, connection: sqlite3.Connection) -> Mapping[tuple[str, int], LargeValue]:
        """Return the large values."""
        if self._known is None:
            self._known = {
                (_FIRST[dimension], key): LargeValue(since, until, list_within(_FIRST[dimension], key))
                for dimension, key, since, until in connection.execute(
                    "SELECT dimension, key, since, until FROM large"
                )
            }
            self._until = max((value.until for value in self._known.values()), default=0)
        return self._known

    def read_at(self, connection: sqlite3.Connection, at: int) -> Mapping[tuple[str, int], LargeValue]:
        """Return the large values, or nothing if none of them has sums for a time as late as `at`."""
        known = self.read(connection)
        return known if at < self._until else {}

    def forget(self) -> None:
        """Read them again, after they changed or a transaction was undone."""
        self._known = None
