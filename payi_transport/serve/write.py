"""What an event changes: its row, its content, the rollups, its run, and its limits, in one transaction.

An event whose `provider_response_id` the store has already seen in its category is told as a repeat and
changes nothing. With `updates` (`/ingest/bulk-upsert`) it replaces the earlier one, and with `repeats` (the
strict mode, plain `/ingest` and `/ingest/bulk`) it counts again, as it does at Pay-i.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.limits import LimitBook
from payi_transport.serve.rollups import DIMENSIONS, FIRST_TOKEN, HISTOGRAM_DIMENSIONS, LATENCY, Rollups
from payi_transport.serve.rows import Detail, Row
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.store import Writing

__all__ = ["EVENT_COLUMNS", "EventWriter", "Written", "fingerprint"]

KEYS = ("category", "model", "use_case", "run", "step", "user", "account", "environment")
EVENT_COLUMNS = (
    *("at", "received", "fingerprint", "response_id", *KEYS, "status", "latency", "first_token"),
    *(*MEASURES, "detail"),
)
_INSERT = f"INSERT INTO events (id, {', '.join(EVENT_COLUMNS)}) VALUES (?{', ?' * len(EVENT_COLUMNS)})"  # noqa: S608
_ADD_TO_RUN = (
    f"INSERT INTO runs (run, use_case, account, started, ended, {', '.join(MEASURES)})"  # noqa: S608
    f" VALUES (?, ?, ?, ?, ?{', ?' * len(MEASURES)}) ON CONFLICT (run) DO UPDATE SET"
    " started = min(started, excluded.started), ended = max(ended, excluded.ended), "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in MEASURES)
)
_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(Detail).decode


class Written(NamedTuple):
    """What became of an event: its number in the store, and the state of each of its limits."""

    id: int
    duplicate: bool
    limits: dict[str, str]
    overrun: Decimal = Decimal(0)


class EventWriter:
    """Writes the events of one job. Call `finish` at its end."""

    def __init__(self, writing: Writing, received: int) -> None:
        self.connection = writing.connection
        # The use cases whose instances have limits, by name, once they were looked up.
        self.limited_use_cases: dict[str, Any] | None = None
        self._writing = writing
        self._received = received
        self._rollups = Rollups()
        self.limits = LimitBook(writing.connection)

    def add(self, row: Row, *, updates: bool = False, repeats: bool = False) -> Written:
        """Write an event, see the head of this module."""
        mark = fingerprint(row.event.category, row.event.provider_response_id)
        known = None if repeats else self._find(mark, row.event.provider_response_id)
        if known is None:
            return self._insert(row, mark, None)
        if not updates:
            return Written(known, True, {})
        self.remove(known)
        return self._insert(row, mark, known)

    def finish(self) -> None:
        """Write the sums of what was added."""
        self._rollups.write(self.connection)
        self.limits.write()

    def remove(self, event: int) -> None:
        """Take an event out of every table and sum."""
        [values] = self.connection.execute(
            f"SELECT {', '.join(EVENT_COLUMNS)} FROM events WHERE id = ?",  # noqa: S608
            (event,),
        ).fetchall()
        stored = dict(zip(EVENT_COLUMNS, values, strict=True))
        detail = _decode(stored["detail"])
        self._add_to_sums(stored, detail, -1)
        billed = to_dollars(stored["cost"], stored["fraction"])
        self.limits.take_away(detail, billed, stored["at"], stored["received"])
        for table, column in (("events", "id"), ("contents", "event")):
            self.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (event,))  # noqa: S608
        for tag in detail.tags:
            place = (self._number(tag), stored["at"], event)
            self.connection.execute("DELETE FROM tags WHERE tag = ? AND at = ? AND event = ?", place)

    def _find(self, mark: int, response_id: str) -> int | None:
        row = self.connection.execute(
            "SELECT id FROM events WHERE fingerprint = ? AND response_id = ?", (mark, response_id)
        ).fetchone()
        return None if row is None else int(row[0])

    def _insert(self, row: Row, mark: int, event: int | None) -> Written:
        stored = self._to_columns(row, mark)
        states = self.limits.add(row)
        row.detail.limits.update(states)
        stored["detail"] = _encode(row.detail)
        values = tuple(stored[name] for name in EVENT_COLUMNS)
        # NULL lets SQLite choose the number.
        cursor = self.connection.execute(_INSERT, (event, *values))
        number = event or int(cursor.lastrowid or 0)
        self._add_to_sums(stored, row.detail, 1)
        self.connection.executemany(
            "INSERT OR IGNORE INTO tags VALUES (?, ?, ?)",
            [(self._number(tag), row.at, number) for tag in row.detail.tags],
        )
        self._keep_content(row, number)
        return Written(number, False, states, self.limits.overrun)

    def _keep_content(self, row: Row, number: int) -> None:
        request, response = row.event.provider_request_json, row.event.provider_response_json
        if request is not None or response is not None:
            text = "\n".join(response) if isinstance(response, tuple) else response
            values = (number, row.at, request, text)
            self.connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)", values)

    def _number(self, text: str | None) -> int:
        return self._writing.names.number(self.connection, text)

    def _to_columns(self, row: Row, mark: int) -> dict[str, Any]:
        event, number = row.event, self._number
        return {
            "at": row.at,
            "received": self._received,
            "fingerprint": mark,
            "response_id": event.provider_response_id,
            "category": number(event.category),
            "model": number(event.resource),
            "use_case": number(event.use_case_name),
            "run": number(event.use_case_id),
            "step": number(event.use_case_step),
            "user": number(event.user_id),
            "account": number(event.account_name),
            "environment": number(row.environment),
            "status": event.http_status_code,
            "latency": event.end_to_end_latency_ms,
            "first_token": event.time_to_first_token_ms,
            **dict(zip(MEASURES, row.sums, strict=True)),
        }

    def _add_to_sums(self, stored: dict[str, Any], detail: Detail, sign: int) -> None:
        at = stored["at"]
        sums = tuple(stored[name] for name in MEASURES)
        self._rollups.add(at, self._keys_of(stored, detail), sums, sign)
        for name, count in detail.units.items():
            counted = {"calls": 1, "input": count.input or 0, "output": count.output or 0}
            unit = dict.fromkeys(MEASURES, 0) | counted
            place = (DIMENSIONS["unit"], self._number(name))
            self._rollups.add(at, [place], tuple(unit.values()), sign)
        keys = [(DIMENSIONS[name], stored.get(name, 0)) for name in HISTOGRAM_DIMENSIONS]
        for kind, name in ((LATENCY, "latency"), (FIRST_TOKEN, "first_token")):
            if stored[name] is not None and not stored["errors"]:
                self._rollups.add_time(at, kind, keys, stored[name], sign)
        if stored["run"]:
            run = (stored["run"], stored["use_case"], stored["account"], at, at)
            self.connection.execute(_ADD_TO_RUN, (*run, *(sign * number for number in sums)))

    def _keys_of(self, stored: dict[str, Any], detail: Detail) -> Iterable[tuple[int, int]]:
        yield DIMENSIONS["total"], 0
        for name in ("use_case", "model", "account", "user", "category", "environment", "step"):
            yield DIMENSIONS[name], stored[name]
        for name, texts in (("tag", detail.tags), ("limit", detail.limit_ids)):
            for number in {self._number(text) for text in texts} or {0}:
                yield DIMENSIONS[name], number
        if stored["errors"]:
            yield DIMENSIONS["status"], self._number(str(stored["status"] or "none"))
        if stored["wasted"]:
            yield DIMENSIONS["waste"], self._number(detail.waste)
        if not (stored["account"] and stored["use_case"] and stored["environment"]):
            yield DIMENSIONS["unowned"], stored["model"]


def fingerprint(category: str, response_id: str) -> int:
    """Return a number that stands for an id within its category: short, so that its index is."""
    text = f"{category}\0{response_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)
