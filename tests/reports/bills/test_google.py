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


SKU = "Gemini 3 Pro Text Input"


@pytest.mark.parametrize("sku", ["sku.description", "SKU_description", "Sku Description"])
@pytest.mark.parametrize("start", ["usage_start_time", "Usage start date", "Date", "Month", "Start date"])
@pytest.mark.parametrize("end", ["usage_end_time", "Usage end date", "End date"])
def test_times_have_these_names(sku: str, start: str, end: str) -> None:
    table = [{sku: SKU, start: "2026-10-05", end: "2026-10-06", "cost": "1"}]
    assert is_google(table)
    (line,) = read_google(table, ValueReader())
    assert (line.start.day, line.end and line.end.day, line.provider) == (5, 7, "google")


@pytest.mark.parametrize("quantity", ["usage.amount", "usage_amount", "Usage amount"])
@pytest.mark.parametrize("unit", ["usage.unit", "usage_unit", "Usage unit"])
@pytest.mark.parametrize(
    "project", ["project.id", "project_id", "Project ID", "project.name", "Project name"]
)
def test_quantities_and_projects_have_these_names(quantity: str, unit: str, project: str) -> None:
    table = [{"sku description": SKU, "date": "2026-10-05", quantity: "3", unit: "1K", project: "prod"}]
    (line,) = read_google(table, ValueReader())
    assert exact(line.quantity, line.account, line.cost, line.currency) == (3000, "prod", None, "USD")


@pytest.mark.parametrize("service", ["service.description", "service_description", "Service description"])
def test_a_model_may_be_named_by_its_service(service: str) -> None:
    table = [{"sku description": "Input tokens", service: "Claude Opus 4.5", "date": "2026-10-05"}]
    (line,) = read_google(table, ValueReader())
    assert (line.model, line.kind) == ("Claude Opus 4.5", "input")


@pytest.mark.parametrize(
    "name",
    [
        *("Gemini 3 Pro", "gemma 3", "Imagen 4 Ultra", "Veo 3 Fast", "Claude Opus 4.5", "Llama 4 Maverick"),
        *("Llama 4 Scout", "Mistral Large", "Codestral", "DeepSeek v3", "Qwen 3 Coder", "Jamba Large"),
        *("gpt-oss", "GPT OSS", "Gemini Embedding", "Gemini Nano", "Claude Haiku 4.5", "Mistral Medium"),
        *("Mistral Small", "Gemini 2.5 Flash Lite", "Llama 3 8b Instruct", "Claude 3.5 Sonnet v2"),
    ],
)
def test_models_that_google_sells(name: str) -> None:
    (line,) = read_google([row(f"{name} Text Input")], ValueReader())
    assert (line.model, line.kind) == (name, "input")


@pytest.mark.parametrize("time", ["hour", "day", "week", "month", "year"])
def test_how_long_something_was_kept_is_no_part_of_a_name(time: str) -> None:
    (line,) = read_google([row(f"Gemini 3 Pro 1 {time} Provisioned Throughput input")], ValueReader())
    assert (line.model, line.kind) == ("Gemini 3 Pro", "other")


@pytest.mark.parametrize("word", ["Storage", "Provisioned Throughput", "Tuning", "Training"])
def test_what_is_billed_by_time_has_no_tokens(word: str) -> None:
    (line,) = read_google([row(f"Gemini 3 Pro input {word}")], ValueReader())
    assert line.kind == "other"


@pytest.mark.parametrize(
    ("columns", "cost", "currency"),
    [
        ({"Cost ($)": "1", "Unrounded cost ($)": "1.25"}, "1.25", "USD"),
        ({"Cost (EUR)": "1", "Subtotal (EUR)": "2"}, "2", "EUR"),
        ({"Subtotal ($)": "2", "Unrounded cost ($)": "1.25"}, "1.25", "USD"),
        ({"Unrounded subtotal (¥)": "7.5", "Unrounded cost (¥)": "8"}, "7.5", "JPY"),
        ({"cost": "€5"}, "5", "EUR"),
        ({"cost": "5", "currency": "GBP"}, "5", "GBP"),
    ],
)
def test_of_several_amounts_the_exact_one_after_credits_counts(
    columns: dict[str, str], cost: str, currency: str
) -> None:
    (line,) = read_google([{"sku description": SKU, "date": "2026-10-05", **columns}], ValueReader())
    assert (str(line.cost), line.currency) == (cost, currency)


@pytest.mark.parametrize(
    ("month", "start"), [("2026-01", (2026, 1)), ("2026-13", None), ("2026-00", None), ("0000-01", None)]
)
def test_a_month_is_one_of_twelve(month: str, start: tuple[int, int] | None) -> None:
    found = [*read_google([{"sku description": SKU, "month": month}], ValueReader())]
    assert [(line.start.year, line.start.month) for line in found] == ([] if start is None else [start])


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
