"""What an event changes: its row, its content, the rollups, its run, and its limits, in one transaction.

An event whose `provider_response_id` the store has already seen in its category is told as a repeat and
changes nothing. With `updates` (`/ingest/bulk-upsert`) it replaces the earlier one, and with `repeats` (the
strict mode, plain `/ingest` and `/ingest/bulk`) it counts again, as it does at Pay-i.

The rows of a job are collected and inserted together at its end, table by table: one statement for many rows
takes half the time, and what many events share, such as a run, is written once.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import msgspec

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.limits import LimitBook
from payi_transport.serve.rollups import (
    DIMENSIONS,
    FIRST_TOKEN,
    HISTOGRAM_DIMENSIONS,
    LATENCY,
    Rollups,
    Sums,
    negate,
)
from payi_transport.serve.rows import Detail, Row
from payi_transport.serve.run_sums import RunSums
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.store import Writing
from payi_transport.values.event import Event

__all__ = ["EventWriter", "Written", "fingerprint"]

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(Detail).decode


class Written(NamedTuple):
    """What became of an event: its number in the store, and the state of each of its limits."""

    id: int
    duplicate: bool
    limits: dict[str, str]
    overrun: Decimal = Decimal(0)


class _Stored(NamedTuple):
    """A row of `events` without its id: its columns in their order, apart from those of `sums`."""

    at: int
    received: int
    fingerprint: int
    response_id: str
    category: int
    model: int
    use_case: int
    run: int
    step: int
    user: int
    account: int
    environment: int
    status: int | None
    latency: int | None
    first_token: int | None
    # One column for each of `schema.MEASURES`.
    sums: Sums
    detail: bytes


_FIRST = _Stored._fields.index("sums")
_COLUMNS = (*_Stored._fields[:_FIRST], *MEASURES, "detail")
_INSERT = f"INSERT INTO events (id, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"  # noqa: S608
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM events WHERE id = ?"  # noqa: S608
_ERRORS, _WASTED = MEASURES.index("errors"), MEASURES.index("wasted")
# The sums of one use of a unit, around its tokens in and out.
_BEFORE, _AFTER = (
    (1, *(0,) * (MEASURES.index("input") - 1)),
    (0,) * (len(MEASURES) - MEASURES.index("output") - 1),
)
# Dimensions of which a call has one value.
_SINGLE = ("use_case", "model", "account", "user", "category", "environment", "step")


class EventWriter:
    """Writes the events of one job. Call `finish` at its end."""

    def __init__(self, writing: Writing, received: int) -> None:
        self.connection = writing.connection
        # The use cases whose instances have limits, by name, once they were looked up.
        self.limited_use_cases: dict[str, Any] | None = None
        self.limits = LimitBook(writing.connection)
        self._writing = writing
        self._number = partial(writing.names.number, writing.connection)
        self._received = received
        self._rollups = Rollups()
        self._runs = RunSums()
        # What waits to be inserted. The numbers of its events are known already, by category and id.
        self._events: list[tuple[Any, ...]] = []
        self._tags: list[tuple[int, int, int]] = []
        self._contents: list[tuple[Any, ...]] = []
        self._waiting: dict[tuple[int, str], int] = {}
        self._last = 0

    def has(self, event: Event) -> bool:
        """Return whether the store has an event with the same id in the same category."""
        mark = fingerprint(event.category, event.provider_response_id)
        return self._find(mark, event.provider_response_id) is not None

    def add(self, row: Row, *, updates: bool = False, repeats: bool = False) -> Written:
        """Add an event, see the head of this module."""
        mark = fingerprint(row.event.category, row.event.provider_response_id)
        known = None if repeats else self._find(mark, row.event.provider_response_id)
        if known is None:
            return self._insert(row, mark, None)
        if not updates:
            return Written(known, True, {})
        self.remove(known)
        return self._insert(row, mark, known)

    def finish(self) -> None:
        """Write what was added, and its sums."""
        self._flush()
        self._runs.write(self.connection)
        self._rollups.write(self.connection)
        self.limits.write()

    def remove(self, event: int) -> None:
        """Take an event out of every table and sum."""
        self._flush()
        [values] = self.connection.execute(_SELECT, (event,)).fetchall()
        stored = _Stored._make((*values[:_FIRST], values[_FIRST:-1], values[-1]))
        detail = _decode(stored.detail)
        self._add_to_sums(stored, detail, -1)
        cost, fraction = (stored.sums[MEASURES.index(name)] for name in ("cost", "fraction"))
        self.limits.take_away(detail, to_dollars(cost, fraction), stored.at, stored.received)
        for table, column in (("events", "id"), ("contents", "event")):
            self.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (event,))  # noqa: S608
        places = [(self._number(tag), stored.at, event) for tag in detail.tags]
        self.connection.executemany("DELETE FROM tags WHERE tag = ? AND at = ? AND event = ?", places)

    def _flush(self) -> None:
        run = self.connection.executemany
        run(_INSERT, self._events)
        run("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", self._tags)
        run("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)", self._contents)
        for rows in (self._events, self._tags, self._contents, self._waiting):
            rows.clear()

    def _find(self, mark: int, response_id: str) -> int | None:
        waiting = self._waiting.get((mark, response_id))
        if waiting is not None:
            return waiting
        row = self.connection.execute(
            "SELECT id FROM events WHERE fingerprint = ? AND response_id = ?", (mark, response_id)
        ).fetchone()
        return None if row is None else int(row[0])

    def _insert(self, row: Row, mark: int, known: int | None) -> Written:
        number = known or self._next_number()
        states = self.limits.add(row)
        row.detail.limits.update(states)
        stored = self._to_stored(row, mark)
        self._events.append((number, *stored[:_FIRST], *stored.sums, stored.detail))
        self._waiting.setdefault((mark, stored.response_id), number)
        self._tags += [(self._number(tag), row.at, number) for tag in row.detail.tags]
        self._keep_content(row, number)
        self._add_to_sums(stored, row.detail, 1)
        return Written(number, False, states, self.limits.overrun)

    def _next_number(self) -> int:
        # No other process can take it: this transaction is the only one that writes.
        self._last = (self._last or _find_last(self.connection)) + 1
        return self._last

    def _keep_content(self, row: Row, number: int) -> None:
        request, response = row.event.provider_request_json, row.event.provider_response_json
        if request is not None or response is not None:
            text = "\n".join(response) if isinstance(response, tuple) else response
            self._contents.append((number, row.at, request, text))

    def _to_stored(self, row: Row, mark: int) -> _Stored:
        event, number = row.event, self._number
        return _Stored(
            at=row.at,
            received=self._received,
            fingerprint=mark,
            response_id=event.provider_response_id,
            category=number(event.category),
            model=number(event.resource),
            use_case=number(event.use_case_name),
            run=number(event.use_case_id),
            step=number(event.use_case_step),
            user=number(event.user_id),
            account=number(event.account_name),
            environment=number(row.environment),
            status=event.http_status_code,
            latency=event.end_to_end_latency_ms,
            first_token=event.time_to_first_token_ms,
            sums=row.sums,
            detail=_encode(row.detail),
        )

    def _add_to_sums(self, stored: _Stored, detail: Detail, sign: int) -> None:
        sums = stored.sums if sign > 0 else negate(stored.sums)
        self._rollups.add(stored.at, self._keys_of(stored, detail), sums)
        self._rollups.add_within(stored.at, self._keys_within(stored), sums)
        for name, count in detail.units.items():
            unit = (*_BEFORE, count.input or 0, count.output or 0, *_AFTER)
            place = (DIMENSIONS["unit"], self._number(name))
            self._rollups.add(stored.at, [place], unit if sign > 0 else negate(unit))
        keys = [(DIMENSIONS[name], getattr(stored, name, 0)) for name in HISTOGRAM_DIMENSIONS]
        for kind, ms in ((LATENCY, stored.latency), (FIRST_TOKEN, stored.first_token)):
            if ms is not None and not stored.sums[_ERRORS]:
                self._rollups.add_time(stored.at, kind, keys, ms, sign)
        if stored.run:
            change = self._runs.add if sign > 0 else self._runs.remove
            times = (stored.at, stored.at + (stored.latency or 0))
            change(stored.run, stored.use_case, stored.account, times, sums)

    def _keys_of(self, stored: _Stored, detail: Detail) -> Iterable[tuple[int, int]]:
        yield DIMENSIONS["total"], 0
        for name in _SINGLE:
            yield DIMENSIONS[name], getattr(stored, name)
        for name, texts in (("tag", detail.tags), ("limit", detail.limit_ids)):
            for number in {self._number(text) for text in texts} or {0}:
                yield DIMENSIONS[name], number
        if stored.sums[_ERRORS]:
            yield DIMENSIONS["status"], self._number(str(stored.status or "none"))
        if stored.sums[_WASTED]:
            yield DIMENSIONS["waste"], self._number(detail.waste)
        if not (stored.account and stored.use_case and stored.environment):
            yield DIMENSIONS["unowned"], stored.model

    def _keys_within(self, stored: _Stored) -> Iterator[tuple[int, int]]:
        large = self._writing.large.read_at(self.connection, stored.at)
        for name in _SINGLE if large else ():
            value = large.get((name, getattr(stored, name)))
            if value is not None and value.since <= stored.at < value.until:
                for second, dimension in value.within.items():
                    yield dimension, getattr(stored, second)


def _find_last(connection: sqlite3.Connection) -> int:
    """Return the highest number that an event ever had: those of deleted ones are not used again."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if row is None else int(row[0])


def fingerprint(category: str, response_id: str) -> int:
    """Return a number that stands for an id within its category: short, so that its index is."""
    text = f"{category}\0{response_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)
