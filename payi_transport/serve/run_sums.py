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


class RunSums:
    """What a transaction adds to the runs. The first event of a run says whose it is."""

    def __init__(self) -> None:
        self._owners: dict[int, tuple[int, int]] = {}
        self._times: dict[int, list[int]] = {}
        self._sums: dict[int, list[Sums]] = {}

    def add(self, run: int, use_case: int, account: int, at: int, sums: Sums) -> None:
        """Add an event at `at`; its sums are negative where it is taken away."""
        self._owners.setdefault(run, (use_case, account))
        self._times.setdefault(run, []).append(at)
        self._sums.setdefault(run, []).append(sums)

    def write(self, connection: sqlite3.Connection) -> None:
        """Add everything to the store."""
        rows = [
            (run, *owner, min(self._times[run]), max(self._times[run]), *add_up(self._sums[run]))
            for run, owner in sorted(self._owners.items())
        ]
        connection.executemany(_UPSERT, rows)
