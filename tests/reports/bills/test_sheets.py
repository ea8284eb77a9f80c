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
