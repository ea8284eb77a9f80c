"""What has no price is never $0, and a sum that lacks prices is a lower bound."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.costs import cost_cell, each_cell, find_each, share_cell, sums_cell
from payi_transport.serve.page.elements import Cell
from payi_transport.serve.views import Sums

PRICED = Sums(calls=4, cost=Decimal("1.5"))
PARTIAL = Sums(calls=4, cost=Decimal("1.5"), unpriced=1)
UNPRICED = Sums(calls=4, unpriced=2)
INCLUDED = Sums(calls=4, included=4)
FAILED = Sums(calls=4, errors=4)


@pytest.mark.parametrize(
    ("cost", "status", "expected"),
    [
        ("1.5", "priced", Cell("$1.50", "$1.5")),
        (
            "1.5",
            "partial",
            Cell("≥ $1.50", "$1.5", mark="warn", hint="$1.5, without the units that have no price"),
        ),
        (None, "unpriced", Cell("unpriced", mark="warn", hint="No price is known for this model")),
        ("0", "unpriced", Cell("unpriced", mark="warn", hint="No price is known for this model")),
        ("0", "included", Cell("included", hint="Included in a subscription")),
    ],
)
def test_a_cost_that_is_not_an_amount_is_a_word(cost: str | None, status: str, expected: Cell) -> None:
    assert cost_cell(None if cost is None else Decimal(cost), status) == expected


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        (PRICED, Cell("$1.50", "$1.5", bar=0.5)),
        (
            PARTIAL,
            Cell(
                "≥ $1.50",
                "$1.5",
                bar=0.5,
                hint="$1.5, and 1 call without a (full) price",
            ),
        ),
        (UNPRICED, Cell("unpriced", mark="warn", hint="2 calls without a (full) price")),
        (INCLUDED, Cell("included", hint="4 calls included in a subscription")),
        (FAILED, Cell("$0", "$0", bar=0.0)),
    ],
)
def test_a_sum_without_a_price_is_a_word_and_one_that_lacks_some_a_bound(sums: Sums, expected: Cell) -> None:
    assert sums_cell(sums, Decimal(3)) == expected


def test_where_everything_is_free_no_bar_is_long() -> None:
    assert sums_cell(FAILED, Decimal(0)).bar == 0


@pytest.mark.parametrize(
    ("sums", "each", "share"),
    [
        (PRICED, "$0.38", "50.0%"),
        (PARTIAL, "≥ $0.38", "50.0%"),
        (UNPRICED, "—", "—"),
        (INCLUDED, "—", "—"),
        (FAILED, "$0", "0.0%"),
        (Sums(), "—", "0.0%"),
    ],
)
def test_what_one_call_costs_and_the_share_are_known_only_with_a_price(
    sums: Sums, each: str, share: str
) -> None:
    assert each_cell(sums).text == each
    assert share_cell(sums, Sums(cost=Decimal(3))).text == share


@pytest.mark.parametrize(
    ("cost", "calls", "exact"),
    [
        ("1", 3, "$0.333333"),
        ("100.123456", 3532, "$0.0283475"),
        ("0.006", 2, "$0.003"),
        ("2000000", 3, "$666667"),
        ("1000", 1, "$1000"),
        ("0", 2, "$0"),
    ],
)
def test_an_average_has_six_digits(cost: str, calls: int, exact: str) -> None:
    assert each_cell(Sums(calls=calls, cost=Decimal(cost))).exact == exact


def test_without_calls_an_average_is_nothing() -> None:
    assert find_each(Sums()) == 0
