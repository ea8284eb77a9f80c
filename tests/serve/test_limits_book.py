"""Limits by themselves: whom they stop, and which calls they count."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.limits import LimitBook, LimitDocument, Spent, blocks, counts, find_state
from payi_transport.serve.rows import Detail
from payi_transport.serve.store import Store
from tests.serve.events import NOON

AT = int(NOON.timestamp() * 1000)
MS = timedelta(milliseconds=1)


def make(limit_id: str = "L", spent: str = "0", **fields: Any) -> LimitDocument:
    values: dict[str, Any] = {
        "limit_id": limit_id,
        "limit_name": "n",
        "limit_type": "allow",
        "max": Decimal(1),
        "created": NOON,
        "updated": NOON,
        "spent": Spent(total=Decimal(spent)),
    }
    return LimitDocument(**{**values, **fields})


@pytest.fixture
def connection(store: Store) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(store.path)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("limit_type", "spent", "expected"),
    [("block", "1", False), ("block", "1.1", True), ("allow", "1.1", False), ("block", "0", False)],
)
def test_a_limit_stops_calls_if_it_is_overrun_and_made_for_that(
    limit_type: str, spent: str, expected: bool
) -> None:
    assert blocks(make(spent=spent, limit_type=limit_type)) is expected


@pytest.mark.parametrize(
    ("threshold", "spent", "state"),
    [("0", "0", "exceeded"), ("1", "0.9", "ok"), ("1", "1", "exceeded"), (None, "1", "exceeded")],
)
def test_a_threshold_of_nothing_is_always_exceeded(threshold: str | None, spent: str, state: str) -> None:
    share = None if threshold is None else Decimal(threshold)
    assert find_state(make(spent=spent, threshold=share)) == state


@pytest.mark.parametrize(
    ("at", "received", "reset", "expected"),
    [
        (AT, AT, None, True),
        # What matters of an old limit of the same id is when an event came, and not when it was.
        (AT - 1, AT, None, True),
        (AT, AT - 1, None, False),
        (AT, AT, NOON, True),
        (AT - 1, AT, NOON, False),
        (AT, AT, NOON + MS, False),
    ],
)
def test_a_call_counts_from_the_millisecond_of_its_limit_on(
    at: int, received: int, reset: Any, expected: bool
) -> None:
    assert counts(make(reset=reset), at, received) is expected


def test_a_book_knows_the_types_of_limits_and_stops_what_they_block(connection: sqlite3.Connection) -> None:
    for limit in (make("a"), make("b", "2", limit_type="block"), make("c", limit_type="block")):
        put_document(connection, limit, limit.limit_id)
    book = LimitBook(connection)
    assert book.types_of(["a", "b", "unknown"]) == {"a": "allow", "b": "block"}
    assert (book.types_of(None), book.types_of([])) == ({}, {})
    assert book.find_blocking(["a", "b", "c", "unknown"]) == ["b"]
    book.write()
    stored = {name: find_document(connection, LimitDocument, name) for name in "abc"}
    assert {name: limit and limit.spent.calls for name, limit in stored.items()} == {
        "a": {},
        "b": {"blocked": 1},
        "c": {},
    }


def test_a_book_stores_a_limit_that_is_new(connection: sqlite3.Connection) -> None:
    book = LimitBook(connection)
    assert book.find("L") is None
    book.put(make())
    assert book.find("L") == make()
    book.write()
    assert find_document(connection, LimitDocument, "L") == make()


@pytest.mark.parametrize(
    ("received", "at", "left"),
    [(AT, AT, "0.5"), (AT - 1, AT, "1"), (AT, AT - 1, "1"), (AT + 1, AT + 1, "0.5")],
)
def test_a_call_is_taken_from_what_counts_it(
    received: int, at: int, left: str, connection: sqlite3.Connection
) -> None:
    limit = make(spent="1", reset=NOON)
    limit.spent.calls["ok"] = 2
    book = LimitBook(connection)
    book.put(limit)
    book.take_away(Detail(limits={"L": "ok", "gone": "ok"}), Decimal("0.5"), at, received)
    book.write()
    stored = find_document(connection, LimitDocument, "L")
    assert stored is not None
    assert (stored.spent.total, stored.spent.calls) == (Decimal(left), {"ok": 2 if left == "1" else 1})
    sums = connection.execute("SELECT COUNT(*) FROM spending").fetchone()
    assert sums == (0 if received < AT else 1,)
