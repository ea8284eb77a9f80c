"""Small documents by kind and id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import msgspec
import pytest

from payi_transport.serve.documents import delete_document, find_document, list_documents, put_document
from payi_transport.serve.store import Store


class Fruit(msgspec.Struct):
    name: str
    price: Decimal = Decimal(1)


class Vegetable(msgspec.Struct):
    name: str


@pytest.fixture
def connection(store: Store) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(store.path)) as opened:
        yield opened


def names(connection: sqlite3.Connection, *parts: str) -> list[str]:
    return [fruit.name for fruit in list_documents(connection, Fruit, *parts)]


def test_a_document_is_found_by_all_parts_of_its_id(connection: sqlite3.Connection) -> None:
    exact = Fruit("apple", Decimal("0.1000000000000000000000001"))
    put_document(connection, exact, "garden", "a")
    assert find_document(connection, Fruit, "garden", "a") == exact
    for parts in (("garden",), ("a",), ("garden", "b"), ("a", "garden"), ("garden", "a", "")):
        assert find_document(connection, Fruit, *parts) is None
    assert find_document(connection, Vegetable, "garden", "a") is None


def test_one_takes_the_place_of_another_with_its_id_and_kind(connection: sqlite3.Connection) -> None:
    for made in (Fruit("apple"), Vegetable("leek"), Fruit("pear")):
        put_document(connection, made, "a")
    assert find_document(connection, Fruit, "a") == Fruit("pear")
    delete_document(connection, Fruit, "a")
    delete_document(connection, Fruit, "never there")
    assert find_document(connection, Fruit, "a") is None
    assert find_document(connection, Vegetable, "a") == Vegetable("leek")


def test_a_list_has_those_whose_ids_begin_with_its_parts_in_order(connection: sqlite3.Connection) -> None:
    for parts in (("b", "2"), ("b", "1"), ("a",), ("b",), ("bb", "1"), ("b", "1", "x"), ("\U0010fffe",)):
        put_document(connection, Fruit("/".join(parts)), *parts)
    put_document(connection, Vegetable("leek"), "b", "3")
    assert names(connection) == ["a", "b", "b/1", "b/1/x", "b/2", "bb/1", "\U0010fffe"]
    assert names(connection, "b") == ["b/1", "b/1/x", "b/2"]
    assert names(connection, "b", "1") == ["b/1/x"]
    assert names(connection, "c") == []


def test_no_name_reaches_into_another_part_of_an_id(connection: sqlite3.Connection) -> None:
    put_document(connection, Fruit("odd"), "a\x1fb")
    assert find_document(connection, Fruit, "a", "b") is None
    assert find_document(connection, Fruit, "a\x1fb") == Fruit("odd")
