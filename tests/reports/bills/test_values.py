"""Values of a bill that can't be read are counted, and the first of them is named."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

from payi_transport.reports.bills.values import Unread, ValueReader, describe_unread


def test_what_can_be_read_and_what_is_empty_is_not_counted() -> None:
    values = ValueReader()
    assert values.number("-$20.00") == Decimal(-20)
    assert values.time("2026-10-05") == datetime(2026, 10, 5, tzinfo=timezone.utc)
    for nothing in (None, "", "  ", float("nan")):
        assert values.number(nothing) is None
        assert values.time(nothing) is None
    assert values.list_unread("bill.csv") == []


def test_what_cannot_be_read_is_counted_by_its_kind_with_the_first_of_it() -> None:
    values = ValueReader()
    for text in ("n/a", "?", True, [1]):
        assert values.number(text) is None
    assert values.time("soon") is None
    assert values.list_unread("bill.csv") == [
        Unread(file="bill.csv", kind="number", count=4, first="n/a"),
        Unread(file="bill.csv", kind="date", count=1, first="soon"),
    ]


def test_the_user_is_told_what_becomes_of_it_and_what_is_accepted() -> None:
    numbers = Unread(file="bill.csv", kind="number", count=1200, first="n/a")
    assert describe_unread(numbers) == (
        "bill.csv: 1,200 numbers can't be read (taken for none); expected 1234.56, 1,234.56, -$5.00, (5.00),"
        " or 1.234,56 in a column with decimal commas, got 'n/a'"
    )
    date = Unread(file="bill.csv", kind="date", count=1, first="soon")
    assert describe_unread(date) == (
        "bill.csv: 1 date can't be read (lines without a date are left out); expected 2026-10-31,"
        " 10/31/2026, 31.10.2026, or 31 Oct 2026, with days or months first in a whole column, got 'soon'"
    )


def test_only_the_beginning_of_a_long_value_is_shown() -> None:
    values = ValueReader()
    values.number("x" * 101)
    values.time("y" * 100)
    assert [len(unread.first) for unread in values.list_unread("bill")] == [100, 100]


def test_several_dates_are_said_as_such() -> None:
    text = describe_unread(Unread(file="b", kind="date", count=2, first="?"))
    assert text.startswith(
        "b: 2 dates can't be read (lines without a date are left out); expected 2026-10-31"
    )
    text = describe_unread(Unread(file="b", kind="number", count=1, first="?"))
    assert text.startswith("b: 1 number can't be read (taken for none); expected ")
