"""Google Cloud's exports, of BigQuery and of the console."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.google import is_google, read_google
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.bills.values import ValueReader
from tests.reports.support import exact


def row(sku: str, **fields: Any) -> dict[str, Any]:
    return {
        "service.description": "Vertex AI",
        "sku.description": sku,
        "usage_start_time": "2026-10-05 00:00:00 UTC",
        "cost": "2.50",
        "currency": "USD",
        "usage.amount": "1000",
        "usage.unit": "count",
        **fields,
    }


@pytest.mark.parametrize(
    ("sku", "model", "kind", "tier"),
    [
        ("Gemini 2.5 Flash GA Text Input - Predictions", "gemini-2.5-flash", "input", ""),
        ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "gemini-2.5-flash", "output", ""),
        ("Gemini 3 Flash Text Input Caching", "gemini-3-flash", "cache_read", ""),
        ("Gemini 3 Flash Text Input Caching Storage", "gemini-3-flash", "other", ""),
        ("Generate content output token count gemini 3 flash text flex", "gemini-3-flash", "output", "flex"),
        ("Generate content input token count Gemini 2.5 Pro long input text", "gemini-2.5-pro", "input", ""),
        ("Gemini 2.5 Flash Audio Input - Batch Predictions", "gemini-2.5-flash", "audio_input", "batch"),
        ("Grounding with Google Search for Gemini 3 Pro", "gemini-3-pro", "web_search", ""),
        ("Claude Sonnet 4.5 Input Tokens", "claude-sonnet-4-5@20250929", "input", ""),
        ("Provisioned Throughput for Gemini 3 Pro 1 month", "gemini-3-pro", "other", ""),
    ],
)
def test_a_sku_names_model_kind_and_tier(sku: str, model: str, kind: str, tier: str) -> None:
    (line,) = read_google([row(sku)], ValueReader())
    assert (make_model_key(line.model), line.kind, line.tier) == (make_model_key(model), kind, tier)
    assert exact(line.quantity, line.cost, line.currency) == (1000, Decimal("2.50"), "USD")


def test_credits_reduce_the_row_that_they_are_in() -> None:
    nested = {
        "sku": {"description": "Gemini 3 Pro Text Input"},
        "project": {"id": "prod"},
        "usage": {"amount": 5},
        "usage_start_time": "2026-10-05T00:00:00Z",
        "cost": 2.5,
        "credits": [{"amount": -0.5}, {"amount": None}, 3],
        "currency": "EUR",
    }
    (line,) = read_google([nested], ValueReader())
    assert exact(line.cost, line.currency, line.account, line.quantity) == (2, "EUR", "prod", 5)


def test_the_console_names_the_currency_in_the_heading_and_has_rows_of_credits() -> None:
    table = [
        {
            "SKU description": "Gemini 3 Pro Text Input",
            "Credit type": credit,
            "Usage start date": "2026-10-01",
            "Usage end date": "2026-10-31",
            "Usage amount": "1,000",
            "Unrounded Cost (€)": cost,
            "Cost (€)": "9",
        }
        for credit, cost in (("", "2.501"), ("Promotion", "-0.5"))
    ]
    first, second = read_google(table, ValueReader())
    assert exact(first.cost, first.currency, first.quantity) == (Decimal("2.501"), "EUR", 1000)
    assert (first.start.day, first.end and (first.end.month, first.end.day)) == (1, (11, 1))
    assert exact(second.cost, second.quantity) == (Decimal("-0.5"), None)


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [("2026-12", (2026, 12), (2027, 1)), ("202610", (2026, 10), (2026, 11)), ("9999-12", (9999, 12), None)],
)
def test_a_report_may_be_by_month(month: str, start: Any, end: Any) -> None:
    table = [{"Month": month, "SKU description": "Gemini 3 Pro Text Input", "Subtotal ($)": "3"}]
    (line,) = read_google(table, ValueReader())
    assert (line.start.year, line.start.month) == start
    assert (line.end and (line.end.year, line.end.month)) == end
    assert line.cost == 3


@pytest.mark.parametrize(
    ("start", "last", "end"),
    [
        ("2026-10-01", "2026-10-31", (2026, 11, 1)),
        ("1 Oct 2026", "31 Oct 2026", (2026, 11, 1)),
        ("2026-10-01 00:00:00 UTC", "2026-11-01 00:00:00 UTC", (2026, 11, 1)),
        (datetime(2026, 10, 1), datetime(2026, 11, 1), (2026, 11, 1)),
        (date(2026, 10, 1), date(2026, 10, 31), (2026, 11, 1)),
        ("2026-10-01", "9999-12-31", None),
        ("2026-10-01", "", None),
    ],
)
def test_a_last_day_is_part_of_the_period_and_a_last_moment_is_not(start: Any, last: Any, end: Any) -> None:
    (line,) = read_google([row("Gemini 3 Pro", usage_start_time=start, usage_end_time=last)], ValueReader())
    assert (line.start.year, line.start.month, line.start.day) == (2026, 10, 1)
    assert (line.end and (line.end.year, line.end.month, line.end.day)) == end


def test_rows_of_other_services_and_totals_are_left_out() -> None:
    assert [
        *read_google(
            [row("N1 Core running in Americas"), row("Gemini 3 Pro Text Input", usage_start_time="")],
            ValueReader(),
        )
    ] == []
    assert is_google([row("x")])
    assert not is_google([])
    assert not is_google([{"cost": "1"}])


def test_an_amount_that_is_none_is_absent() -> None:
    (line,) = read_google([row("Gemini 3 Pro Text Input", cost="n/a")], ValueReader())
    assert line.cost is None


VALUES = st.none() | st.text(max_size=12) | st.integers() | st.floats() | st.lists(st.integers(), max_size=2)
NAMES = st.sampled_from(
    [
        *row("x"),
        "credits",
        "sku",
        "usage",
        "month",
        "cost ($)",
        "subtotal (x)",
        "usage end date",
        "credit type",
    ]
)


@given(st.lists(st.dictionaries(NAMES, VALUES | st.just("2026-10-05"), max_size=6), max_size=3))
def test_nothing_is_an_error(table: list[dict[str, Any]]) -> None:
    table = [{"sku description": "Gemini 3 Pro Text Input", **fields} for fields in table]
    assert len([*read_google(table, ValueReader())]) <= len(table)
