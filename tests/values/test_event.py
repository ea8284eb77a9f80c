"""Events are frozen values, written as Pay-i's API accepts them."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec
import pytest

from payi_transport.values.event import Event, Failure, FunctionCall, Header, ParsedResponse, Units

# The fields of an item of `POST /api/v1/ingest/bulk`, as Pay-i documents them.
ITEM = (
    "category units resource event_timestamp end_to_end_latency_ms time_to_first_token_ms http_status_code"
    " properties use_case_properties provider_uri provider_request_headers provider_response_headers"
    " provider_request_json provider_response_json provider_response_id provider_response_function_calls"
    " limit_ids request_tags use_case_id use_case_name use_case_step use_case_version user_id account_name"
    " scope"
)


def test_an_event_has_the_fields_of_a_bulk_item() -> None:
    assert sorted(Event.__struct_fields__) == sorted(ITEM.split())


def test_fields_that_are_not_set_are_not_written() -> None:
    event = Event(category="c", units={}, provider_response_id="r")
    assert msgspec.json.decode(msgspec.json.encode(event)) == {
        "category": "c",
        "units": {},
        "provider_response_id": "r",
    }


def test_an_event_is_written_as_the_api_accepts_it() -> None:
    event = Event(
        category="c",
        units={"text": Units(input=0, output=2), "audio": Units(output=1)},
        provider_response_id="r",
        event_timestamp=datetime(2026, 11, 2, 3, 4, 5, tzinfo=timezone.utc),
        provider_request_headers=(Header("accept", "*/*"),),
        provider_response_json=("{}", "[]"),
        provider_response_function_calls=(FunctionCall("f", "{}"), FunctionCall("g")),
        limit_ids=("a",),
    )
    assert msgspec.json.decode(msgspec.json.encode(event)) == {
        "category": "c",
        "units": {"text": {"input": 0, "output": 2}, "audio": {"output": 1}},
        "provider_response_id": "r",
        "event_timestamp": "2026-11-02T03:04:05Z",
        "provider_request_headers": [{"name": "accept", "value": "*/*"}],
        "provider_response_json": ["{}", "[]"],
        "provider_response_function_calls": [{"name": "f", "arguments": "{}"}, {"name": "g"}],
        "limit_ids": ["a"],
    }


@pytest.mark.parametrize("value", [Units(), FunctionCall("f"), Header("a", "b"), Failure(), ParsedResponse()])
def test_values_are_frozen(value: msgspec.Struct) -> None:
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], None)


def test_an_empty_parsed_response_is_finished_and_has_no_units() -> None:
    parsed = ParsedResponse()
    assert parsed.finished
    assert (parsed.units, parsed.function_calls, parsed.failure, parsed.properties) == ({}, (), None, {})
