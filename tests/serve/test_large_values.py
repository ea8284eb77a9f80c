"""Large values as the writing thread remembers them."""

from __future__ import annotations

from payi_transport.serve.large_values import LargeValue, LargeValues
from payi_transport.serve.rollups import DIMENSIONS, list_within
from payi_transport.serve.store import Store, Writing


def note(store: Store, *rows: tuple[int, int, int, int]) -> None:
    def job(writing: Writing) -> None:
        writing.connection.executemany("INSERT INTO large VALUES (?, ?, ?, ?)", rows)

    store.write(job)


def test_a_value_has_its_times_and_the_dimensions_within_it(store: Store) -> None:
    note(store, (DIMENSIONS["account"], 5, 10, 20), (DIMENSIONS["model"], 5, 0, 30))
    known = LargeValues()
    account = LargeValue(10, 20, list_within("account", 5))
    model = LargeValue(0, 30, list_within("model", 5))
    assert known.read(store.reader) == {("account", 5): account, ("model", 5): model}
    assert known.read_at(store.reader, 29) == known.read(store.reader)
    assert known.read_at(store.reader, 30) == {}


def test_what_was_read_is_remembered_until_it_changes(store: Store) -> None:
    known = LargeValues()
    assert known.read_at(store.reader, 0) == {}
    note(store, (DIMENSIONS["user"], 1, 0, 7))
    assert known.read(store.reader) == {}
    known.forget()
    assert list(known.read_at(store.reader, 6)) == [("user", 1)]
    assert known.read_at(store.reader, 7) == {}
