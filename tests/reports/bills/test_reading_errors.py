"""What is said of a file that is no bill, and of what two files both have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.bills.reading import read_bills

EXPECTED = (
    "expected a cost export: FOCUS (CSV or Parquet), OpenAI's costs or usage, Anthropic's cost or usage"
    " report (JSON of their APIs, or CSV of their consoles), an AWS Cost and Usage Report, an Azure"
    " cost export, or Google Cloud's billing export"
)
ROW = {"amount": {"value": 1}, "line_item": "gpt-5, input"}


def page(*days: int, rows: Any = (ROW,)) -> str:
    start = 1790899200
    return json.dumps({"data": [{"start_time": start + 86400 * day, "results": [*rows]} for day in days]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "is not a bill that can be read; {EXPECTED}"),
        ("{broken", "isn't valid JSON; {EXPECTED}"),
        ('{"a": 1}', "has no charges for models; {EXPECTED}"),
        (page(0, rows=()), "has no charges for models; {EXPECTED}"),
    ],
)
def test_an_error_says_what_is_expected(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bill"
    file.write_text(content)
    with pytest.raises(PayiError) as caught:
        read_bills([file])
    assert str(caught.value) == f"{file} {message.replace('{EXPECTED}', EXPECTED)}"


def test_what_is_neither_text_nor_packed_says_so(tmp_path: Path) -> None:
    file = tmp_path / "bill"
    file.write_bytes(b"\x80\xff")
    with pytest.raises(PayiError) as caught:
        read_bills([file])
    assert str(caught.value).startswith(f"{file} is neither JSON, CSV, nor Parquet (")
    assert str(caught.value).endswith(f"); {EXPECTED}")


def test_of_equal_lines_in_several_files_as_many_count_as_one_file_has(tmp_path: Path) -> None:
    files = []
    for number, content in enumerate((page(0, 1), page(0, 0, 0), page(0, 0, 1, 2))):
        files.append(tmp_path / str(number))
        files[-1].write_text(content)
    bill = read_bills(files)
    days = sorted(line.start.day for line in bill.lines)
    assert days == [2, 2, 2, 3, 4]
    assert sorted(line.start.day for line in bill.repeats) == [2, 2, 2, 3]


@pytest.mark.parametrize("separator", ["\n", "\n \n"])
def test_pages_of_several_lines_are_one_bill(separator: str, tmp_path: Path) -> None:
    (tmp_path / "bill").write_text(separator.join([page(0), page(1, 2)]))
    assert len(read_bills([tmp_path / "bill"]).lines) == 3


def test_rows_of_a_table_may_stand_in_json_beside_pages(tmp_path: Path) -> None:
    row = {"usage_date_utc": "2026-10-05", "model": "m", "cost_usd": "1,5"}
    (tmp_path / "bill").write_text("\n".join([page(0), json.dumps(row), "5"]))
    bill = read_bills([tmp_path / "bill"])
    assert [(line.provider, str(line.cost)) for line in bill.lines] == [("openai", "1"), ("anthropic", "1.5")]
