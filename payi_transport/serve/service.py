"""What the API does, apart from HTTP: take events, and say what they cost and how their limits stand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import BulkItem, find_refusal, to_event
from payi_transport.serve.queries import Queries
from payi_transport.serve.rows import Row, make_row
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Store, Writing
from payi_transport.serve.use_cases import note_instance
from payi_transport.serve.write import EventWriter, Written

__all__ = ["Service", "make_result"]

_PREFIX = "local-"


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Service:
    """The parts of one local service."""

    def __init__(self, store: Store, settings: ServeSettings, now: Callable[[], datetime] = _now) -> None:
        self.store = store
        self.settings = settings
        self.queries = Queries(store)
        self.now = now

    def ingest(self, item: BulkItem, *, proxied: bool = False) -> Future[dict[str, Any]]:
        """Take one event; the future has the body of the response. It raises Refusal."""
        return self.store.submit(lambda writing: self._ingest(writing, item, proxied))

    def ingest_bulk(self, items: Sequence[BulkItem], *, updates: bool) -> Future[dict[str, Any]]:
        """Take many events, each by itself; the future has the body of the response."""
        return self.store.submit(lambda writing: self._ingest_bulk(writing, items, updates))

    def _ingest(self, writing: Writing, item: BulkItem, proxied: bool) -> dict[str, Any]:
        now = self.now()
        writer = EventWriter(writing, _in_ms(now))
        row, written = self._take(writer, item, now, updates=False, proxied=proxied)
        writer.finish()
        return {
            "event_timestamp": row.event.event_timestamp or now,
            "ingest_timestamp": now,
            "request_id": make_request_id(written.id),
            "xproxy_result": make_result(row, written),
        }

    def _ingest_bulk(self, writing: Writing, items: Sequence[BulkItem], updates: bool) -> dict[str, Any]:
        now = self.now()
        writer = EventWriter(writing, _in_ms(now))
        errors: list[dict[str, Any]] = []
        for index, item in enumerate(items):
            try:
                self._take(writer, item, now, updates=updates)
            except Refusal as refusal:
                errors.append({"item_index": index, "xproxy_result": refusal.to_body()})
        writer.finish()
        counts = {"total_count": len(items), "error_count": len(errors), "item_error_count": len(errors)}
        return {
            "ingest_count": len(items) - len(errors),
            "ingest_timestamp": now,
            "request_id": str(uuid.uuid4()),
            **(counts | {"errors": errors} if errors else {"total_count": len(items), "error_count": 0}),
        }

    def _take(
        self, writer: EventWriter, item: BulkItem, now: datetime, *, updates: bool, proxied: bool = False
    ) -> tuple[Row, Written]:
        limit_types = None if proxied else writer.limits.types_of(item.limit_ids)
        refusal = find_refusal(item, now, limit_types)
        if refusal is not None:
            raise refusal
        note_instance(writer, item, now)
        row = make_row(to_event(item, f"{_PREFIX}{uuid.uuid4()}"), now)
        repeats = self.settings.strict and not updates
        return row, writer.add(row, updates=updates, repeats=repeats)


def make_request_id(event: int) -> str:
    """Return the id by which Pay-i's API knows a stored event."""
    return f"{_PREFIX}{event}"


def read_request_id(request_id: str) -> int:
    """Return the number of the event that a request id names. Raises Refusal for an id that names none."""
    number = request_id.removeprefix(_PREFIX)
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Refusal("request_not_found", f"no request has the id {request_id!r}")
    return int(number)


def make_result(row: Row, written: Written) -> dict[str, Any]:
    """Return the `xproxy_result` of an event."""
    event = row.event
    values = {
        "account_name": event.account_name,
        "blocked_limit_ids": [],
        "cost": _make_cost(row, written),
        "duplicate_request": written.duplicate or None,
        "limits": {limit_id: {"state": state} for limit_id, state in written.limits.items()},
        "request_id": make_request_id(written.id),
        "request_tags": list(event.request_tags or ()),
        "resource_id": event.resource,
        "unknown_units": _find_unknown_units(row),
        "use_case_id": event.use_case_id,
        "use_case_name": event.use_case_name,
        "use_case_step": event.use_case_step,
        "user_id": event.user_id,
        "warnings": row.detail.price_notes,
    }
    return {name: value for name, value in values.items() if value or name == "cost"}


def _make_cost(row: Row, written: Written) -> dict[str, Any]:
    by_direction = {"input": Decimal(0), "output": Decimal(0)}
    for line in row.detail.lines if row.billed else ():
        by_direction["output" if line.direction == "output" else "input"] += line.amount or Decimal(0)
    over = {"overrun_base": min(written.overrun, row.billed)} if written.overrun > 0 else {}
    return {
        "currency": "usd",
        **{name: {"base": amount} for name, amount in by_direction.items()},
        "total": {"base": row.billed, **over},
    }


def _find_unknown_units(row: Row) -> dict[str, dict[str, int]]:
    unknown: dict[str, dict[str, int]] = {}
    for line in row.detail.lines if row.detail.price_status in ("partial", "unpriced") else ():
        if line.amount is None and line.direction != "total":
            unknown.setdefault(line.unit, {})[line.direction] = line.count
    return unknown


def _in_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
