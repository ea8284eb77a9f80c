"""The options of `export`, as they show in its rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.money import event, run, write


def export(folder: Path, *options: str) -> dict[str, str]:
    result = run("export", "--focus", write(folder, event(1_000_000)), *options)
    assert result.exit_code == 0, result.output
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    return row


def test_rows_are_of_days_in_utc_and_of_no_invoice_by_default(folder: Path) -> None:
    row = export(folder)
    assert row["ChargePeriodStart"] == "2026-10-05T00:00:00Z"
    assert row["ChargePeriodEnd"] == "2026-10-06T00:00:00Z"
    assert (row["BillingAccountId"], row["InvoiceId"]) == ("unknown", "")
    assert (row["BilledCost"], row["ListCost"], row["ContractedCost"]) == ("0.0", "2.0", "2.0")
    assert "ServiceProviderName" not in row


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        (("--billing-account", "acct"), {"BillingAccountId": "acct"}),
        (("--invoice", "inv-7"), {"InvoiceId": "inv-7"}),
        (("--billed",), {"BilledCost": "2.0"}),
        (
            ("--grain", "hour"),
            {"ChargePeriodStart": "2026-10-05T12:00:00Z", "ChargePeriodEnd": "2026-10-05T13:00:00Z"},
        ),
        (("--tz", "Asia/Kolkata"), {"ChargePeriodStart": "2026-10-04T18:30:00Z"}),
        (("--focus-version", "1.3"), {"ServiceProviderName": "OpenAI"}),
    ],
)
def test_each_option_shows_in_its_column(
    folder: Path, options: tuple[str, ...], columns: dict[str, str]
) -> None:
    row = export(folder, *options)
    assert {name: row[name] for name in columns} == columns


@pytest.mark.parametrize("name", ["out.CSV", "out.csv"])
def test_a_file_is_written_whatever_the_case_of_its_ending(folder: Path, name: str) -> None:
    shown = run("export", "--focus", write(folder, event(5))).stdout
    result = run("export", "--focus", write(folder, event(5)), "--output", name)
    assert (result.exit_code, result.output) == (0, "")
    assert (folder / name).read_text("utf-8").splitlines() == shown.splitlines()


def test_an_ending_of_no_format_is_refused_by_its_name(folder: Path) -> None:
    result = run("export", "--focus", write(folder, event(5)), "--output", "out.json")
    assert result.output == "Error: --output: expected a .csv or .parquet file, got 'out.json'\n"
