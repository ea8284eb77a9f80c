"""Deleting what is old, a slice at a time, and forgetting a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from payi_transport.serve.keep_large import drop_large
from payi_transport.serve.names import find_number
from payi_transport.serve.rollups import (
    DAY_MS,
    DIMENSIONS,
    FIRST_TOKEN,
    HISTOGRAM_DIMENSIONS,
    LATENCY,
    UPSERT_SUMS,
)
from payi_transport.serve.rows import Detail
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.store import Store, Writing

__all__ = ["delete_slice", "forget"]

# Rows of a table in one transaction: some tens of milliseconds.
_SLICE = 2000
_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(Detail).decode


def delete_slice(store: Store, before: datetime, *, only_content: bool = False, most: int = _SLICE) -> int:
    """Delete up to `most` rows of each table that are older, or prompts and responses only; return how many.

    Sums go by whole days, and so do those of calls in the middle of a day stay until it is over.
    """
    at = int(before.timestamp() * 1000)
    return store.write(lambda writing: _delete(writing, at, most, only_content))


def _delete(writing: Writing, at: int, most: int, only_content: bool) -> int:
    run = writing.connection.execute
    deleted = run(
        "DELETE FROM contents WHERE event IN (SELECT event FROM contents WHERE at < ? LIMIT ?)", (at, most)
    ).rowcount
    if only_content:
        return deleted
    old = [row[0] for row in run("SELECT id FROM events WHERE at < ? ORDER BY at LIMIT ?", (at, most))]
    writing.connection.executemany("DELETE FROM events WHERE id = ?", [(id_,) for id_ in old])
    day = at // DAY_MS * DAY_MS
    for table, column, until in (("runs", "ended", day), ("tags", "at", at)):
        deleted += _delete_rows(writing, table, column, until, most)
    return deleted + len(old) + _delete_sums(writing, day, most)


def _delete_rows(writing: Writing, table: str, column: str, until: int, most: int) -> int:
    rows = "(run)" if table == "runs" else "(tag, at, event)"
    return writing.connection.execute(
        f"DELETE FROM {table} WHERE {rows} IN"  # noqa: S608 (names of this module)
        f" (SELECT {rows[1:-1]} FROM {table} WHERE {column} < ? ORDER BY {column} LIMIT ?)",
        (until, most),
    ).rowcount


def _delete_sums(writing: Writing, day: int, most: int) -> int:
    """Delete the oldest buckets of each dimension, until there were enough rows."""
    deleted = 0
    places = [
        ("rollups", f"level = {level} AND dimension = {dimension}")
        for level in (0, 1)
        for dimension in DIMENSIONS.values()
    ]
    places += [("rollups", f"level = 1 AND dimension = {dimension}") for dimension in _list_large(writing)]
    places += [
        ("histograms", f"level = {level} AND dimension = {DIMENSIONS[name]} AND kind = {kind}")
        for level in (0, 1)
        for name in HISTOGRAM_DIMENSIONS
        for kind in (LATENCY, FIRST_TOKEN)
    ]
    for table, place in places:
        while deleted < most:
            found = writing.connection.execute(
                f"DELETE FROM {table} WHERE {place} AND bucket ="  # noqa: S608 (numbers of this module)
                f" (SELECT MIN(bucket) FROM {table} WHERE {place} AND bucket < ?)",
                (day,),
            ).rowcount
            if not found:
                break
            deleted += found
    return deleted


def _list_large(writing: Writing) -> Iterator[int]:
    """Yield the dimensions within each large value."""
    for value in writing.large.read(writing.connection).values():
        yield from value.within.values()


def forget(store: Store, field: Literal["user", "account"], name: str, *, most: int = _SLICE) -> int | None:
    """Forget a user or an account: its name, and content, properties and runs of its calls. Return how many.

    What the calls cost stays in all sums, as of calls without a user or account: the money was spent. None
    if no call and no sum has the name; 0 if sums have it alone, because its calls are deleted already.
    """
    number = find_number(store.reader, name)
    if number is None or not _has(store, field, number):
        return None
    forgotten = 0
    while found := store.write(lambda writing: _forget_calls(writing, field, number, most)):
        forgotten += found
    store.write(lambda writing: _forget_name(writing, field, number))
    return forgotten


def _has(store: Store, field: str, number: int) -> bool:
    run = store.reader.execute
    place = (DIMENSIONS[field], number)
    return bool(
        run("SELECT 1 FROM rollups WHERE level = 1 AND dimension = ? AND key = ? LIMIT 1", place).fetchone()
        or run(f"SELECT 1 FROM events WHERE {field} = ? LIMIT 1", (number,)).fetchone()  # noqa: S608
    )


def _forget_calls(writing: Writing, field: str, number: int, most: int) -> int:
    run = writing.connection.execute
    rows = run(f"SELECT id, run, detail FROM events WHERE {field} = ? LIMIT ?", (number, most)).fetchall()  # noqa: S608
    for id_, run_number, detail in rows:
        kept = _decode(detail)
        kept.properties, kept.use_case_properties, kept.function_calls = {}, {}, []
        run(f"UPDATE events SET {field} = 0, run = 0, detail = ? WHERE id = ?", (_encode(kept), id_))  # noqa: S608
        run("DELETE FROM contents WHERE event = ?", (id_,))
        run("DELETE FROM runs WHERE run = ?", (run_number,))
    return len(rows)


def _forget_name(writing: Writing, field: str, number: int) -> None:
    """Add the sums of a name to those of no name, and remove it."""
    run = writing.connection.execute
    dimension = DIMENSIONS[field]
    for level, bucket, *sums in run(
        f"SELECT level, bucket, {', '.join(MEASURES)} FROM rollups"  # noqa: S608
        " WHERE level IN (0, 1) AND dimension = ? AND key = ?",
        (dimension, number),
    ).fetchall():
        run(UPSERT_SUMS, (level, dimension, bucket, 0, *sums))
    run("DELETE FROM rollups WHERE level IN (0, 1) AND dimension = ? AND key = ?", (dimension, number))
    # Those of no name have new calls.
    for key in (number, 0):
        drop_large(writing, field, key)
    # The same text may be a customer as well as a user, or a tag, or the id of a run.
    others = ", ".join(map(str, DIMENSIONS.values()))
    used = run(
        f"SELECT 1 FROM rollups WHERE level = 1 AND dimension IN ({others}) AND key = ?"  # noqa: S608
        " UNION ALL SELECT 1 FROM events WHERE run = ? AND run > 0 LIMIT 1",
        (number, number),
    )
    if used.fetchone() is None:
        run("DELETE FROM names WHERE id = ?", (number,))
        writing.names.forget()
