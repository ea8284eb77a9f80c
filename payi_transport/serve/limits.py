"""Limits: how much of each was spent, and in which state each call left it.

A limit is `ok` below max * threshold, `exceeded` from there to max, and `overrun` above max. A limit of type
`block` works for calls through the proxy alone: once it is overrun, they are refused before they are sent.
Source: Pay-i's published OpenAPI. All arithmetic is in Decimal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.rows import Detail, Row

__all__ = ["STATES", "LimitBook", "LimitDocument", "Spent", "counts", "find_state", "reset_limit"]

_decode = msgspec.json.Decoder(Detail).decode

STATES = ("ok", "exceeded", "overrun", "blocked", "blocked_external", "failed")


class Spent(msgspec.Struct, kw_only=True):
    """What was spent of a limit since its last reset, in US dollars, and the calls by state."""

    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    calls: dict[str, int] = {}


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
    rows = connection.execute(
        "SELECT detail, cost, fraction, at, received FROM events WHERE at >= ?", (_in_ms(moment),)
    )
    for body, cost, fraction, at, received in rows:
        detail = _decode(body)
        state = detail.limits.get(limit.limit_id)
        if state is not None and counts(made, at, received):
            _spend(made.spent, detail, to_dollars(cost, fraction), 1)
            made.spent.calls[state] = made.spent.calls.get(state, 0) + 1
    return made


def _in_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class LimitBook:
    """The limits that the events of one job change, read once and written once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._limits: dict[str, LimitDocument | None] = {}
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
            if limit is None or (limit.reset is not None and row.at < _in_ms(limit.reset)):
                continue
            _spend(limit.spent, row.detail, row.billed, 1)
            states[limit_id] = state = find_state(limit)
            self.overrun = max(self.overrun, limit.spent.total - limit.max)
            limit.spent.calls[state] = limit.spent.calls.get(state, 0) + 1
        return states

    def take_away(self, detail: Detail, billed: Decimal, at: int, received: int) -> None:
        """Undo `add` for an event that is removed, in the limits that count it."""
        for limit_id, state in detail.limits.items():
            limit = self.find(limit_id)
            if limit is not None and counts(limit, at, received):
                _spend(limit.spent, detail, billed, -1)
                limit.spent.calls[state] = limit.spent.calls.get(state, 0) - 1

    def find_blocking(self, limit_ids: Iterable[str]) -> list[str]:
        """Return those limits that stop a call, and count the call there."""
        limits = [limit for limit_id in limit_ids if (limit := self.find(limit_id)) and blocks(limit)]
        for limit in limits:
            limit.spent.calls["blocked"] = limit.spent.calls.get("blocked", 0) + 1
        return [limit.limit_id for limit in limits]

    def put(self, limit: LimitDocument) -> None:
        """Add a limit that is new, or changed."""
        self._limits[limit.limit_id] = limit

    def write(self) -> None:
        """Store the limits that were looked at."""
        for limit_id, limit in self._limits.items():
            if limit is not None:
                put_document(self._connection, limit, limit_id)


def _spend(spent: Spent, detail: Detail, billed: Decimal, sign: int) -> None:
    spent.total += sign * billed
    # What a subscription includes has a price, and is not billed.
    for line in detail.lines if billed else ():
        if line.amount is None:
            continue
        if line.direction == "output":
            spent.output += sign * line.amount
        else:
            spent.input += sign * line.amount
