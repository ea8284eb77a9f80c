"""The store: what is confirmed was committed, and a job that fails undoes its own changes only."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.serve import names, schema
from payi_transport.serve.names import find_number, name_numbers
from payi_transport.serve.schema import MIGRATIONS
from payi_transport.serve.store import Store, Writing
from tests.serve.conftest import held_up


def number(text: str) -> Any:
    return lambda writing: writing.names.number(writing.connection, text)


def fail(writing: Writing) -> None:
    writing.names.number(writing.connection, "undone")
    raise ValueError("on purpose")


def test_jobs_that_wait_together_fail_one_by_one(store: Store) -> None:
    with held_up(store):
        waiting: list[Future[Any]] = [store.submit(job) for job in (number("a"), fail, number("b"))]
    assert waiting[0].result() != waiting[2].result()
    with pytest.raises(ValueError, match="on purpose"):
        waiting[1].result()
    assert find_number(store.reader, "undone") is None
    # A number that was undone is not remembered.
    assert store.write(number("undone")) == find_number(store.reader, "undone")


def test_what_cannot_be_committed_is_not_confirmed(store: Store) -> None:
    def end_transaction(writing: Writing) -> None:
        writing.names.number(writing.connection, "lost")
        writing.connection.execute("ROLLBACK")

    with pytest.raises(sqlite3.Error):
        store.write(end_transaction)
    assert find_number(store.reader, "lost") is None
    assert store.write(number("kept")) == find_number(store.reader, "kept")


def test_a_commit_that_fails_undoes_all_of_its_jobs(tmp_path: Path) -> None:
    Store(tmp_path / "s").close()
    with closing(sqlite3.connect(tmp_path / "s")) as connection, connection:
        connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE children (p REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
    store = Store(tmp_path / "s")
    store._writer.execute("PRAGMA foreign_keys = 1")

    def orphan(writing: Writing) -> None:
        writing.names.number(writing.connection, "orphan")
        writing.connection.execute("INSERT INTO children VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError):
        store.write(orphan)
    assert find_number(store.reader, "orphan") is None
    assert store.write(number("kept")) == find_number(store.reader, "kept")
    store.close()


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be looked at as one" * 100)
    for path in (tmp_path / "text", tmp_path, tmp_path / "text" / "below"):
        with pytest.raises(PayiError, match="can't be opened as the store of the local service"):
            Store(path)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path / "s").close()
    with closing(sqlite3.connect(tmp_path / "s")) as connection, connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(PayiError, match="update payi-transport, or choose another file"):
        Store(tmp_path / "s")


def test_each_step_brings_a_file_to_the_next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Store(tmp_path / "s")
    first.write(number("kept"))
    first.close()
    more = (*MIGRATIONS, "ALTER TABLE names ADD COLUMN note TEXT;", "CREATE TABLE extra (id INTEGER);")
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    store = Store(tmp_path / "s")
    assert store.reader.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 2,)
    assert store.reader.execute("SELECT text, note FROM names").fetchall() == [("kept", None)]
    store.close()


def test_names_without_end_take_bounded_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_REMEMBERED", 2)
    numbers = [store.write(number(text)) for text in ("a", "b", "c", "a", "", "c")]
    assert numbers[3] == numbers[0] and numbers[5] == numbers[2] and numbers[4] == 0
    assert name_numbers(store.reader, [*numbers[:3], 0, 99]) == ["a", "b", "c", "", ""]


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader.execute("DELETE FROM names")


def test_closing_finishes_the_jobs_that_wait(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    futures = [store.submit(number(f"n{index}")) for index in range(200)]
    store.close()
    assert len({future.result() for future in futures}) == 200
