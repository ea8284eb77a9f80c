"""Files of every format are told apart, and what two files both have counts once."""

from __future__ import annotations

import builtins
import csv
import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payi_transport.errors import PayiError
from payi_transport.reports.bills.reading import read_bills
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_files import write_csv, write_parquet
from tests.reports.support import make_call

ROWS = make_rows([make_call({"text": (100, 10)}, {"text input": "1", "text output": "2"})], FocusOptions())
FOCUS = write_csv(ROWS, "1.2")
OPENAI: dict[str, Any] = {
    "data": [
        {"start_time": 1790899200, "results": [{"amount": {"value": 1}, "line_item": "gpt-5, input"}]},
        {"start_time": 1790985600, "results": [{"amount": {"value": 2}, "line_item": "gpt-5, input"}]},
    ]
}
ANTHROPIC: dict[str, Any] = {
    "data": [{"starting_at": "2026-10-05T00:00:00Z", "results": [{"amount": "100", "model": "m"}]}]
}
AWS = (
    "line_item_usage_start_date,line_item_product_code,line_item_usage_type,line_item_usage_amount\n"
    "2026-10-05T00:00:00Z,AmazonBedrock,USE1-NovaPro-input-tokens,5\n"
)
GOOGLE = (
    "Invoice number,7\n\nSKU description,Usage start date,Usage amount,Cost ($)\n"
    "Gemini 3 Pro Text Input,2026-10-05,5,1.5\n"
)
OPENAI_CSV = 'start_time_iso,start_time,amount_value,line_item\n2026-10-05,1,2,"gpt-5, input"\n'
ANTHROPIC_CSV = "usage_date_utc,model,cost_usd,token_type\n2026-10-05,Claude Haiku 4.5,1,output\n"
BIGQUERY = json.dumps(
    {"sku": {"description": "Gemini 3 Pro Text Input"}, "usage_start_time": "2026-10-05", "cost": 1}
)
AZURE = "Date,MeterName,MeterCategory,Quantity\n10/05/2026,gpt 4o Inp,Azure OpenAI,3\n"


@pytest.mark.parametrize(
    ("content", "provider", "number"),
    [
        (FOCUS, "openai", 2),
        ("\ufeff" + FOCUS, "openai", 2),
        (json.dumps(OPENAI), "openai", 2),
        (json.dumps([OPENAI]), "openai", 2),
        (json.dumps(OPENAI["data"]), "openai", 2),
        (json.dumps(OPENAI) + "\n\n" + json.dumps(ANTHROPIC), "openai", 3),
        (json.dumps(ANTHROPIC), "anthropic", 1),
        (AWS, "aws", 1),
        (AZURE, "azure", 1),
        (AZURE.replace(",", ";"), "azure", 1),
        (GOOGLE, "google", 1),
        (BIGQUERY + "\n" + BIGQUERY, "google", 2),
        (OPENAI_CSV, "openai", 1),
        (ANTHROPIC_CSV, "anthropic", 1),
    ],
)
def test_every_format_is_found(content: str, provider: str, number: int, tmp_path: Path) -> None:
    for data in (content.encode(), gzip.compress(content.encode())):
        (tmp_path / "bill").write_bytes(data)
        bill = read_bills([tmp_path / "bill"])
        assert (bill.lines[0].provider, len(bill.lines), bill.repeats) == (provider, number, [])


