"""The file of the store: for its owner alone, with the settings that make it quick and safe."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.serve.schema import MIGRATIONS
from payi_transport.serve.store import Store, Writing
from tests.serve.conftest import held_up


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    [value] = connection.execute(f"PRAGMA {name}").fetchone()
    return value


def test_a_file_is_made_with_its_folders_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "s"
    with closing(Store(file)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    with closing(Store(file)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 1),
        ("cache_size", -131072),
        ("wal_autocheckpoint", 16000),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("busy_timeout", 30_000),
    ],
)
def test_connections_have_their_settings(name: str, value: Any, store: Store) -> None:
    assert pragma(store.reader, name) == value
    assert store.write(lambda writing: pragma(writing.connection, name)) == value


def test_the_version_of_a_file_is_the_number_of_its_steps(store: Store) -> None:
    assert pragma(store.reader, "user_version") == len(MIGRATIONS)


def test_a_file_of_a_newer_version_says_which(tmp_path: Path) -> None:
    Store(tmp_path / "s").close()
    newer = len(MIGRATIONS) + 1
    with closing(sqlite3.connect(tmp_path / "s")) as connection, connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    with pytest.raises(PayiError) as raised:
        Store(tmp_path / "s")
    assert str(raised.value) == (
        f"the store has version {newer}, and this library knows versions up to {newer - 1}: update"
        " payi-transport, or choose another file with --file"
    )


def test_each_commit_is_a_revision(store: Store) -> None:
    assert store.revision == 0
    store.write(lambda writing: None)
    store.write(lambda writing: None)
    assert store.revision == 2


def test_a_job_that_fails_leaves_those_that_follow_as_they_are(store: Store) -> None:
    def fail(writing: Writing) -> None:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        store.write(fail)
    assert store.write(lambda writing: 7) == 7


def test_jobs_that_wait_are_committed_together_up_to_64(store: Store) -> None:
    with held_up(store):
        waiting = [store.submit(lambda writing: None) for _ in range(65)]
    for future in waiting:
        future.result(30)
    store.write(lambda writing: None)
    # The first alone, 64, one, and the last.
    assert store.revision == 4


def test_each_thread_has_a_reader_of_its_own(store: Store) -> None:
    readers: list[sqlite3.Connection] = []

    def read() -> None:
        readers.extend([store.reader, store.reader])

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert readers[0] is readers[1]
    assert readers[0] is not store.reader
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        readers[0].execute("SELECT 1")


def test_what_another_process_removed_is_not_remembered(store: Store) -> None:
    def number(writing: Writing) -> int:
        return writing.names.number(writing.connection, "ann")

    first = store.write(number)
    assert store.write(number) == first
    with closing(sqlite3.connect(store.path)) as other, other:
        other.execute("DELETE FROM names")
        other.execute("INSERT INTO names (text) VALUES ('other')")
    assert store.write(number) != first
