"""What a row keeps of an event, at the boundaries of each rule."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.price_settings import PricesSettings
from payi_transport.serve.items import to_event
from payi_transport.serve.rows import DetailLine, Row, make_row, to_datetime
from payi_transport.serve.schema import MEASURES
from payi_transport.values.event import FunctionCall, Units
from tests.serve.events import NOON, item, make_items


def make(**fields: Any) -> Row:
    [made] = make_items(item(**fields))
    return make_row(to_event(made, "x"), NOON)


def sums(row: Row) -> dict[str, int]:
    return dict(zip(MEASURES, row.sums, strict=True))


def test_a_plain_call_has_its_sums() -> None:
    assert sums(make()) == {
        **dict.fromkeys(MEASURES, 0),
        "calls": 1,
        "cost": 6_000_000,
        "input": 1000,
        "output": 500,
    }
    assert make().billed == Decimal("0.006")


def test_a_cost_below_a_nano_is_kept_as_its_fraction() -> None:
    found = sums(make(resource="gpt-4.1-nano", units={"text_cache_read": {"input": 1}}))
    # $0.025 a million.
    assert (found["cost"], found["fraction"]) == (25, 0)
    row = make_row(to_event(make_items(item(resource="tiny"))[0], "x"), NOON, tiny_prices())
    assert (sums(row)["cost"], sums(row)["fraction"], row.billed) == (1, 500_000, Decimal("1.5e-9"))


def tiny_prices() -> PricesSettings:
    import msgspec

    own = [{"resource": "tiny", "units": {"text": {"input": 0.000001, "output": 0.000001}}}]
    return msgspec.convert({"own": own}, PricesSettings)


@pytest.mark.parametrize(
    ("fields", "unpriced", "included"),
    [
        ({}, 0, 0),
        ({"resource": "unlisted"}, 1, 0),
        ({"units": {"text": {"input": 1000}, "strange": {"input": 1}}}, 1, 0),
        ({"properties": {"system.billing": "subscription"}}, 0, 1),
    ],
    ids=["priced", "unpriced", "partial", "included"],
)
def test_a_call_is_counted_by_how_it_is_priced(fields: dict[str, Any], unpriced: int, included: int) -> None:
    found = sums(make(**fields))
    assert (found["unpriced"], found["included"]) == (unpriced, included)


def test_the_detail_has_what_the_row_has_not() -> None:
    fields: dict[str, Any] = {
        "properties": {"a": "b"},
        "use_case_name": "u",
        "use_case_properties": {"c": "d"},
        "limit_ids": ["k"],
        "request_tags": ["t", "s"],
        "use_case_version": 6,
        "scope": "r",
        "provider_uri": "https://h/x",
        "provider_response_function_calls": [{"name": "i", "arguments": "j"}],
    }
    detail = make(**fields).detail
    assert (detail.properties, detail.use_case_properties) == ({"a": "b"}, {"c": "d"})
    assert (detail.limit_ids, detail.tags, detail.use_case_version) == (["k"], ["t", "s"], 6)
    assert (detail.scope, detail.uri) == ("r", "https://h/x")
    assert detail.function_calls == [FunctionCall("i", "j")]
    assert detail.units == {"text": Units(1000, 500)}
    assert (detail.cost, detail.price_status, detail.price_source) == (Decimal("0.006"), "priced", "list")
    assert detail.list_version.startswith("genai-prices ")
    assert detail.lines == [
        DetailLine(
            "text",
            "input",
            1000,
            Decimal("0.000002"),
            Decimal("0.002"),
            "list",
            "standard rate assumed for r",
        ),
        DetailLine(
            "text",
            "output",
            500,
            Decimal("0.000008"),
            Decimal("0.004"),
            "list",
            "standard rate assumed for r",
        ),
    ]
    assert make(resource="unlisted").detail.price_notes


@pytest.mark.parametrize(
    ("properties", "environment"),
    [
        ({"environment": "a", "deployment.environment.name": "b", "deployment.environment": "c"}, "a"),
        ({"deployment.environment.name": "b", "deployment.environment": "c"}, "b"),
        ({"environment": "", "deployment.environment": "c"}, "c"),
        ({"env": "d"}, ""),
    ],
)
def test_the_first_name_of_an_environment_that_says_something_wins(
    properties: dict[str, str], environment: str
) -> None:
    assert make(properties=properties).environment == environment


NOTE = "standard rate assumed for r"
ENDED = '"finish_reason": "length"'


@pytest.mark.parametrize(
    ("response", "waste"),
    [
        (ENDED + " " * (4096 - len(ENDED)), "truncated"),
        (ENDED + " " * (4097 - len(ENDED)), ""),
        ([ENDED, "b", "c"], "truncated"),
        ([ENDED, "b", "c", "d"], ""),
        # Cut between two parts.
        (['"finish_reason": ', '"length"'], "truncated"),
        ('"stopReason" : "max_tokens"', "truncated"),
        ('"reason": "max_output_tokens"', "truncated"),
        ('"finish_reason": "lengthy"', ""),
        (None, ""),
    ],
    ids=range(9),
)
def test_the_reason_why_a_response_ended_is_at_its_end(response: Any, waste: str) -> None:
    assert make(provider_response_json=response).detail.waste == waste


@pytest.mark.parametrize(
    ("fields", "waste"),
    [
        ({"http_status_code": 500, "properties": {"system.stream": "partial"}}, "failed"),
        ({"properties": {"system.stream": "partial", "system.retry": "1"}}, "abandoned"),
        ({"properties": {"system.retry": "1"}, "provider_response_json": ENDED}, "truncated"),
        ({"properties": {"system.stream": "whole"}}, ""),
        ({"http_status_code": 300}, ""),
        ({"http_status_code": 298}, ""),
    ],
    ids=str,
)
def test_of_several_reasons_one_counts(fields: dict[str, Any], waste: str) -> None:
    assert make(**fields).detail.waste == waste


def test_waste_is_what_was_billed_for_it() -> None:
    assert sums(make(http_status_code=500, resource="unlisted"))["waste"] == 0
    found = sums(make(http_status_code=500, properties={"system.billing": "subscription"}))
    assert (found["wasted"], found["waste"], found["cost"]) == (1, 0, 0)


def test_only_units_of_tokens_are_tokens() -> None:
    tokens = ("text", "reasoning", "vision", "audio", "video", "image", "text_cache_write")
    found = sums(make(units={name: {"input": 1, "output": 10} for name in tokens}))
    assert (found["input"], found["output"], found["cache_read"]) == (7, 70, 0)
    others = ("web_search_request", "context", "second", "request")
    found = sums(make(units={name: {"input": 1, "output": 10} for name in others}))
    assert (found["input"], found["output"]) == (0, 0)
    found = sums(make(units={"audio_cache_read": {"input": 3, "output": 4}}))
    assert (found["input"], found["output"], found["cache_read"]) == (3, 4, 3)


@pytest.mark.parametrize(
    ("units", "saved"),
    [
        ({"text": {"input": 1}, "text_cache_read": {"input": 1000}}, 1_500_000),
        # Without a unit at full price, or a price, nothing is known of it.
        ({"text_cache_read": {"input": 1000}}, 0),
        ({"text": {"output": 1}, "text_cache_read": {"input": 1000}}, 0),
        ({"text": {"input": 1000}}, 0),
        ({"strange": {"input": 1}, "strange_cache_read": {"input": 1000}}, 0),
    ],
    ids=range(5),
)
def test_a_cache_saves_the_difference_of_two_known_prices(units: Any, saved: int) -> None:
    assert sums(make(units=units))["saved"] == saved


def test_a_moment_is_kept_to_the_millisecond() -> None:
    moment = datetime(2026, 3, 10, 12, 0, 0, 123_999, tzinfo=timezone.utc)
    at = make(event_timestamp=moment.isoformat()).at
    assert at == 1_773_144_000_123
    assert to_datetime(at) == moment.replace(microsecond=123_000)