def test_what_spreadsheets_call_unicode_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "bill").write_bytes(AZURE.replace(",", "\t").encode("utf-16"))
    assert len(read_bills([tmp_path / "bill"]).lines) == 1


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("1,50", "1.50"),
        ("1,5E-05", "0.000015"),
        ("+1,5", "1.5"),
        ("$1,50", "1.50"),
        ("-1.234,50 €", "-1234.50"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_decimal_commas_are_read_whatever_separates_the_columns(
    text: str, cost: str, delimiter: str, tmp_path: Path
) -> None:
    rows = [line.split(",") for line in ANTHROPIC_CSV.splitlines()]
    rows[1][2] = text
    with (tmp_path / "bill").open("w", encoding="utf-16" if delimiter == "\t" else "utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (line,) = read_bills([tmp_path / "bill"]).lines
    assert line.cost == Decimal(cost)


def test_a_comma_that_could_separate_thousands_does_so_unless_the_file_has_decimal_commas(
    tmp_path: Path,
) -> None:
    (tmp_path / "bill").write_text(ANTHROPIC_CSV.replace(",1,", ',"1,234",'))
    (line,) = read_bills([tmp_path / "bill"]).lines
    assert line.cost == 1234
    (tmp_path / "bill").write_text(ANTHROPIC_CSV.replace(",1,", ',"1,234",') + '2026-10-05,x,"0,5",output\n')
    assert [line.cost for line in read_bills([tmp_path / "bill"]).lines] == [
        Decimal("1.234"),
        Decimal("0.5"),
    ]


def write_azure(path: Path, *rows: tuple[str, str]) -> Path:
    """An Azure bill of rows of (date, cost)."""
    lines = [f'{day},gpt 4o Inp,Azure OpenAI,3,"{cost}"' for day, cost in rows]
    path.write_text("\n".join(["Date,MeterName,MeterCategory,Quantity,PreTaxCost", *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["{day:02}/10/2026", "10/{day:02}/2026", "{day}.10.2026", "{day} Oct 2026"])
def test_every_day_of_a_month_is_read_in_the_order_of_its_column(form: str, tmp_path: Path) -> None:
    rows = [(form.format(day=day), "10") for day in range(1, 32)]
    bill = read_bills([write_azure(tmp_path / "bill", *rows)])
    assert [(line.start.month, line.start.day) for line in bill.lines] == [(10, day) for day in range(1, 32)]
    assert bill.unread == []


def test_credits_reduce_the_bill(tmp_path: Path) -> None:
    rows = [("2026-10-05", cost) for cost in ("100.00", "-$20.00", "(1,234.56)", "\N{MINUS SIGN}5.00")]
    bill = read_bills([write_azure(tmp_path / "bill", *rows)])
    assert [str(line.cost) for line in bill.lines] == ["100.00", "-20.00", "-1234.56", "-5.00"]


def test_values_that_cannot_be_read_are_named_with_their_file(tmp_path: Path) -> None:
    rows = [("2026-10-05", "n/a"), ("2026-10-05", "5"), ("30 Okt 2026", "5"), ("Total", "5"), ("", "15")]
    one, two = write_azure(tmp_path / "one", *rows), write_azure(tmp_path / "two", ("2026-10-06", "?"))
    bill = read_bills([one, two])
    assert len(bill.lines) == 3
    assert [(unread.file, unread.kind, unread.count, unread.first) for unread in bill.unread] == [
        (str(one), "number", 1, "n/a"),
        (str(one), "date", 2, "30 Okt 2026"),
        (str(two), "number", 1, "?"),
    ]


def test_a_bill_without_a_date_that_can_be_read_is_an_error_that_names_the_first(tmp_path: Path) -> None:
    bill = write_azure(tmp_path / "bill", ("05-10-2026", "1"), ("06-10-2026", "1"))
    with pytest.raises(
        PayiError, match=r"bill: 2 dates can't be read .* expected 2026-10-31, .* '05-10-2026'"
    ):
        read_bills([bill])


def test_parquet_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write_parquet(ROWS, "1.2", tmp_path / "f.parquet")
    (tmp_path / "f.csv").write_text(FOCUS)
    assert read_bills([tmp_path / "f.parquet"]) == read_bills([tmp_path / "f.csv"])


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "bill")
    with pytest.raises(PayiError, match="is not a bill that can be read"):
        read_bills([tmp_path / "bill"])


def make_parquet(folder: Path) -> bytes:
    pytest.importorskip("pyarrow")
    write_parquet(ROWS, "1.2", folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize(
    "make", [make_parquet, lambda folder: gzip.compress(FOCUS.encode())], ids=["parquet", "gzip"]
)
def test_a_file_that_is_damaged_anywhere_is_read_or_refused(
    make: Callable[[Path], bytes], tmp_path: Path
) -> None:
    whole, refused = make(tmp_path), 0
    for place in range(4, len(whole), len(whole) // 150):
        (tmp_path / "bill").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_bills([tmp_path / "bill"])
        except PayiError as exc:
            assert "bill" in str(exc) and "\n" not in str(exc)
            refused += 1
    assert refused


def test_lines_of_two_files_count_once_and_equal_lines_of_one_file_twice(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    bucket = OPENAI["data"][0]
    one.write_text(json.dumps({"data": [bucket, bucket]}))
    two.write_text(json.dumps({"data": [bucket, OPENAI["data"][1]]}))
    bill = read_bills([one, two])
    assert (len(bill.lines), len(bill.repeats)) == (3, 1)
    assert len(read_bills([one, one]).repeats) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a bill that can be read"),
        (b"a,b\n1,2\n", "is not a bill that can be read; expected a cost export: FOCUS"),
        (b"\x80\xff\x00\x00", "is neither JSON, CSV, nor Parquet"),
        (b"{broken", "isn't valid JSON"),
        (b"[" * 100_000, "isn't valid JSON"),
        (b'{"a": 1}', "has no charges for models"),
        (b"[1, 2]", "has no charges for models"),
        (b"PAR1 and nothing else", "isn't a valid Parquet file"),
        (b"\x1f\x8b cut", "can't be read"),
    ],
)
def test_what_is_no_bill_is_an_error_that_names_the_file(
    content: bytes, message: str, tmp_path: Path
) -> None:
    if content.startswith(b"PAR1"):
        pytest.importorskip("pyarrow")
    (tmp_path / "bill").write_bytes(content)
    with pytest.raises(PayiError, match=f"bill {message}"):
        read_bills([tmp_path / "bill"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="none can't be read: No such file"):
        read_bills([tmp_path / "none"])


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *arguments: Any) -> Any:
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *arguments)

    (tmp_path / "bill").write_bytes(b"PAR1")
    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(PayiError, match=r"pip install 'payi-transport\[parquet\]'"):
        read_bills([tmp_path / "bill"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_a_bill_that_is_cut_or_changed_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = data.draw(
        st.sampled_from(
            [FOCUS, AWS, AZURE, GOOGLE, OPENAI_CSV, BIGQUERY, json.dumps(OPENAI), json.dumps(ANTHROPIC)]
        )
    )
    raw = bytearray(content.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "bill").write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        read_bills([tmp_path / "bill"])
    except PayiError as exc:
        assert "bill" in str(exc)
