"""Remarks on sums, and tables as CSV."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.elements import Cell, Column, to_csv
from payi_transport.serve.page.overview import list_remarks
from payi_transport.serve.views import Sums


def test_a_sum_says_what_is_missing_from_it() -> None:
    assert list_remarks(Sums(calls=9)) == []
    missing, included = list_remarks(Sums(calls=9, unpriced=2, included=12_345))
    assert missing.startswith("The cost lacks 2 calls without a (full) price.")
    assert included == "A subscription includes 12,345 calls, which cost nothing more."


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
