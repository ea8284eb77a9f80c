"""The hours of a commitment in FOCUS rows: spread by tokens, and adding up to what they cost."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.prices import Pricer
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS
from payi_transport.reports.focus_commitments import CommitmentRows
from payi_transport.reports.focus_files import write_csv
from payi_transport.reports.priced_calls import PricedCall, TimedEvents
from tests.reports.support import NOON, make_event
from tests.reports.test_focus_rules import RULES

PTU = {"resource": "ptu", "cost_per_hour": 50.0, "tokens_per_hour": 1000}


def call(tokens: int, account: str | None = None, hours: float = 0, **fields: Any) -> Any:
    values = {"resource": "ptu", "account_name": account, "category": "system.azureopenai", **fields}
    values.setdefault("event_timestamp", NOON + timedelta(hours=hours))
    return make_event({"text": (tokens, 0)}, **values)


def export(*events: Any, rows: Any = (PTU,), version: Any = "1.2", **options: Any) -> list[dict[str, str]]:
    """Return the rows of commitments in a file."""
    pricer = Pricer(check_config({"prices": {"own": list(rows)}}).prices)
    made = FocusOptions(**options)
    commitments = CommitmentRows(pricer.own, made)
    calls = (PricedCall(event, pricer.estimate(event)) for event in TimedEvents(events))
    usage = make_rows(commitments.watch(calls), made)
    text = write_csv([*usage, *commitments.build()], version)
    return [row for row in csv.DictReader(io.StringIO(text)) if row["CommitmentDiscountId"]]


def test_hours_are_spread_by_tokens_and_those_that_nobody_used_stay_apart() -> None:
    rows = export(call(600, "a"), call(200, "b", 1.5, use_case_name="bot"), call(9, "x", resource="gpt-5"))
    found = [(row["SubAccountId"], row["CommitmentDiscountStatus"], row["EffectiveCost"]) for row in rows]
    # Two hours of 1,000 tokens each.
    assert found == [("a", "Used", "30.0"), ("b", "Used", "10.0"), ("", "Unused", "60.0")]
    assert [row["PricingQuantity"] for row in rows] == ["0.6", "0.2", "1.2"]
    assert {row["BilledCost"] for row in rows} == {"0.0"}
    assert rows[1]["x_UseCaseName"] == "bot" and rows[0]["ServiceName"] == rows[2]["ServiceName"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("grain", ["day", "hour"])
def test_every_row_keeps_the_rules(version: Any, grain: Any) -> None:
    calls = [call(7, "a"), call(11, "b", 0.2), call(13, None, 13), call(2, event_timestamp=None)]
    rows = export(*calls, version=version, grain=grain, billed=True, zone=timezone(timedelta(hours=5.5)))
    for row in rows:
        for name, (_, may_be_null, form) in RULES.items():
            assert re.fullmatch(form, row[name]) if row[name] else may_be_null, (name, row)
        price, hours = Decimal(row["ListUnitPrice"]), Decimal(row["PricingQuantity"])
        assert price * hours == Decimal(row["EffectiveCost"]) == Decimal(row["BilledCost"])
        assert (row["PricingCategory"], row["CommitmentDiscountUnit"]) == ("Committed", "Hours")
        # What is not used is not consumed.
        assert bool(row["ConsumedQuantity"]) is (row["CommitmentDiscountStatus"] == "Used")
    # From 12:00 to 02:00, which is another day in that zone.
    assert sum(Decimal(row["PricingQuantity"]) for row in rows) == 14
    # Its hours begin in the middle of ours.
    assert len({row["ChargePeriodStart"] for row in rows}) == (2 if grain == "day" else 15)


def test_above_the_capacity_and_without_one_nothing_is_left() -> None:
    for row in (PTU, {"resource": "ptu", "cost_per_hour": 50.0}):
        rows = export(call(2000, "a"), call(1000, "b"), rows=[row])
        assert [row["CommitmentDiscountStatus"] for row in rows] == ["Used", "Used"]
        assert sum(Decimal(row["EffectiveCost"]) for row in rows) == 50


def test_a_commitment_costs_while_it_lasts_and_when_nobody_uses_it() -> None:
    start, end = (NOON + timedelta(hours=hours) for hours in (1, 3))
    row = {**PTU, "from": start.isoformat(), "until": end.isoformat()}
    rows = export(call(5, resource="gpt-5"), call(5, hours=9, resource="gpt-5"), rows=[row])
    assert [(row["CommitmentDiscountStatus"], row["EffectiveCost"]) for row in rows] == [("Unused", "100.0")]
    later = {**PTU, "from": (NOON + timedelta(days=9)).isoformat()}
    assert export(call(5, resource="gpt-5"), rows=[later]) == []
    assert export() == []
    assert export(call(5), rows=[]) == []


def test_amounts_have_no_more_digits_than_files_hold() -> None:
    row = {**PTU, "cost_per_hour": "1.000000000000001"}
    rows = export(call(1, "a"), call(2, "b"), rows=[row])
    assert [row["EffectiveCost"] for row in rows] == ["0.001", "0.002", "0.997000000000001"]
    assert {row["ListUnitPrice"] for row in rows} == {"1.000000000000001"}


def test_only_tokens_of_covered_calls_use_a_commitment() -> None:
    more = {"text": (300, 100), "web_search_request": (0, 500)}
    covered = make_event(more, resource="ptu", account_name="a", event_timestamp=NOON)
    paid = call(900, "b", properties={"system.units": "missing"}, resource="other")
    rows = export(covered, paid)
    assert [(row["SubAccountId"], row["PricingQuantity"]) for row in rows] == [("a", "0.4"), ("", "0.6")]


def test_a_call_of_no_tokens_uses_no_part_of_a_commitment() -> None:
    rows = export(call(0, "a"), call(250, "b"))
    assert [(row["SubAccountId"], row["PricingQuantity"]) for row in rows] == [("b", "0.25"), ("", "0.75")]


def test_hours_are_counted_from_the_first_calls_hour_to_the_last_ones_in_whatever_order() -> None:
    rows = export(call(1000, "a", 2.5), call(1000, "a", 0.9), call(1000, "a", 1))
    assert [(row["CommitmentDiscountStatus"], row["PricingQuantity"]) for row in rows] == [("Used", "3.0")]
    # A commitment may begin and end within an hour.
    limits = {"from": (NOON + timedelta(minutes=20)).isoformat()}
    limits["until"] = (NOON + timedelta(minutes=40)).isoformat()
    (row,) = export(call(5, resource="other"), rows=[{**PTU, **limits}])
    assert (row["PricingQuantity"], row["CommitmentDiscountStatus"]) == ("0.333333", "Unused")


def test_a_commitment_has_the_category_of_its_first_call() -> None:
    rows = export(call(5, "a"), call(5, "b", category="system.openai"))
    assert {row["ServiceName"] for row in rows} == {"Azure OpenAI Service"}
    (unused,) = export(call(5, resource="other"))
    assert (unused["ServiceName"], unused["ResourceId"]) == ("unknown", "ptu")
