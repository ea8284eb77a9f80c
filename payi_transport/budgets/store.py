"""The sums of all budgets in one SQLite file, shared by all processes that use it.

Each change is one transaction that reads, adds, and writes, so processes that report at the same moment lose
nothing, and a process that is killed leaves the file whole. Amounts are decimal text: SQLite's own sums are
floats. The row of a warning level is inserted once, and whoever inserts it reports the level.

A connection is opened for each change. That takes a fraction of a millisecond, and no connection is ever
carried into a forked child.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from payi_transport.budgets.budget import Key

__all__ = ["Change", "Store", "Total", "find_default_file"]

# Seconds that another process may hold the file.
_LOCK_TIMEOUT = 5.0
# `part` is the start of a day or hour of the period; -1 is the row of the whole period.
_WHOLE = -1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS spending (
    budget TEXT, owner TEXT, start REAL, part REAL, spent TEXT, calls INTEGER, unpriced INTEGER,
    PRIMARY KEY (budget, owner, start, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS warned (
    budget TEXT, owner TEXT, start REAL, level TEXT, PRIMARY KEY (budget, owner, start, level)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (day TEXT PRIMARY KEY, calls INTEGER) WITHOUT ROWID;
"""


class Change(NamedTuple):
    """What is added to a sum: an amount, a number of calls, and how many of them have no price."""

    spent: Decimal = Decimal(0)
    calls: int = 0
    unpriced: int = 0

    def plus(self, other: Change) -> Change:
        """Return both as one change."""
        return Change(self.spent + other.spent, self.calls + other.calls, self.unpriced + other.unpriced)


class Total(NamedTuple):
    """The sum of a period."""

    key: Key
    spent: Decimal
    calls: int
    unpriced: int


def find_default_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file in this user's state directory."""
    state = environment.get("XDG_STATE_HOME") or environment.get("LOCALAPPDATA")
    folder = Path(state) if state else Path.home() / ".local" / "state"
    return folder / "payi-transport" / "budgets.db"


class Store:
    """The file. Every method raises OSError or sqlite3.Error if it can't be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, changes: Mapping[tuple[Key, float], Change]) -> dict[Key, Total]:
        """Add changes, each to a key and a part of its period; return the new totals of those keys."""
        with self._transaction() as connection:
            for (key, part), change in changes.items():
                for row in (part, _WHOLE):
                    self._add_one(connection, key, row, change)
            return {key: self._read_total(connection, key) for key in {key for key, _ in changes}}

    def _add_one(self, connection: sqlite3.Connection, key: Key, part: float, change: Change) -> None:
        found = connection.execute(
            "SELECT spent, calls, unpriced FROM spending WHERE budget=? AND owner=? AND start=? AND part=?",
            (*key, part),
        ).fetchone()
        total = change if found is None else change.plus(Change(Decimal(found[0]), found[1], found[2]))
        connection.execute(
            "INSERT OR REPLACE INTO spending VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, part, str(total.spent), total.calls, total.unpriced),
        )

    def _read_total(self, connection: sqlite3.Connection, key: Key) -> Total:
        row = connection.execute(
            "SELECT spent, calls, unpriced FROM spending WHERE budget=? AND owner=? AND start=? AND part=?",
            (*key, _WHOLE),
        ).fetchone()
        return Total(key, Decimal(row[0]), row[1], row[2])

    def claim(self, levels: Iterable[tuple[Key, str]]) -> list[tuple[Key, str]]:
        """Return the warning levels that nobody has reported yet; from now on they are."""
        with self._transaction() as connection:
            return [
                (key, level)
                for key, level in levels
                if connection.execute(
                    "INSERT OR IGNORE INTO warned VALUES (?, ?, ?, ?)", (*key, level)
                ).rowcount
            ]

    def read_totals(self, starts: Mapping[str, float]) -> list[Total]:
        """Return the totals of each budget's period that starts then, in the order of their names."""
        if not self.path.exists():
            return []
        with self._transaction() as connection:
            rows = [
                row
                for budget, start in starts.items()
                for row in connection.execute(
                    "SELECT budget, owner, start, spent, calls, unpriced FROM spending"
                    " WHERE budget=? AND start=? AND part=? ORDER BY owner",
                    (budget, start, _WHOLE),
                )
            ]
        return [Total(Key(*row[:3]), Decimal(row[3]), row[4], row[5]) for row in rows]

    def read_parts(self, key: Key) -> dict[float, Decimal]:
        """Return what was spent in each part of a period that had a call, by the start of the part."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT part, spent FROM spending WHERE budget=? AND owner=? AND start=? AND part>=0", key
            ).fetchall()
        return {part: Decimal(spent) for part, spent in rows}

    def add_lost(self, day: str, calls: int) -> None:
        """Count calls that were lost before they could be priced, on a date."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO lost VALUES (?, ?)"
                " ON CONFLICT (day) DO UPDATE SET calls = calls + excluded.calls",
                (day, calls),
            )

    def read_lost(self, since: str) -> int:
        """Return how many calls were lost since a date."""
        if not self.path.exists():
            return 0
        with self._transaction() as connection:
            row = connection.execute("SELECT SUM(calls) FROM lost WHERE day >= ?", (since,)).fetchone()
        return row[0] or 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # For this user only, as the names of customers are in it.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
