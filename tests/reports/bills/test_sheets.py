"""Tables are found below other lines, whatever separates their columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.line import Table
from payi_transport.reports.bills.sheets import find_table


def find(table: Table) -> str | None:
    return "reader" if {"a", "b"} <= set(table[0]) else None


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("Invoice,7\n\n a , b \n1,2\n\n3\n", [{"a": "1", "b": "2"}, {"a": "3"}]),
        ("a\tb\n1,5\t2\n", [{"a": "1,5", "b": "2"}]),
        ("a;b\n1.234,5;x,y\n0,06;12\n", [{"a": "1.234,5", "b": "x,y"}, {"a": "0,06", "b": "12"}]),
        ('a,b\n"1,50",2\n', [{"a": "1,50", "b": "2"}]),
        ("a,b\n", []),
    ],
)
def test_a_table_is_read(text: str, rows: Any) -> None:
    assert find_table(text, find) == ("reader", rows)


@pytest.mark.parametrize("text", ["", "x\n" * 50 + "a,b\n", "a\nb\n"])
def test_no_table_is_none(text: str) -> None:
    assert find_table(text, find) is None


@given(st.text(alphabet='ab,;\t\n"1', max_size=60))
def test_any_text_has_a_table_or_none(text: str) -> None:
    found = find_table(text, find)
    assert found is None or found[0] == "reader"


@pytest.mark.parametrize(("above", "is_found"), [(39, True), (40, False)])
def test_the_heading_is_one_of_the_first_forty_lines(above: int, is_found: bool) -> None:
    found = find_table("x,y\n" * above + "a,b\n1,2\n", find)
    assert found == (("reader", [{"a": "1", "b": "2"}]) if is_found else None)


def test_the_first_heading_counts_and_rows_may_be_longer() -> None:
    assert find_table("a,b\na,b\n1,2,3\n", find) == ("reader", [{"a": "a", "b": "b"}, {"a": "1", "b": "2"}])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # What most lines have separates them, whatever one line has many of.
        ("a;b\n1;2\n3;4,,,,,,\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4,,,,,,"}]),
        # Of two that all lines have, the one of which a line has more.
        ("a;b;c,d\n1;2;3,4\n", [{"a": "1", "b": "2", "c,d": "3,4"}]),
    ],
)
def test_what_separates_columns_is_what_most_lines_have(text: str, rows: Any) -> None:
    assert find_table(text, find) == ("reader", rows)
