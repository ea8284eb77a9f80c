"""What was exported stays, and rows of corrections add up to what is right now."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payi_transport.errors import PayiError
from payi_transport.reports.focus import FocusOptions, Row, make_rows
from payi_transport.reports.focus_corrections import make_corrections, read_exported
from payi_transport.reports.focus_files import write_csv
from tests.reports.support import NOON, make_call

NOW = datetime(2026, 12, 3, tzinfo=timezone.utc)
OLD, NEW = {"text input": "0.000002"}, {"text input": "0.000003", "text output": "0.000008"}


def rows(rates: Any, *tokens: int, **fields: Any) -> list[Row]:
    return make_rows([make_call({"text": (count, 10)}, rates, **fields) for count in tokens], FocusOptions())


def export(path: Path, made: list[Row]) -> list[Row]:
    path.write_text(write_csv(made, "1.2"))
    return read_exported(path)


def correct(now: list[Row], before: list[Row]) -> list[Row]:
    return [*make_corrections(now, before, NOW, timezone.utc)]


def test_a_new_price_and_a_corrected_one_are_rows_of_the_difference(tmp_path: Path) -> None:
    exported = export(tmp_path / "a.csv", rows(OLD, 1_000_000))
    made = correct(rows(NEW, 1_000_000), exported)
    assert [(row["x_Direction"], row["EffectiveCost"], row["x_Note"]) for row in made] == [
        ("input", Decimal(1), "corrected from $2.0 to $3.0"),
        ("output", Decimal("0.00008"), "corrected from $0.0 to $0.00008"),
    ]
    for row in made:
        assert (row["ChargeClass"], row["ChargeCategory"]) == ("Correction", "Usage")
        assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["ListUnitPrice"]) == (None, None, None)
        assert row["BillingPeriodStart"] == datetime(2026, 12, 1, tzinfo=timezone.utc)
        assert row["ChargePeriodStart"] == NOON.replace(hour=0)


def test_a_correction_is_the_row_of_now_without_prices_in_the_month_in_which_it_was_found(
    tmp_path: Path,
) -> None:
    exported = export(tmp_path / "a.csv", rows(OLD, 1_000_000, account_name="acme"))
    now = rows(NEW, 2_000_000, account_name="acme")
    made = correct(now, exported)[0]
    assert made == {
        **now[0],
        **dict.fromkeys(("ContractedUnitPrice", "ListUnitPrice", "SkuPriceDetails", "SkuPriceId")),
        **dict.fromkeys(("ContractedCost", "EffectiveCost", "ListCost"), Decimal(4)),
        "BillingPeriodEnd": datetime(2027, 1, 1, tzinfo=timezone.utc),
        "BillingPeriodStart": datetime(2026, 12, 1, tzinfo=timezone.utc),
        "ChargeClass": "Correction",
        "ConsumedQuantity": Decimal(1_000_000),
        "PricingCategory": None,
        "PricingQuantity": Decimal(1_000_000),
        "x_CallCount": None,
        "x_Note": "corrected from $2.0 to $6.0",
    }


def test_the_month_of_a_correction_is_that_of_the_zone(tmp_path: Path) -> None:
    exported = export(tmp_path / "a.csv", rows(OLD, 5))
    moment, zone = datetime(2026, 11, 30, 23, tzinfo=timezone.utc), timezone(timedelta(hours=2))
    made = next(make_corrections(rows(NEW, 5), exported, moment, zone))
    assert made["BillingPeriodStart"] == datetime(2026, 11, 30, 22, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ChargePeriodStart", NOON),
        ("ChargePeriodEnd", NOON),
        ("SubAccountId", "z"),
        ("x_UseCaseName", "z"),
        ("ServiceName", "z"),
        ("ResourceId", "z"),
        ("RegionId", "z"),
        ("x_Unit", "z"),
        ("x_Direction", "z"),
    ],
)
def test_what_is_for_something_else_is_no_correction_of_it(name: str, value: Any) -> None:
    before = rows(OLD, 5)[:1]
    (was, now) = sorted(
        correct([{**before[0], name: value}], before), key=lambda row: str(row[name] == value)
    )
    assert [was["ConsumedQuantity"], now["ConsumedQuantity"]] == [-5, 5]


@pytest.mark.parametrize("name", ["BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "x_CallCount"])
def test_a_change_of_any_sum_is_a_correction(name: str) -> None:
    before = rows(OLD, 5)[:1]
    (made,) = correct([{**before[0], name: before[0][name] + 3}], before)
    assert made[name] == 3
    assert (made["ConsumedQuantity"], made["ConsumedUnit"], made["PricingUnit"]) == (None, None, None)


@pytest.mark.parametrize(
    ("quantity", "unit", "other"),
    [("ConsumedQuantity", "ConsumedUnit", "PricingUnit"), ("PricingQuantity", "PricingUnit", "ConsumedUnit")],
)
def test_a_quantity_has_the_unit_of_either_row(quantity: str, unit: str, other: str) -> None:
    before = rows(OLD, 5)[:1]
    more = {**before[0], quantity: Decimal(8)}
    for was, now in (
        (before, [more]),
        (before, [{**more, unit: None}]),
        ([{**before[0], unit: None}], [more]),
    ):
        (made,) = correct(now, was)
        assert (made[quantity], made[unit], made[other]) == (3, "Tokens", None)
    # Of several rows about the same usage, the first that has a unit says it.
    (made,) = correct([{**more, unit: None}, more], [])
    assert (made[quantity], made[unit]) == (16, "Tokens")


def test_what_did_not_change_has_no_row(tmp_path: Path) -> None:
    exported = export(tmp_path / "a.csv", rows(NEW, 5, account_name="=1+1", use_case_name="bot"))
    assert correct(rows(NEW, 5, account_name="=1+1", use_case_name="bot"), exported) == []


def test_usage_that_was_too_much_or_too_little_is_corrected_with_its_quantity(tmp_path: Path) -> None:
    exported = export(tmp_path / "a.csv", rows(NEW, 100, 100))
    (less, output) = correct(rows(NEW, 100), exported)
    assert (less["ConsumedQuantity"], less["ConsumedUnit"], less["x_CallCount"]) == (-100, "Tokens", -1)
    assert less["EffectiveCost"] == Decimal("-0.0003")
    assert output["x_Direction"] == "output"
    (gone, _) = correct([], export(tmp_path / "b.csv", rows(NEW, 7)))
    assert (gone["ConsumedQuantity"], gone["x_Note"]) == (-7, "corrected from $0.000021 to $0.0")


@given(before=st.lists(st.integers(1, 10**6), max_size=4), after=st.lists(st.integers(1, 10**6), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_all_files_together_are_what_is_right_and_a_second_correction_is_empty(
    tmp_path: Path, before: list[int], after: list[int]
) -> None:
    exported = export(tmp_path / "a.csv", rows(OLD, *before))
    now = rows(NEW, *after)
    corrected = export(tmp_path / "b.csv", correct(now, exported))
    for name in ("EffectiveCost", "ListCost", "ConsumedQuantity"):
        total = sum((row[name] or Decimal(0) for row in (*exported, *corrected)), Decimal(0))
        assert total == sum((row[name] for row in now), Decimal(0))
    assert correct(now, [*exported, *corrected]) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"\xff\xfe", (write_csv(rows(OLD, 5), "1.2").replace("Z,", "?,")).encode()],
)
def test_other_files_are_refused_by_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(PayiError, match=r"x\.csv is not a CSV file of payi-transport export --focus"):
        read_exported(tmp_path / "x.csv")
    with pytest.raises(PayiError, match=r"none can't be read: No such file"):
        read_exported(tmp_path / "none")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf"])
def test_an_amount_that_is_no_number_is_refused(text: str, tmp_path: Path) -> None:
    written = write_csv(rows(OLD, 5), "1.2").splitlines()
    # Of the first column, BilledCost.
    cells = [text, *written[1].split(",")[1:]]
    (tmp_path / "x.csv").write_text(f"{written[0]}\n{','.join(cells)}\n")
    with pytest.raises(PayiError) as caught:
        read_exported(tmp_path / "x.csv")
    assert str(caught.value) == (
        f"{tmp_path / 'x.csv'} is not a CSV file of payi-transport export --focus: BilledCost: expected"
        f" a number, got {text!r}"
    )


def test_a_file_without_the_columns_of_an_export_is_named(tmp_path: Path) -> None:
    for name in ("ListCost", "x_Unit", "PricingQuantity"):
        (tmp_path / "x.csv").write_text(write_csv(rows(OLD, 5), "1.2").replace(name, "Other", 1))
        with pytest.raises(PayiError) as caught:
            read_exported(tmp_path / "x.csv")
        assert str(caught.value) == f"{tmp_path / 'x.csv'} is not a CSV file of payi-transport export --focus"
