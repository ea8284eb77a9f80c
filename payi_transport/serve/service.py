"""What the API does, apart from HTTP: take events, and say what they cost and how their limits stand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timezone
from typing import Any, NamedTuple

from payi_transport.decode.response_ids import make_distinct
from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import BulkItem, find_refusal, to_event
from payi_transport.serve.queries import Queries
from payi_transport.serve.results import make_request_id, make_result
from payi_transport.serve.rows import Row, make_row
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Store, Writing
from payi_transport.serve.use_cases import note_instance
from payi_transport.serve.write import EventWriter, Written
from payi_transport.values.event import Event

__all__ = ["Admission", "Service"]


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Admission(NamedTuple):
    """The limits of a call that is to go through the proxy, and those of them that block it."""

    limit_ids: tuple[str, ...]
    blocked: tuple[str, ...]


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

    def ingest_proxied(self, event: Event, *, is_fetch: bool = False) -> Future[dict[str, Any]]:
        """Take the event of a call that went through the proxy; the future has its result.

        Each such call counts, whatever id its provider gave it. With `is_fetch`, it fetched what another call
        had started, which counts once.
        """
        return self.store.submit(lambda writing: self._ingest_proxied(writing, event, is_fetch))

    def admit(self, item: BulkItem) -> Future[Admission]:
        """Check a call before it goes through the proxy; the future has its limits. It raises Refusal.

        `item` has the context of the call. A limit that blocks the call counts it.
        """
        return self.store.submit(lambda writing: self._admit(writing, item))

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

    def _ingest_proxied(self, writing: Writing, event: Event, is_fetch: bool) -> dict[str, Any]:
        now = self.now()
        writer = EventWriter(writing, _in_ms(now))
        # The proxy remembers the ids of this process alone, and only so many.
        if not is_fetch and writer.has(event):
            event = make_distinct(event)
        row = make_row(event, now, self.settings.prices)
        written = writer.add(row)
        writer.finish()
        return make_result(row, written)

    def _admit(self, writing: Writing, item: BulkItem) -> Admission:
        now = self.now()
        refusal = find_refusal(item, now, None)
        if refusal is not None:
            raise refusal
        writer = EventWriter(writing, _in_ms(now))
        note_instance(writer, item, now)
        limit_ids = tuple(dict.fromkeys(item.limit_ids or ()))
        unknown = [limit_id for limit_id in limit_ids if writer.limits.find(limit_id) is None]
        if unknown:
            raise Refusal("invalid_limit_ids", f"no limit has the id {unknown[0]!r}")
        blocked = writer.limits.find_blocking(limit_ids)
        writer.finish()
        # A refusal would undo the count, so the caller raises it.
        return Admission(limit_ids, tuple(blocked))

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
        response_id = item.provider_response_id or f"local-{uuid.uuid4()}"
        row = make_row(to_event(item, response_id), now, self.settings.prices)
        repeats = self.settings.strict and not updates
        return row, writer.add(row, updates=updates, repeats=repeats)


def _in_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
