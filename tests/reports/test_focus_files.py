"""FOCUS files: what is written is what readers of CSV and Parquet get back."""

from __future__ import annotations

import builtins
import csv
import io
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.errors import PayiError
from payi_transport.prices import find_pricer
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS, list_columns
from payi_transport.reports.focus_files import format_value, write_csv, write_parquet
from payi_transport.reports.priced_calls import PricedCall
from tests.reports.support import make_call, make_event

RATES = {"text input": "0.000000000000001", "text output": "8"}
ROWS = make_rows([make_call({"text": (3, 2)}, RATES, account_name='a, "b"')], FocusOptions())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_csv_file_has_every_column_and_exact_decimals(version: Any) -> None:
    read = list(csv.DictReader(io.StringIO(write_csv(ROWS, version))))
    assert list(read[0]) == [column.name for column in list_columns(version)]
    assert [(row["EffectiveCost"], row["PricingQuantity"]) for row in read] == [
        ("0.000000000000003", "3.0"),
        ("16.0", "2.0"),
    ]
    assert read[0]["SubAccountId"] == 'a, "b"'
    assert read[0]["ChargePeriodStart"] == "2026-11-05T00:00:00Z"
    assert read[0]["ChargeClass"] == ""


def test_a_name_that_a_spreadsheet_would_run_is_quoted() -> None:
    rows = make_rows([make_call({"text": (3, 0)}, RATES, account_name="=1+1")], FocusOptions())
    (row,) = csv.DictReader(io.StringIO(write_csv(rows, "1.2")))
    assert row["SubAccountName"] == "'=1+1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal(3), "3.0"),
        (Decimal("1E+3"), "1000.0"),
        (Decimal("-0.00000010"), "-0.0000001"),
        (datetime(2026, 11, 5, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))), "2026-11-05T00:02:03Z"),
        ("a=b", "a=b"),
        *((f"{first}1", f"'{first}1") for first in "=+-@\t\r"),
    ],
)
def test_a_value_has_one_form_in_csv(value: Any, text: str) -> None:
    assert format_value(value) == text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_of_a_parquet_file_says_the_type_of_each_column(version: Any, tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    write_parquet(ROWS, version, tmp_path / "f.parquet")
    kinds = {
        "text": pyarrow.string(),
        "json": pyarrow.string(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        "decimal": pyarrow.decimal128(38, 15),
        "price": pyarrow.decimal128(38, 24),
    }
    schema = parquet.read_schema(tmp_path / "f.parquet")
    assert [(field.name, field.type, field.nullable) for field in schema] == [
        (column.name, kinds[column.type], column.nullable) for column in list_columns(version)
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_parquet_file_has_types_and_exact_decimals(version: Any, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(ROWS, version, tmp_path / "f.parquet")
    table = parquet.read_table(tmp_path / "f.parquet")
    assert table.column_names == [column.name for column in list_columns(version)]
    assert table.column("EffectiveCost").to_pylist() == [Decimal("0.000000000000003"), Decimal(16)]
    assert table.column("ChargePeriodStart").to_pylist()[0] == ROWS[0]["ChargePeriodStart"]


def price(settings: dict[str, Any], units: dict[str, tuple[int, int]], **fields: Any) -> PricedCall:
    event = make_event(units, **fields)
    return PricedCall(event, find_pricer(check_config({"prices": settings}).prices).estimate(event))


THIRD = {"resource": "gpt-4.1", "units": {"text": {"input": 1, "output": "0.1", "per": 3}}}
# Prices without an end: a provider's figure that is spread over tokens, and a price for three of a unit.
ENDLESS = {
    "provider": ({}, {"properties": {"provider.cost": "0.001"}}),
    "header": ({}, {"properties": {"provider.cost": "12345.678901234567891"}}),
    "own": ({"own": [THIRD]}, {}),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_both_formats_have_the_same_digits_of_every_number(name: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    settings, fields = ENDLESS[name]
    call = price(settings, {"text": (7, 3), "text_cache_read": (1_000_003, 0)}, **fields)
    assert any(line.rate and line.rate * 10**24 % 1 for line in call.estimate.lines)
    rows = make_rows([call], FocusOptions())
    write_parquet(rows, "1.2", tmp_path / "f.parquet")
    table = parquet.read_table(tmp_path / "f.parquet").to_pylist()
    for written, read in zip(csv.DictReader(io.StringIO(write_csv(rows, "1.2"))), table, strict=True):
        assert {key: format_value(value) for key, value in read.items()} == written
        # The price times the quantity is the cost.
        cost = read["ListUnitPrice"] * read["PricingQuantity"]
        assert abs(cost - read["ListCost"]) <= Decimal("1e-15")
        assert written["SkuPriceId"].endswith(f"/{read['ListUnitPrice'].normalize():f}")


def test_a_number_that_has_no_place_in_a_file_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = [{**ROWS[0], "ListCost": Decimal("1e30")}]
    with pytest.raises(PayiError, match=r"f\.parquet can't be written: .+") as caught:
        write_parquet(rows, "1.2", tmp_path / "f.parquet")
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(PayiError, match=r"none/f\.parquet can't be written"):
        write_parquet(ROWS, "1.2", tmp_path / "none" / "f.parquet")


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *arguments: Any) -> Any:
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(PayiError, match=r"pip install 'payi-transport\[parquet\]'"):
        write_parquet(ROWS, "1.2", tmp_path / "f.parquet")
