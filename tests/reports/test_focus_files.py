"""FOCUS files: what is written is what readers of CSV and Parquet get back."""

from __future__ import annotations

import builtins
import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS, list_columns
from payi_transport.reports.focus_files import write_csv, write_parquet
from tests.reports.support import make_call

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


@pytest.mark.parametrize("version", VERSIONS)
def test_a_parquet_file_has_types_and_exact_decimals(version: Any, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(ROWS, version, tmp_path / "f.parquet")
    table = parquet.read_table(tmp_path / "f.parquet")
    assert table.column_names == [column.name for column in list_columns(version)]
    assert table.column("EffectiveCost").to_pylist() == [Decimal("0.000000000000003"), Decimal(16)]
    assert table.column("ChargePeriodStart").to_pylist()[0] == ROWS[0]["ChargePeriodStart"]


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
