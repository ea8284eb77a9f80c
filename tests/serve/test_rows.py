"""What a row of the store says of an event: failures, waste, tokens, and what caches saved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.items import to_event
from payi_transport.serve.rows import Row, make_row
from payi_transport.serve.schema import MEASURES
from tests.serve.events import NOON, item, make_items


def make(**fields: Any) -> Row:
    [made] = make_items(item(**fields))
    return make_row(to_event(made, "x"), NOON)


def sums(row: Row) -> dict[str, int]:
    return dict(zip(MEASURES, row.sums, strict=True))


@pytest.mark.parametrize(
    ("fields", "waste"),
    [
        ({}, ""),
        ({"http_status_code": 399}, ""),
        ({"http_status_code": None}, ""),
        ({"http_status_code": 400}, "failed"),
        ({"http_status_code": 299}, "failed"),
        ({"properties": {"system.failure": "x"}}, "failed"),
        ({"properties": {"system.stream": "partial"}}, "abandoned"),
        ({"properties": {"system.retry": "2"}}, "retried"),
        ({"properties": {"system.retry": "0"}}, ""),
        ({"provider_response_json": '{"choices": [{"finish_reason": "length"}]}'}, "truncated"),
        ({"provider_response_json": '{"stop_reason":"max_tokens"}'}, "truncated"),
        ({"provider_response_json": ['{"finishReason":"MAX_TOKENS"}', "a", "b"]}, "truncated"),
        ({"provider_response_json": '{"incomplete_details":{"reason":"max_output_tokens"}}'}, "truncated"),
        ({"provider_response_json": '{"finish_reason": "stop"}'}, ""),
        ({"provider_response_json": []}, ""),
    ],
    ids=str,
)
def test_waste_has_one_reason(fields: dict[str, Any], waste: str) -> None:
    row = make(**fields)
    found = sums(row)
    assert (row.detail.waste, found["wasted"], found["errors"]) == (waste, waste != "", waste == "failed")
    assert found["waste"] == (6_000_000 if waste else 0)


def test_each_line_says_where_its_rate_is_from_and_one_without_a_rate_why() -> None:
    detail = make(units={"text": {"input": 10}, "strange": {"input": 3}}).detail
    assert [(line.unit, line.source, line.note) for line in detail.lines] == [
        ("text", "list", ""),
        ("strange", "", "the price list has no rate for it"),
    ]


def test_a_call_without_a_price_has_no_list_and_no_rates() -> None:
    detail = make(resource="unlisted").detail
    assert (detail.price_status, detail.price_source, detail.list_version) == ("unpriced", "", "")
    assert {(line.rate, line.source, line.note) for line in detail.lines} == {(None, "", "")}


def test_tokens_are_summed_and_other_units_are_not() -> None:
    units = {
        "text": {"input": 1, "output": 2},
        "text_cache_read": {"input": 10},
        "vision": {"input": 100},
        "reasoning": {"output": 20},
        "web_search_request": {"output": 7},
    }
    found = sums(make(units=units))
    assert (found["input"], found["output"], found["cache_read"]) == (111, 22, 10)


def test_what_a_cache_saved_is_the_difference_to_the_full_price() -> None:
    # $0.5 in place of $2 a million.
    found = sums(make(units={"text": {"input": 1}, "text_cache_read": {"input": 1000}}))
    assert found["saved"] == 1000 * 1500


def test_the_environment_is_a_property_by_any_of_its_names() -> None:
    for name in ("environment", "deployment.environment", "deployment.environment.name"):
        assert make(properties={name: "test"}).environment == "test"
    assert make().environment == ""


def test_what_a_subscription_includes_is_not_billed() -> None:
    row = make(properties={"system.billing": "subscription"})
    assert (row.billed, sums(row)["included"], sums(row)["cost"]) == (Decimal(0), 1, 0)


def test_an_event_without_a_time_happened_now() -> None:
    assert make(event_timestamp=None).at == int(NOON.timestamp() * 1000)
