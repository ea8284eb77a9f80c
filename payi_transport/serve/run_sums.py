"""Sums by run, that is, by instance of a use case, kept in the transaction of their events."""

from __future__ import annotations

import sqlite3
from typing import Final

from payi_transport.serve.rollups import Sums, add_up
from payi_transport.serve.schema import MEASURES

__all__ = ["RunSums"]

_UPSERT: Final = (
    f"INSERT INTO runs (run, use_case, account, started, ended, {', '.join(MEASURES)})"  # noqa: S608
    f" VALUES (?, ?, ?, ?, ?{', ?' * len(MEASURES)}) ON CONFLICT (run) DO UPDATE SET"
    " started = min(started, excluded.started), ended = max(ended, excluded.ended), "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in MEASURES)
)


# An event that was taken away may have been the one that a run began or ended with. Bounds of an event that
# retention deleted before stay: they are outside of those of all that are left.
_CORRECT: Final = tuple(
    f"UPDATE runs SET {column} = coalesce((SELECT {bound} FROM events WHERE run = ?1 AND run > 0), {column})"  # noqa: S608
    f" WHERE run = ?1 AND {column} = ?2"
    for column, bound in (("started", "min(at)"), ("ended", "max(at + coalesce(latency, 0))"))
)


class RunSums:
    """What a transaction adds to the runs. The first event of a run says whose it is."""

    def __init__(self) -> None:
        self._owners: dict[int, tuple[int, int]] = {}
        self._times: dict[int, list[tuple[int, int]]] = {}
        self._sums: dict[int, list[Sums]] = {}
        # The runs of events that were taken away, each with the start, and each with the end.
        self._removed: tuple[set[tuple[int, int]], set[tuple[int, int]]] = (set(), set())

    def add(self, run: int, use_case: int, account: int, times: tuple[int, int], sums: Sums) -> None:
        """Add an event that lasted from the first to the second of `times`."""
        self._owners.setdefault(run, (use_case, account))
        self._times.setdefault(run, []).append(times)
        self._sums.setdefault(run, []).append(sums)

    def remove(self, run: int, use_case: int, account: int, times: tuple[int, int], sums: Sums) -> None:
        """Take an event away; its sums are negative."""
        self.add(run, use_case, account, times, sums)
        for removed, time in zip(self._removed, times, strict=True):
            removed.add((run, time))

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the store, after the events themselves."""
        rows = []
        for run, owner in sorted(self._owners.items()):
            starts, ends = zip(*self._times[run], strict=True)
            rows.append((run, *owner, min(starts), max(ends), *add_up(self._sums[run])))
        connection.executemany(_UPSERT, rows)
        for correct, times in zip(_CORRECT, self._removed, strict=True):
            connection.executemany(correct, sorted(times))
