"""A store of the local service with millions of calls, made in minutes.

The calls of the first days are taken by the service itself. The days that follow are copies of these, made in
SQL: every table gets the rows that taking the same calls later would have given it.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from benchmarks.corpus import SEED

__all__ = ["BATCH", "DAYS", "fill", "make_body", "take"]

BATCH = 1000
_BASE_DAYS, _COPIES = 5, 18
DAYS = _BASE_DAYS * _COPIES
_CUSTOMERS, _MODELS, _TAGS, _USE_CASES, _CALLS_OF_RUN = 100_000, 1000, 1000, 20, 10

_TIME, _RUN = "+ :copy * :ms", "CASE run WHEN 0 THEN 0 ELSE run + :copy * :names END"
# What differs in the copy of a row, by table and column, and which rows are copied.
_CHANGES: dict[str, tuple[str, dict[str, str]]] = {
    "names": (
        "text LIKE 'run-%' AND id <= :names",
        {"id": "id + :copy * :names", "text": "text || '-' || :copy"},
    ),
    "events": (
        "at < :until",
        {
            "id": "id + :copy * :ids",
            "at": f"at {_TIME}",
            "received": f"received {_TIME}",
            # Any number will do, as long as no other event has it.
            "fingerprint": "(fingerprint >> 8) + :copy",
            "response_id": "response_id || '-' || :copy",
            "run": _RUN,
        },
    ),
    "tags": ("at < :until", {"at": f"at {_TIME}", "event": "event + :copy * :ids"}),
    "rollups": ("bucket < :until AND level IN (0, 1)", {"bucket": f"bucket {_TIME}"}),
    "histograms": ("bucket < :until AND level IN (0, 1)", {"bucket": f"bucket {_TIME}"}),
    "runs": (
        "started < :until",
        {"run": "run + :copy * :names", "started": f"started {_TIME}", "ended": f"ended {_TIME}"},
    ),
}


def fill(file: Path, events: int, today: datetime) -> None:
    """Make a store with about so many calls of the 90 days before the day of `today`."""
    from payi_transport.serve.command import open_service
    from payi_transport.serve.settings import ServeSettings

    end = today.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    with open_service(ServeSettings(file=file)) as service:
        for body in _make_bodies(max(1, events // _COPIES), start):
            take(service, body)
        _add_up(service.store, end)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        _copy_days(connection, int((start + timedelta(days=_BASE_DAYS)).timestamp() * 1000))
    # Of more calls, more values are large.
    with open_service(ServeSettings(file=file)) as service:
        _add_up(service.store, end)


def _add_up(store: Any, today: datetime) -> None:
    """Do at once what the service does in the background."""
    from payi_transport.serve.keep_large import LargeKeeper

    keeper = LargeKeeper(store)
    while keeper.work(today):
        pass


def take(service: Any, body: bytes) -> None:
    """Take a body as the API does, and wait until it is stored."""
    from payi_transport.serve.items import decode_bulk

    service.ingest_bulk(decode_bulk(body), updates=False).result()


def _make_bodies(events: int, start: datetime) -> Iterator[bytes]:
    step = timedelta(days=_BASE_DAYS) / events
    # In the order of time, as they arrive.
    for first in range(0, events, BATCH):
        yield make_body(first, min(BATCH, events - first), start + first * step, step)


def make_body(first: int, count: int, start: datetime, step: timedelta) -> bytes:
    """Return the body of a batch whose calls begin at `start` and are `step` apart."""
    chance = random.Random(SEED + first)
    items = [_make_item(chance, first + index, start + index * step) for index in range(count)]
    return json.dumps(items).encode()


def _make_item(chance: random.Random, number: int, at: datetime) -> dict[str, Any]:
    # Few customers and models make most calls.
    customer = min(int(chance.paretovariate(0.35)), _CUSTOMERS)
    return {
        "category": "system.openai",
        "resource": chance.choice(("gpt-4.1", "gpt-4o", f"m{chance.randrange(_MODELS)}")),
        "units": {"text": {"input": chance.randrange(1, 9000), "output": chance.randrange(1, 900)}},
        "event_timestamp": at.isoformat(),
        "end_to_end_latency_ms": chance.randrange(100, 9000),
        "time_to_first_token_ms": chance.randrange(50, 900),
        "http_status_code": 429 if chance.random() < 0.01 else 200,
        "provider_response_id": f"r{number}",
        "properties": {"environment": "production"},
        "use_case_name": f"use-case-{chance.randrange(_USE_CASES)}",
        "use_case_id": f"run-{number // _CALLS_OF_RUN}",
        "request_tags": [f"t{chance.randrange(_TAGS)}"],
        "account_name": f"a{customer}",
        "user_id": f"u{customer}",
    }


def _copy_days(connection: sqlite3.Connection, until: int) -> None:
    run = connection.execute
    run("PRAGMA synchronous = OFF")
    run("PRAGMA cache_size = -262144")
    # One index after the other at the end takes a tenth of the time.
    indexes = run("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    [ids], [names] = run("SELECT MAX(id) FROM events").fetchone(), run("SELECT MAX(id) FROM names").fetchone()
    places = {"until": until, "ms": _BASE_DAYS * 86_400_000, "ids": ids, "names": names}
    run("BEGIN")
    for copy in range(1, _COPIES):
        for table, (where, changes) in _CHANGES.items():
            columns = [column[1] for column in run(f"PRAGMA table_info({table})")]
            values = ", ".join(changes.get(column, column) for column in columns)
            # The names are of this module and of the tables.
            run(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where}", {**places, "copy": copy})  # noqa: S608
    run("COMMIT")
    for _, sql in indexes:
        run(sql)
