"""OpenAI's costs and usage, as its API reference has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.openai import is_openai, read_openai

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
    (line,) = read_openai(page(result))
    assert (line.cost, line.quantity) == (Decimal("0.06"), None)
    assert (line.model, line.kind, line.account) == ("gpt-4o-2024-08-06", "cache_read", "proj_1")


def test_costs_of_whole_days_have_no_model() -> None:
    (line,) = read_openai(page({"amount": {"value": 3, "currency": "usd"}, "line_item": None}))
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
    lines = {line.kind: line for line in read_openai(page(result))}
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
    assert all(not line.cost and not line.quantity for line in read_openai(document))


@pytest.mark.parametrize("document", [None, [], {}, {"data": None}, {"data": [{"starting_at": "x"}]}])
def test_other_documents_are_not_openais(document: Any) -> None:
    assert not is_openai(document)
    assert is_openai(page())
