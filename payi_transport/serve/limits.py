"""Limits: how much of each was spent, and in which state each call left it.

A limit is `ok` below max * threshold, `exceeded` from there to max, and `overrun` above max. A limit of type
`block` works for calls through the proxy alone: once it is overrun, they are refused before they are sent.
Source: Pay-i's published OpenAPI. All arithmetic is in Decimal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.documents import find_document, list_documents, put_document
from payi_transport.serve.rows import Detail, Row
from payi_transport.serve.spending import QUARTER_MS, Place, Spending, Spent, create_table, read_since

__all__ = [
    "STATES",
    "LimitBook",
    "LimitDocument",
    "Spent",
    "counts",
    "fill_spending",
    "find_state",
    "reset_limit",
]

_decode = msgspec.json.Decoder(Detail).decode

STATES = ("ok", "exceeded", "overrun", "blocked", "blocked_external", "failed")


class LimitDocument(msgspec.Struct, kw_only=True):
    """A limit, as the store has it."""

    limit_id: str
    limit_name: str
    limit_type: str
    max: Decimal
    threshold: Decimal | None = None
    created: datetime
    updated: datetime
    reset: datetime | None = None
    properties: dict[str, str] = {}
    spent: Spent = msgspec.field(default_factory=Spent)


def find_state(limit: LimitDocument) -> str:
    """Return the state of a limit by what was spent of it."""
    if limit.spent.total > limit.max:
        return "overrun"
    threshold = Decimal(1) if limit.threshold is None else limit.threshold
    return "exceeded" if limit.spent.total >= limit.max * threshold else "ok"


def blocks(limit: LimitDocument) -> bool:
    """Return whether a limit stops the next call through the proxy."""
    return limit.limit_type == "block" and find_state(limit) == "overrun"


def counts(limit: LimitDocument, at: int, received: int) -> bool:
    """Return whether an event that names a limit is part of what was spent of it. Times are in ms since 1970.

    An earlier limit may have had the same id.
    """
    return received >= _in_ms(limit.created) and (limit.reset is None or at >= _in_ms(limit.reset))


def reset_limit(connection: sqlite3.Connection, limit: LimitDocument, moment: datetime) -> LimitDocument:
    """Return a limit of which only the calls since a moment are spent."""
    made = msgspec.structs.replace(limit, reset=moment, spent=Spent())
    start = _in_ms(moment)
    bucket = -(-start // QUARTER_MS) * QUARTER_MS
    for spent in read_since(connection, _place_of(limit), bucket):
        made.spent.merge(spent)
    # What is left of the quarter of an hour in which the moment is.
    for detail, billed, at, received in _read_events(connection, start, bucket):
        state = detail.limits.get(limit.limit_id)
        if state is not None and counts(made, at, received):
            made.spent.spend(detail, billed)
            made.spent.count(state)
    return made


def fill_spending(connection: sqlite3.Connection) -> None:
    """Create the table of what limits spent by time, and fill it from the events that there are."""
    create_table(connection)
    spending = Spending()
    limits = {limit.limit_id: limit for limit in list_documents(connection, LimitDocument)}
    for detail, billed, at, received in _read_events(connection, 0, 2**62) if limits else ():
        for limit_id, state in detail.limits.items():
            limit = limits.get(limit_id)
            if limit is not None and received >= _in_ms(limit.created):
                spending.add(_place_of(limit), at, detail, billed, state)
    spending.write(connection)


def _read_events(
    connection: sqlite3.Connection, start: int, end: int
) -> Iterator[tuple[Detail, Decimal, int, int]]:
    rows = connection.execute(
        "SELECT detail, cost, fraction, at, received FROM events WHERE at >= ? AND at < ?", (start, end)
    )
    for body, cost, fraction, at, received in rows:
        yield _decode(body), to_dollars(cost, fraction), at, received


def _place_of(limit: LimitDocument) -> Place:
    return limit.limit_id, _in_ms(limit.created)


def _in_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class LimitBook:
    """The limits that the events of one job change, read once and written once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._limits: dict[str, LimitDocument | None] = {}
        self._spending = Spending()
        # How far the last event left its fullest limit above its maximum.
        self.overrun = Decimal(0)

    def find(self, limit_id: str) -> LimitDocument | None:
        """Return a limit as it is by now."""
        if limit_id not in self._limits:
            self._limits[limit_id] = find_document(self._connection, LimitDocument, limit_id)
        return self._limits[limit_id]

    def types_of(self, limit_ids: Any) -> dict[str, str]:
        """Return the types of those limits that there are."""
        found = {limit_id: self.find(limit_id) for limit_id in limit_ids or ()}
        return {limit_id: limit.limit_type for limit_id, limit in found.items() if limit is not None}

    def add(self, row: Row) -> dict[str, str]:
        """Add an event to its limits, and return the state that it left each in."""
        states: dict[str, str] = {}
        self.overrun = Decimal(0)
        for limit_id in dict.fromkeys(row.event.limit_ids or ()):
            limit = self.find(limit_id)
            if limit is None:
                continue
            # A call from before the last reset counts again once the limit is reset to an earlier moment.
            is_since_reset = limit.reset is None or row.at >= _in_ms(limit.reset)
            if is_since_reset:
                limit.spent.spend(row.detail, row.billed)
                self.overrun = max(self.overrun, limit.spent.total - limit.max)
            states[limit_id] = state = find_state(limit)
            if is_since_reset:
                limit.spent.count(state)
            self._spending.add(_place_of(limit), row.at, row.detail, row.billed, state)
        return states

    def take_away(self, detail: Detail, billed: Decimal, at: int, received: int) -> None:
        """Undo `add` for an event that is removed, in the limits that count it."""
        for limit_id, state in detail.limits.items():
            limit = self.find(limit_id)
            if limit is None or received < _in_ms(limit.created):
                continue
            self._spending.add(_place_of(limit), at, detail, billed, state, -1)
            if counts(limit, at, received):
                limit.spent.spend(detail, billed, -1)
                limit.spent.count(state, -1)

    def find_blocking(self, limit_ids: Iterable[str]) -> list[str]:
        """Return those limits that stop a call, and count the call there."""
        limits = [limit for limit_id in limit_ids if (limit := self.find(limit_id)) and blocks(limit)]
        for limit in limits:
            limit.spent.count("blocked")
        return [limit.limit_id for limit in limits]

    def put(self, limit: LimitDocument) -> None:
        """Add a limit that is new, or changed."""
        self._limits[limit.limit_id] = limit

    def write(self) -> None:
        """Store the limits that were looked at, and what was spent of them."""
        self._spending.write(self._connection)
        for limit_id, limit in self._limits.items():
            if limit is not None:
                put_document(self._connection, limit, limit_id)
