"""A whole column, or the whole file, says how its numbers are written."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.reports.bills.locales import make_plain


def make_table(**columns: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize(
    ("columns", "plain"),
    [
        # A column with decimal commas.
        ({"a": ["1,50", "1.234,5", "n/a"]}, {"a": ["1.50", "1,234.5", "n/a"]}),
        ({"a": ["1,5E-05"]}, {"a": ["1.5E-05"]}),
        ({"a": ["+1,5", "$1,50", "-2,5 €"]}, {"a": ["+1.5", "$1.50", "-2.5 €"]}),
        # 1,234 is what the rest of its column says, or else the other columns.
        ({"a": ["1,234", "0,5"]}, {"a": ["1.234", "0.5"]}),
        ({"a": ["1.234", "0,5"]}, {"a": ["1,234", "0.5"]}),
        ({"a": ["1,234"], "b": ["0,5"]}, {"a": ["1.234"], "b": ["0.5"]}),
        (
            {"a": ["1,234"], "b": ["0,5"], "c": ["2,5"], "d": ["2.5"]},
            {"a": ["1.234"], "b": ["0.5"], "c": ["2.5"]},
        ),
        ({"a": ["1,234"], "b": ["0,5"], "c": ["2.5"]}, {"a": ["1.234"], "b": ["0.5"]}),
        ({"a": ["1,234"], "b": ["0,5"], "c": ["2.5"], "d": ["0.5"]}, {"b": ["0.5"]}),
        ({"a": ["1,234", "2.5"], "b": ["0,5", ""], "c": ["0,5", ""]}, {"b": ["0.5", ""], "c": ["0.5", ""]}),
        ({"a": ["1,234", "1.234", "12"]}, {}),
        ({"a": ["1,234.5"]}, {}),
        # What only a point makes a number keeps it.
        ({"a": ["1,5", "0.25"]}, {"a": ["1.5", "0.25"]}),
        # Anything else stays.
        ({"a": ["x,y", "1,5 tokens", 1.5, None, ["1,5"]]}, {}),
        ({"a": []}, {}),
    ],
)
def test_decimal_commas_are_found_by_column_and_file(columns: Any, plain: Any) -> None:
    assert make_plain(make_table(**columns)) == make_table(**{**columns, **plain})


@pytest.mark.parametrize(
    ("columns", "plain"),
    [
        # The whole column says whether days or months are first.
        ({"a": ["31/10/2026", "01/10/2026"]}, {"a": ["2026-10-31", "2026-10-01"]}),
        ({"a": ["10/31/2026", "10/1/2026"]}, {"a": ["2026-10-31", "2026-10-01"]}),
        ({"a": ["10.31.2026", "10/01/2026"]}, {"a": ["2026-10-31", "2026-10-01"]}),
        # Or else the other columns.
        ({"a": ["01/10/2026"], "b": ["31/10/2026"]}, {"a": ["2026-10-01"], "b": ["2026-10-31"]}),
        ({"a": ["01-10-2026"], "b": ["31-10-2026"]}, {"a": ["2026-10-01"], "b": ["2026-10-31"]}),
        # Where nothing says it, months are first, and days in front of a point.
        ({"a": ["10/05/2026", "10/5/2026 0:00"]}, {"a": ["2026-10-05", "2026-10-05 0:00"]}),
        ({"a": ["05.10.2026", "5.10.2026, 12:00 AM"]}, {"a": ["2026-10-05", "2026-10-05 12:00 AM"]}),
        ({"a": ["10/05/2026 00:00:00.000"]}, {"a": ["2026-10-05 00:00:00.000"]}),
        ({"a": ["05-10-2026"]}, {}),
        # A column that says both leaves no choice only where there is none.
        (
            {"a": ["31/10/2026", "10/30/2026", "10/05/2026", "05/05/2026"]},
            {"a": ["2026-10-31", "2026-10-30", "10/05/2026", "2026-05-05"]},
        ),
        ({"a": ["13/13/2026", "2026-10-05", "1/2/26", "1/2/2026 x", "1/2.2026"]}, {}),
    ],
)
def test_the_order_of_days_and_months_is_found_by_column_and_file(columns: Any, plain: Any) -> None:
    assert make_plain(make_table(**columns)) == make_table(**{**columns, **plain})


def test_rows_may_lack_columns() -> None:
    assert make_plain([{"a": "1,5"}, {"b": "x"}]) == [{"a": "1.5"}, {"b": "x"}]
