"""FOCUS rows, in which the price times the quantity is the cost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.focus import FocusOptions, Row, make_rows
from payi_transport.reports.focus_columns import VERSIONS, list_columns
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.values.zones import find_zone
from tests.reports.support import NOON, make_call, make_event, price_with

RATES = {
    "text input": "0.000002",
    "text output": "0.000008",
    "text_cache_read input": "0.0000005",
    "web_search_request output": "0.01",
}


def rows_of(*calls: PricedCall, **options: Any) -> list[Row]:
    return make_rows(calls, FocusOptions(**options))


def test_input_and_output_have_rows_of_their_own() -> None:
    rows = rows_of(make_call({"text": (100, 10), "web_search_request": (0, 2)}, RATES))
    assert [(row["SkuMeter"], row["EffectiveCost"], row["PricingUnit"]) for row in rows] == [
        ("text input", Decimal("0.0002"), "Tokens"),
        ("text output", Decimal("0.00008"), "Tokens"),
        ("web_search_request output", Decimal("0.02"), "Requests"),
    ]


def test_calls_of_a_day_add_up_and_accounts_and_use_cases_stay_apart() -> None:
    usage = {"text": (100, 0)}
    rows = rows_of(
        make_call(usage, RATES, account_name="acme", use_case_name="bot"),
        make_call(
            usage, RATES, account_name="acme", use_case_name="bot", event_timestamp=NOON.replace(hour=23)
        ),
        make_call(usage, RATES, account_name="acme", use_case_name="mail"),
        make_call(usage, RATES, account_name="zeta", use_case_name="bot"),
        make_call(usage, RATES, event_timestamp=NOON + timedelta(days=1)),
    )
    found = [
        (row["SubAccountId"], row["x_UseCaseName"], row["ConsumedQuantity"], row["x_CallCount"])
        for row in rows
    ]
    assert found == [
        ("acme", "bot", 200, 2),
        ("acme", "mail", 100, 1),
        ("zeta", "bot", 100, 1),
        (None, None, 100, 1),
    ]


def test_the_estimate_is_no_billed_cost_unless_asked_for() -> None:
    call = make_call({"text": (100, 0)}, RATES)
    (row,) = rows_of(call)
    assert (row["BilledCost"], row["ListCost"], row["EffectiveCost"]) == (
        0,
        Decimal("0.0002"),
        Decimal("0.0002"),
    )
    assert row["x_CostBasis"] == "list price estimate"
    (billed,) = rows_of(call, billed=True, invoice="INV-1", billing_account="org-1")
    assert (billed["BilledCost"], billed["InvoiceId"]) == (Decimal("0.0002"), "INV-1")
    assert billed["BillingAccountId"] == "org-1"


def test_what_has_no_price_keeps_its_tokens() -> None:
    rows = rows_of(make_call({"text": (100, 10)}, {"text input": "0.000002", "text output": None}))
    unpriced = rows[1]
    assert (unpriced["x_PriceStatus"], unpriced["ConsumedQuantity"], unpriced["EffectiveCost"]) == (
        "unpriced",
        10,
        0,
    )
    assert (unpriced["ListUnitPrice"], unpriced["SkuPriceId"], unpriced["SkuPriceDetails"]) == (
        None,
        None,
        None,
    )
    assert (unpriced["x_CostBasis"], rows[0]["x_PriceStatus"]) == ("none", "priced")


def test_calls_that_a_subscription_includes_say_so() -> None:
    event = make_event({"text": (5, 0)})
    estimate = price_with({"text input": "0"}, event)
    estimate = msgspec.structs.replace(estimate, status="included")
    (row,) = rows_of(PricedCall(event, estimate))
    assert row["x_PriceStatus"] == "included"


def test_details_name_model_direction_and_cache_action() -> None:
    (row,) = rows_of(make_call({"text_cache_read": (100, 0)}, RATES))
    assert json.loads(row["SkuPriceDetails"]) == {
        "x_Model": "gpt-4.1",
        "x_Direction": "input",
        "x_Unit": "text",
        "x_CacheAction": "read",
    }


def test_the_seller_and_the_publisher_of_a_model_may_differ() -> None:
    (row,) = rows_of(
        make_call(
            {"text": (1, 0)},
            RATES,
            category="system.aws.bedrock",
            resource="anthropic.claude-sonnet-4",
            scope="region.us-east-1",
        )
    )
    assert (row["ProviderName"], row["PublisherName"], row["ServiceName"]) == (
        "AWS",
        "Anthropic",
        "Amazon Bedrock",
    )
    assert (row["ServiceProviderName"], row["HostProviderName"], row["RegionId"]) == (
        "AWS",
        "AWS",
        "us-east-1",
    )


@pytest.mark.parametrize("name", ["Asia/Kolkata", "Asia/Kathmandu", "America/Los_Angeles", "Europe/Berlin"])
def test_days_are_cut_in_the_zone_and_add_up(name: str) -> None:
    zone = find_zone(name)
    # An hour apart, over the end of daylight saving of both continents.
    calls = [
        make_call(
            {"text": (1, 0)}, RATES, event_timestamp=NOON.replace(month=10, day=24) + timedelta(hours=hour)
        )
        for hour in range(24 * 10)
    ]
    rows = rows_of(*calls, zone=zone)
    by_day = Counter(call.event.event_timestamp.astimezone(zone).date() for call in calls)
    assert {
        row["ChargePeriodStart"].astimezone(zone).date(): row["ConsumedQuantity"] for row in rows
    } == by_day
    assert sum(row["EffectiveCost"] for row in rows) == sum(call.estimate.total or 0 for call in calls)


def test_hours_are_rows_too_and_a_month_is_the_billing_period() -> None:
    (row,) = rows_of(make_call({"text": (1, 0)}, RATES), grain="hour", zone=timezone.utc)
    assert row["ChargePeriodEnd"] - row["ChargePeriodStart"] == timedelta(hours=1)
    assert (row["BillingPeriodStart"].day, row["BillingPeriodEnd"].month) == (1, 12)


def test_a_category_of_the_users_own_names_the_service() -> None:
    (row,) = rows_of(make_call({"text": (1, 0)}, RATES, category="custom", resource=None))
    assert (row["ServiceName"], row["ProviderName"], row["ResourceId"]) == ("custom", "custom", None)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.integers(0, 10**5),
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["m", "n"]),
        ),
        max_size=30,
    )
)
def test_costs_are_the_calls_costs_and_prices_times_quantities(rows: list[tuple[int, int, Any, str]]) -> None:
    calls = [
        make_call(
            {"text": (sent, got)},
            {**RATES, "n text output": "0.0000033"},
            account_name=account,
            resource=model,
        )
        for sent, got, account, model in rows
    ]
    made = rows_of(*calls)
    assert sum((row["ListCost"] for row in made), Decimal(0)) == sum(
        (call.estimate.total or Decimal(0) for call in calls), Decimal(0)
    )
    assert all(row["ListUnitPrice"] * row["PricingQuantity"] == row["ListCost"] for row in made)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_column_has_a_value_unless_it_may_be_empty(version: Any) -> None:
    rows = rows_of(
        make_call({"text": (1, 1)}, {"text input": "1", "text output": None}, resource=None, category="")
    )
    for column in list_columns(version):
        for row in rows:
            assert column.nullable or row[column.name] not in (None, ""), column.name
