"""How close two numbers must be, and what of a difference is still to be explained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from payi_transport.reports.reconcile import Parts, Row
from payi_transport.reports.reconcile_cells import Amount, Cell, CellKey
from payi_transport.reports.reconcile_left import Left, format_share, group_by_model, is_close
from tests.reports.support import exact


def amount(quantity: int, cost: int) -> Amount:
    made = Amount()
    made.add(quantity, Decimal(cost))
    return made


def left(bill: Amount, ours: Amount, *parts: int, model: str = "m") -> Left:
    key = CellKey(date(2026, 11, 5), model, "input")
    return Left(Row(key, Cell(bill, Amount(), ours), Parts(*map(Decimal, parts))))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("100", "99", True),
        ("99", "100", True),
        ("100", "98.99", False),
        ("100", "101.01", True),
        ("100", "101.02", False),
        ("-100", "-99", True),
        ("-100", "99", False),
        ("0", "0", True),
        ("0", "0.0001", False),
    ],
)
def test_what_is_within_a_percent_of_the_larger_one_is_the_same(one: str, other: str, expected: bool) -> None:
    assert is_close(Decimal(one), Decimal(other)) is expected


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [("1", "3", "33.3 %"), ("1", "2", "50 %"), ("17", "16", "106.2 %"), ("-1", "4", "-25 %"), ("1", "0", "")],
)
def test_a_share_has_a_decimal_where_it_matters(part: str, whole: str, text: str) -> None:
    assert format_share(Decimal(part), Decimal(whole)) == text


def test_money_that_was_taken_is_explained() -> None:
    row = left(amount(12, 36), amount(10, 20), 1, 2, 4, 8)
    assert row.take("quantity", "undivided") == 10
    assert row.take("quantity", "undivided") == 0
    assert exact(row.not_seen, row.price) == (1, 4)


def test_the_quantity_of_the_bill_has_our_price_if_we_have_one() -> None:
    assert left(amount(12, 36), amount(10, 20)).at_our_price == 24
    assert left(amount(12, 36), Amount()).at_our_price == 0


def test_what_is_left_is_grouped_by_model() -> None:
    rows = [left(Amount(), Amount(), model=model) for model in ("a", "b")]
    grouped = group_by_model({row.row.key: row for row in rows})
    assert {model: list(found.values()) for model, found in grouped.items()} == {"a": rows[:1], "b": rows[1:]}
