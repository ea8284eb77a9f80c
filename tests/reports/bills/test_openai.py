"""OpenAI's costs and usage, as its API reference has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.openai import is_openai, is_openai_table, read_openai, read_openai_table
from payi_transport.reports.bills.values import ValueReader

START = 1790899200


def page(*results: Any) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": START, "end_time": START + 86400, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def test_costs_by_line_item_have_amounts_and_no_quantities() -> None:
    result = {
        "object": "organization.costs.result",
        "amount": {"value": 0.06, "currency": "usd"},
        "line_item": "gpt-4o-2024-08-06, cached input",
        "project_id": "proj_1",
    }
    (line,) = read_openai(page(result), ValueReader())
    assert (line.cost, line.quantity) == (Decimal("0.06"), None)
    assert (line.model, line.kind, line.account) == ("gpt-4o-2024-08-06", "cache_read", "proj_1")


def test_costs_of_whole_days_have_no_model() -> None:
    (line,) = read_openai(page({"amount": {"value": 3, "currency": "usd"}, "line_item": None}), ValueReader())
    assert (line.model, line.kind, line.cost) == ("", "", Decimal(3))


def test_usage_is_split_into_kinds_that_add_up_to_its_totals() -> None:
    result = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "output_tokens": 500,
        "input_cached_tokens": 800,
        "input_audio_tokens": 50,
        "output_audio_tokens": 100,
        "num_model_requests": 5,
        "model": "gpt-4o-audio-preview",
        "batch": True,
    }
    lines = {line.kind: line for line in read_openai(page(result), ValueReader())}
    assert {kind: line.quantity for kind, line in lines.items()} == {
        "input": 150,
        "cache_read": 800,
        "audio_input": 50,
        "output": 400,
        "audio_output": 100,
    }
    assert {line.tier for line in lines.values()} == {"batch"}
    assert sum(line.requests for line in lines.values()) == 5


@pytest.mark.parametrize(
    "document",
    [
        {"data": [None, 3, {"start_time": START, "results": None}, {"start_time": "x", "results": [{}]}]},
        page(None, 3, "x"),
        page({"amount": None}, {"amount": {"value": "n/a"}}),
        page({"input_tokens": None, "output_tokens": [], "model": 3}),
    ],
)
def test_fields_of_other_types_are_absent(document: Any) -> None:
    assert all(not line.cost and not line.quantity for line in read_openai(document, ValueReader()))


@pytest.mark.parametrize("document", [None, [], {}, {"data": None}, {"data": [{"starting_at": "x"}]}])
def test_other_documents_are_not_openais(document: Any) -> None:
    assert not is_openai(document)
    assert is_openai(page())


@pytest.mark.parametrize(
    ("item", "model", "kind", "tier"),
    [
        ("gpt-4o-audio-preview-2024-12-17, input", "gpt-4o-audio-preview-2024-12-17", "input", ""),
        ("gpt-4.1-2025-04-14 batch, cached input", "gpt-4.1-2025-04-14", "cache_read", "batch"),
        ("Batch API: gpt-4.1, output", "gpt-4.1", "output", "batch"),
        ("gpt-5-nano, input_tokens", "gpt-5-nano", "input", ""),
        ("assistants api | file search", "assistants api | file search", "other", ""),
    ],
)
def test_a_line_item_names_model_kind_and_tier(item: str, model: str, kind: str, tier: str) -> None:
    (line,) = read_openai(
        page({"amount": {"value": 1, "currency": "eur"}, "line_item": item, "quantity": 7}), ValueReader()
    )
    assert (line.model, line.kind, line.tier, line.currency) == (model, kind, tier, "EUR")
    assert line.quantity == Decimal(7)


def test_the_dashboard_exports_the_same_as_a_table() -> None:
    costs = {
        "start_time": "1790899200",
        "end_time": "1790985600",
        "start_time_iso": "",
        "amount_value": "0.06",
        "amount_currency": "usd",
        "line_item": "gpt-5, output",
        "quantity": "",
    }
    empty = {**costs, "amount_value": "", "line_item": ""}
    assert is_openai_table([costs])
    (line,) = read_openai_table([costs, empty, {**costs, "start_time": "x"}], ValueReader())
    assert (line.model, line.kind, line.cost, line.quantity) == ("gpt-5", "output", Decimal("0.06"), None)
    assert line.end is not None and (line.end - line.start).days == 1
    usage = {
        "start_time": "1",
        "start_time_iso": "2026-10-05T00:00:00+00:00",
        "model": "gpt-5",
        "batch": "True",
        "input_tokens": "10",
        "output_tokens": "2",
        "input_cached_tokens": "4",
    }
    assert is_openai_table([usage])
    found = {line.kind: (line.quantity, line.tier) for line in read_openai_table([usage], ValueReader())}
    assert found == {
        "input": (Decimal(6), "batch"),
        "cache_read": (Decimal(4), "batch"),
        "output": (Decimal(2), "batch"),
    }
    assert not is_openai_table([])


def test_usage_has_its_model_its_tier_its_account_and_counts_its_requests_once() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "model": "gpt-5",
        "service_tier": "flex",
        "project_id": "proj_1",
        "num_model_requests": 7,
    }
    first, second = read_openai(page(usage), ValueReader())
    for line in (first, second):
        assert (line.provider, line.model, line.tier, line.account) == ("openai", "gpt-5", "flex", "proj_1")
        assert (line.end and (line.end - line.start).days, line.cost, line.currency) == (1, None, "USD")
    assert [(line.kind, line.requests) for line in (first, second)] == [("input", 7), ("output", 0)]
    (batch, _) = read_openai(page({**usage, "batch": "True"}), ValueReader())
    assert batch.tier == "batch"


def test_parts_that_are_more_than_their_total_leave_nothing_of_it() -> None:
    usage = {"input_tokens": 10, "input_cached_tokens": 12, "output_tokens": 3, "output_audio_tokens": 3}
    found = {line.kind: line.quantity for line in read_openai(page(usage), ValueReader())}
    assert found == {"input": 0, "cache_read": 12, "output": 0, "audio_output": 3}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("start_time", "amount_value"), True),
        (("start_time", "input_tokens"), True),
        (("start_time",), False),
        (("amount_value", "input_tokens"), False),
    ],
)
def test_a_table_of_the_dashboard_has_a_time_and_amounts_or_tokens(
    columns: tuple[str, ...], expected: bool
) -> None:
    assert is_openai_table([dict.fromkeys(columns, "1")]) is expected


@pytest.mark.parametrize("name", ["amount_value", "model", "input_tokens"])
def test_a_row_with_any_of_these_is_a_line(name: str) -> None:
    row = {"start_time": "1790899200", "amount_value": "", "model": "", "input_tokens": "", name: "5"}
    assert [*read_openai_table([row], ValueReader())]


def test_a_time_as_text_wins_over_one_in_seconds() -> None:
    row = {"start_time": "1", "start_time_iso": "2026-10-05T00:00:00Z", "amount_value": "1"}
    (line,) = read_openai_table([row], ValueReader())
    assert (line.start.day, line.currency, line.kind) == (5, "USD", "")
    (line,) = read_openai_table([{**row, "start_time_iso": "?", "start_time": str(START)}], ValueReader())
    assert line.start.timestamp() == START
    (line,) = read_openai_table([{**row, "start_time_iso": "", "start_time": "2026-10-07"}], ValueReader())
    assert line.start.day == 7
