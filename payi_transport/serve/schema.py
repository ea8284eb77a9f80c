"""The tables of the store, and the steps from one version of them to the next.

Texts that repeat (models, customers, tags) are stored once, in `names`, and elsewhere by number. Number 0
stands for "none". Money is in whole numbers (see `amounts`), so that sums in SQL are exact.

`rollups` holds sums by 15 minutes (level 0) and by day in UTC (level 1) for each value of each dimension.
Zones are offset by multiples of 15 minutes, so any local day is a sum of rows. Pages read rollups, and never
scan events over a long time. `tops` finds the largest values of a day without reading the others. Within a
large value of a dimension, there are also sums by another one, by day alone (see `large`).

The version of a file is its `user_version`: the number of steps it has been through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from payi_transport.errors import PayiError
from payi_transport.serve.limits import fill_spending

__all__ = ["FILTERED", "MEASURES", "migrate"]

# The sums in a row of rollups, which are also columns of an event.
MEASURES = (
    "calls",
    "errors",
    "cost",
    "fraction",
    "unpriced",
    "included",
    "input",
    "output",
    "cache_read",
    "saved",
    "wasted",
    "waste",
)
# What filters ask for.
FILTERED = ("use_case", "model", "account", "user", "category", "environment", "step", "run", "status")
_SUMS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in MEASURES)

# Each step is SQL, or a function that does what SQL can't.
MIGRATIONS: tuple[str | Callable[[sqlite3.Connection], None], ...] = (
    f"""
    CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, received INTEGER NOT NULL,
        fingerprint INTEGER NOT NULL, response_id TEXT NOT NULL, category INTEGER NOT NULL,
        model INTEGER NOT NULL, use_case INTEGER NOT NULL, run INTEGER NOT NULL, step INTEGER NOT NULL,
        user INTEGER NOT NULL, account INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER,
        latency INTEGER, first_token INTEGER, {_SUMS}, detail BLOB NOT NULL
    );
    CREATE INDEX events_at ON events (at);
    CREATE INDEX events_fingerprint ON events (fingerprint);
    CREATE INDEX events_use_case ON events (use_case, at);
    CREATE INDEX events_model ON events (model, at);
    CREATE INDEX events_account ON events (account, at);
    CREATE INDEX events_user ON events (user, at);
    CREATE INDEX events_run ON events (run, at) WHERE run > 0;
    CREATE INDEX events_failed ON events (at) WHERE errors > 0;
    CREATE INDEX events_unpriced ON events (at) WHERE unpriced > 0;
    CREATE TABLE tags (tag INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL,
        PRIMARY KEY (tag, at, event)) WITHOUT ROWID;
    CREATE INDEX tags_at ON tags (at);
    CREATE TABLE contents (event INTEGER PRIMARY KEY, at INTEGER NOT NULL, request TEXT, response TEXT);
    CREATE INDEX contents_at ON contents (at);
    CREATE TABLE rollups (level INTEGER NOT NULL, dimension INTEGER NOT NULL, bucket INTEGER NOT NULL,
        key INTEGER NOT NULL, {_SUMS}, PRIMARY KEY (level, dimension, bucket, key)) WITHOUT ROWID;
    CREATE INDEX rollups_key ON rollups (level, dimension, key, bucket);
    CREATE INDEX tops ON rollups (dimension, bucket, cost DESC) WHERE level = 1;
    CREATE TABLE histograms (level INTEGER NOT NULL, dimension INTEGER NOT NULL, kind INTEGER NOT NULL,
        bucket INTEGER NOT NULL, key INTEGER NOT NULL, slot INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (level, dimension, kind, bucket, key, slot)) WITHOUT ROWID;
    CREATE TABLE runs (run INTEGER PRIMARY KEY, use_case INTEGER NOT NULL, account INTEGER NOT NULL,
        started INTEGER NOT NULL, ended INTEGER NOT NULL, {_SUMS});
    CREATE INDEX runs_started ON runs (started);
    CREATE INDEX runs_ended ON runs (ended);
    CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (kind, id)) WITHOUT ROWID;
    """,
    # Filters and sums are read from these indexes alone, without a look at the rows of the table.
    "".join(
        f"DROP INDEX events_{first}; CREATE INDEX events_{first} ON events ({', '.join(columns)});"
        for first in ("at", "use_case", "model", "account", "user")
        for columns in [dict.fromkeys((first, "at", *FILTERED, *MEASURES))]
    ),
    fill_spending,
    # From when until when there are sums within a value (see `large`). They are read without `tops`.
    """
    DROP INDEX tops;
    CREATE INDEX tops ON rollups (dimension, bucket, cost DESC) WHERE level = 1 AND dimension < 256;
    CREATE TABLE large (dimension INTEGER NOT NULL, key INTEGER NOT NULL, since INTEGER NOT NULL,
        until INTEGER NOT NULL, PRIMARY KEY (dimension, key)) WITHOUT ROWID;
    """,
    # A run ends with its last call. It used to end with the start of that.
    "UPDATE runs SET ended = max(ended, coalesce((SELECT max(at + coalesce(latency, 0)) FROM events"
    " WHERE events.run = runs.run AND events.run > 0), ended));",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest version, each step in one transaction.

    Raises PayiError for a file that a newer version of this library has written.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise PayiError(
            f"the store has version {version}, and this library knows versions up to {len(MIGRATIONS)}:"
            " update payi-transport, or choose another file with --file"
        )
    for number in range(version, len(MIGRATIONS)):
        step, reached = MIGRATIONS[number], f"PRAGMA user_version = {number + 1}"
        if isinstance(step, str):
            connection.executescript(f"BEGIN IMMEDIATE; {step} {reached}; COMMIT;")
            continue
        connection.execute("BEGIN IMMEDIATE")
        step(connection)
        connection.execute(reached)
        connection.execute("COMMIT")
