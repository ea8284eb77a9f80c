"""What the calls of each limit spent, by quarter of an hour, kept in the transaction of their events.

A reset counts a limit's calls since any moment. With these sums, it reads the events of one quarter of an
hour, and not all that came since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from payi_transport.serve.rows import Detail

__all__ = ["QUARTER_MS", "Place", "Spending", "Spent", "create_table", "read_since"]

QUARTER_MS: Final = 15 * 60 * 1000
# A limit by its id and when it was created, in ms since 1970: an earlier one may have had the same id.
Place = tuple[str, int]
_encode = msgspec.json.Encoder(decimal_format="string").encode


class Spent(msgspec.Struct, kw_only=True):
    """What was spent of a limit since its last reset, in US dollars, and the calls by state."""

    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    calls: dict[str, int] = {}

    def spend(self, detail: Detail, billed: Decimal, sign: int = 1) -> None:
        """Add what a call cost, or take it away with `sign` -1. Its state is counted by `count`."""
        self.total += sign * billed
        # What a subscription includes has a price, and is not billed.
        for line in detail.lines if billed else ():
            if line.amount is None:
                continue
            if line.direction == "output":
                self.output += sign * line.amount
            else:
                self.input += sign * line.amount

    def count(self, state: str, number: int = 1) -> None:
        """Add calls that left the limit in a state."""
        self.calls[state] = self.calls.get(state, 0) + number

    def merge(self, other: Spent) -> None:
        """Add what other calls spent."""
        self.input += other.input
        self.output += other.output
        self.total += other.total
        for state, number in other.calls.items():
            self.count(state, number)


_decode = msgspec.json.Decoder(Spent).decode


class Spending:
    """What a transaction adds."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, int, int], Spent] = {}

    def add(self, place: Place, at: int, detail: Detail, billed: Decimal, state: str, sign: int = 1) -> None:
        """Add a call of a limit at `at`; take it away with `sign` -1."""
        spent = self._sums.setdefault((*place, at // QUARTER_MS * QUARTER_MS), Spent())
        spent.spend(detail, billed, sign)
        spent.count(state, sign)

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the store."""
        for key, spent in self._sums.items():
            row = connection.execute(
                "SELECT body FROM spending WHERE limit_id = ? AND created = ? AND bucket = ?", key
            ).fetchone()
            if row is not None:
                spent.merge(_decode(row[0]))
            connection.execute("INSERT OR REPLACE INTO spending VALUES (?, ?, ?, ?)", (*key, _encode(spent)))
        self._sums.clear()


def read_since(connection: sqlite3.Connection, place: Place, bucket: int) -> Iterator[Spent]:
    """Yield what was spent of a limit in each quarter of an hour from `bucket` on."""
    rows = connection.execute(
        "SELECT body FROM spending WHERE limit_id = ? AND created = ? AND bucket >= ?", (*place, bucket)
    )
    return (_decode(body) for [body] in rows)


def create_table(connection: sqlite3.Connection) -> None:
    """Create the table of these sums."""
    connection.execute(
        "CREATE TABLE spending (limit_id TEXT NOT NULL, created INTEGER NOT NULL, bucket INTEGER NOT NULL,"
        " body BLOB NOT NULL, PRIMARY KEY (limit_id, created, bucket)) WITHOUT ROWID"
    )
