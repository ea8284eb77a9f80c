"""Noting which values are large, and adding up their calls: what the service does beside its events."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from payi_transport.serve.rollups import DAY_MS, DIMENSIONS, FIRST, QUARTER_MS, UPSERT_SUMS, list_within
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.store import Store, Writing
from payi_transport.serve.sums import SUMMED, sum_total

__all__ = ["LargeKeeper", "drop_large"]

# A value is large if at least this many calls have it, and this part of all. Fewer are read in milliseconds.
_LEAST: Final = 5000
_SHARE: Final = 200
# Large values are looked for again after so many new calls, as a part of all calls.
_OFTEN: Final = 10
# After any event.
_END: Final = 2**42
# Most events arrive within minutes. One that comes later adds to the sums itself, which takes longer.
_DELAY_MS: Final = 5 * 60 * 1000
# Calls in one transaction, which take some tens of milliseconds, and quarters of an hour.
_SLICE: Final = 5000
_BUCKETS: Final = 960
_OF_KEY: Final = "level = 0 AND dimension = ? AND key = ?"
_INDEXED: Final = frozenset({"use_case", "model", "account", "user"})
_NAMES: Final = {number: name for name, number in DIMENSIONS.items()}


class LargeKeeper:
    """Notes which values are large, and adds up their calls up to the last quarter of an hour."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted = 0

    def work(self, now: datetime) -> bool:
        """Do a part of what there is to do, and return whether there may be more."""
        reader = self._store.reader
        latest_end = (int(now.timestamp() * 1000) - _DELAY_MS) // QUARTER_MS * QUARTER_MS
        [latest] = reader.execute("SELECT MAX(id) FROM events").fetchone()
        calls = sum_total(reader, 0, _END)[MEASURES.index("calls")]
        if calls >= _LEAST and (latest or 0) - self._noted >= calls // _OFTEN:
            # It takes some seconds of reading with millions of calls, in which events can be written.
            self._noted = latest
            rows = [(*value, latest_end, latest_end) for value in _find_large(reader, calls)]
            self._store.write(lambda writing: _note(writing, rows))
        missing = reader.execute("SELECT 1 FROM large WHERE since > 0 OR until < ? LIMIT 1", (latest_end,))
        return missing.fetchone() is not None and self._store.write(
            lambda writing: _add_up(writing, latest_end)
        )


def _find_large(connection: sqlite3.Connection, calls: int) -> Iterator[tuple[int, int]]:
    for name in FIRST:
        # A value that all calls have needs no sums of its own.
        yield from connection.execute(
            "SELECT dimension, key FROM rollups WHERE level = 1 AND dimension = ?"
            " GROUP BY key HAVING SUM(calls) >= ? AND SUM(calls) < ?"
            " EXCEPT SELECT dimension, key FROM large",
            (DIMENSIONS[name], max(_LEAST, calls // _SHARE), calls),
        )


def _note(writing: Writing, rows: list[tuple[int, int, int, int]]) -> None:
    writing.connection.executemany("INSERT OR IGNORE INTO large VALUES (?, ?, ?, ?)", rows)
    writing.large.forget()


def _add_up(writing: Writing, latest_end: int) -> bool:
    """Add up some of the calls before or after those that were added up already."""
    run = writing.connection.execute
    found = run(
        "SELECT dimension, key, since, until FROM large WHERE since > 0 OR until < ?"
        " ORDER BY until, since DESC LIMIT 1",
        (latest_end,),
    ).fetchone()
    if found is None:
        return False
    dimension, key, since, until = found
    buckets = f"SELECT bucket, calls FROM rollups INDEXED BY rollups_key WHERE {_OF_KEY}"  # noqa: S608
    if until < latest_end:
        rows = run(
            f"{buckets} AND bucket >= ? AND bucket < ? ORDER BY bucket LIMIT ?",
            (dimension, key, until, latest_end, _BUCKETS),
        )
        start, last = until, _find_last(rows.fetchall())
        end = until = latest_end if last is None else last + QUARTER_MS
    else:
        rows = run(
            f"{buckets} AND bucket < ? ORDER BY bucket DESC LIMIT ?", (dimension, key, since, _BUCKETS)
        )
        end, last = since, _find_last(rows.fetchall())
        start = since = last or 0
    if last is not None:
        _add_up_between(writing.connection, _NAMES[dimension], key, start, end)
    run(
        "UPDATE large SET since = ?, until = ? WHERE dimension = ? AND key = ?",
        (since, until, dimension, key),
    )
    writing.large.forget()
    return True


def _find_last(buckets: Sequence[tuple[int, int]]) -> int | None:
    """Return the last of the buckets that make a slice of calls, None if there are no buckets."""
    calls = list(accumulate(calls for _, calls in buckets))
    return buckets[min(bisect_left(calls, _SLICE), len(buckets) - 1)][0] if buckets else None


def _add_up_between(connection: sqlite3.Connection, first: str, key: int, start: int, end: int) -> None:
    index = first if first in _INDEXED else "at"
    for second, dimension in list_within(first, key).items():
        rows = connection.execute(
            f"SELECT 1, ?, at / {DAY_MS} * {DAY_MS} AS day, {second}, {SUMMED}"  # noqa: S608 (names of this package)
            f" FROM events INDEXED BY events_{index} WHERE {first} = ? AND at >= ? AND at < ?"
            f" GROUP BY day, {second}",
            (dimension, key, start, end),
        ).fetchall()
        # A day may have the sums of its later hours already.
        connection.executemany(UPSERT_SUMS, rows)


def drop_large(writing: Writing, first: str, key: int) -> None:
    """Keep no sums within a value any more, until it is noted again."""
    run = writing.connection.execute
    for dimension in list_within(first, key).values():
        run("DELETE FROM rollups WHERE level = 1 AND dimension = ?", (dimension,))
    run("DELETE FROM large WHERE dimension = ? AND key = ?", (DIMENSIONS[first], key))
    writing.large.forget()
