"""Costs that are not amounts, and tables as CSV."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.calls import cost_cell
from payi_transport.serve.page.elements import Cell, Column, to_csv
from payi_transport.serve.page.overview import list_remarks
from payi_transport.serve.views import Sums


@pytest.mark.parametrize(
    ("cost", "status", "expected"),
    [
        ("1.5", "priced", Cell("$1.50", "$1.5")),
        ("1.5", "partial", Cell("$1.50", "$1.5", mark="warn")),
        (None, "unpriced", Cell("unpriced", mark="warn")),
        ("0", "included", Cell("included")),
    ],
)
def test_a_cost_that_is_not_an_amount_is_a_word(cost: str | None, status: str, expected: Cell) -> None:
    assert cost_cell(None if cost is None else Decimal(cost), status) == expected


def test_a_sum_says_what_is_missing_from_it() -> None:
    assert list_remarks(Sums(calls=9)) == []
    missing, included = list_remarks(Sums(calls=9, unpriced=2, included=12_345))
    assert missing.startswith("2 calls have no (full) price")
    assert included == "12.3k calls are included in a subscription and cost nothing more."


def test_a_table_as_csv_has_exact_values_and_no_formulas() -> None:
    columns = [Column("Name", is_number=False), Column("Cost")]
    rows = [
        [Cell('a "b", c'), Cell("$1.37", "$1.36623")],
        [Cell("=HYPERLINK(1)"), Cell("—")],
        [Cell("@cmd"), Cell("0")],
    ]
    assert to_csv(columns, rows).splitlines() == [
        "Name,Cost",
        '"a ""b"", c",$1.36623',
        "'=HYPERLINK(1),—",
        "'@cmd,0",
    ]
