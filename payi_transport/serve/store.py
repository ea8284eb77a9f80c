"""The SQLite file of the local service: one thread writes, any number read.

Every change is a job: a function of the connection that runs in a transaction. Jobs that wait together are
committed together, each in a savepoint of its own, so that a failed one undoes its own changes only. Whoever
waits for a job learns of its result after the commit: what was confirmed survives the end of the process.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from payi_transport.errors import PayiError
from payi_transport.serve.large_values import LargeValues
from payi_transport.serve.names import Names
from payi_transport.serve.schema import migrate

__all__ = ["Store"]

T = TypeVar("T")
Job = Callable[["Writing"], T]

# How many jobs share a transaction at most, so that the first of them does not wait long.
_MAX_TOGETHER = 64
_BUSY_MS = 30_000
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "cache_size = -131072",
    # In pages of 4 KB. Batches change the same pages again and again, and writing these to the file once for
    # many batches takes a sixth less time for each event than once for each batch.
    "wal_autocheckpoint = 16000",
    # What is deleted, as a name that is to be forgotten, is overwritten in the file.
    "secure_delete = ON",
)


class Writing:
    """What a job gets: the connection, within a transaction, the numbers of names, and the large values."""

    __slots__ = ("connection", "large", "names")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.names = Names()
        self.large = LargeValues()

    def forget(self) -> None:
        """Read again what is remembered, after a transaction was undone or another process wrote."""
        self.names.forget()
        self.large.forget()


class Store:
    """The file at `path`, which is made if there is none, readable by its owner alone.

    Other processes may write to it, too. Raises PayiError if the file can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            _create(path)
            self._writer = _connect(path, migrate)
        except (OSError, sqlite3.Error) as exc:
            raise PayiError(f"{path} can't be opened as the store of the local service: {exc}") from exc
        self._readers = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._version = 0
        # Grows with each commit, so that a page knows whether to ask again.
        self.revision = 0
        self._thread = threading.Thread(target=self._write, name="payi-serve-store", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Run a job in a transaction of the writing thread; the future has its result after the commit."""
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def write(self, job: Job[T]) -> T:
        """Run a job and wait for its commit."""
        return self.submit(job).result()

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection of this thread, for reading only."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = _connect(self.path, _forbid_writing)
            self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Finish the jobs that wait, and close the file."""
        self._jobs.put(None)
        self._thread.join()
        for connection in (*self._opened, self._writer):
            connection.close()
        self._opened.clear()

    def _write(self) -> None:
        writing = Writing(self._writer)
        running = True
        while running:
            batch = [self._jobs.get()]
            while len(batch) < _MAX_TOGETHER and not self._jobs.empty():
                batch.append(self._jobs.get())
            running = None not in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                self._run(writing, jobs)

    def _notice_others(self, writing: Writing) -> None:
        # It changes when another process writes, which may have removed names: `serve --forget-user`.
        [version] = self._writer.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            writing.forget()
        self._version = version

    def _run(self, writing: Writing, jobs: list[tuple[Job[Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._notice_others(writing)
            for job, future in jobs:
                done.append((future, _run_one(writing, job)))
            self._writer.execute("COMMIT")
        except Exception as exc:
            # Nothing was committed, so nothing may be confirmed.
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            writing.forget()
            done = [(future, _Failed(exc)) for _, future in jobs]
        self.revision += 1
        for future, result in done:
            if isinstance(result, _Failed):
                future.set_exception(result.error)
            else:
                future.set_result(result)


class _Failed:
    def __init__(self, error: Exception) -> None:
        self.error = error


def _run_one(writing: Writing, job: Job[Any]) -> Any:
    writing.connection.execute("SAVEPOINT job")
    try:
        result = job(writing)
    except Exception as exc:
        writing.connection.execute("ROLLBACK TO job")
        # Some of the numbers may be of names that were just undone.
        writing.forget()
        result = _Failed(exc)
    writing.connection.execute("RELEASE job")
    return result


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Prompts may be in it. The files beside it that SQLite makes get the same mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _forbid_writing(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = 1")


def _connect(path: Path, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Open a connection and `prepare` it; if that fails, nothing stays open."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        prepare(connection)
        # Only now: a step to a new version may sort millions of rows for an index.
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection
