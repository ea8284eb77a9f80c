"""Which items are refused, each with Pay-i's code, and what an item becomes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import decode_bulk, decode_single, find_refusal, to_event
from tests.serve.events import NOON, item, make_items

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"event_timestamp": (NOON + timedelta(minutes=6)).isoformat()}, "invalid_ingest_event_timestamp"),
    ({"event_timestamp": "1969-12-31T23:59:59Z"}, "invalid_ingest_event_timestamp"),
    ({"event_timestamp": "0001-01-01T00:00:00+14:00"}, "invalid_ingest_event_timestamp"),
    ({"event_timestamp": "9999-12-31T23:59:59-14:00"}, "invalid_ingest_event_timestamp"),
    ({"category": ""}, "required_field_missing"),
    ({"use_case_id": "i"}, "required_field_missing"),
    ({"use_case_step": "s"}, "required_field_missing"),
    ({"use_case_version": 1}, "required_field_missing"),
    ({"use_case_properties": {"a": "b"}}, "required_field_missing"),
    ({"use_case_name": "two words"}, "invalid_use_case_name"),
    ({"use_case_name": "x" * 65}, "invalid_use_case_name"),
    ({"request_tags": ["ok", "not ok"]}, "invalid_tags"),
    ({"user_id": "a b"}, "invalid_user_id"),
    ({"limit_ids": ["ours", "unknown"]}, "invalid_limit_ids"),
    ({"limit_ids": ["blocking"]}, "blocking_limit_not_allowed"),
]
LIMITS = {"ours": "allow", "blocking": "block"}


@pytest.mark.parametrize(("fields", "code"), REFUSED, ids=str)
def test_an_item_that_breaks_a_rule_is_refused_with_its_code(fields: dict[str, Any], code: str) -> None:
    [made] = make_items(item(**fields))
    found = find_refusal(made, NOON, LIMITS)
    assert found is not None and found.code == code


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"event_timestamp": (NOON + timedelta(minutes=5)).isoformat()},
        {"event_timestamp": "1970-01-01T00:00:00Z"},
        {"event_timestamp": None},
        {"use_case_name": "x.y-z_1", "use_case_id": "i", "use_case_step": "two words"},
        {"limit_ids": ["ours"], "request_tags": [], "user_id": "ann@acme"},
    ],
    ids=str,
)
def test_other_items_are_accepted(fields: dict[str, Any]) -> None:
    [made] = make_items(item(**fields))
    assert find_refusal(made, NOON, LIMITS) is None


def test_limits_of_any_type_apply_to_a_call_through_the_proxy() -> None:
    [made] = make_items(item(limit_ids=["blocking", "unknown"]))
    assert find_refusal(made, NOON, None) is None


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[1]", b"[null]", b"[" * 50_000, b"\xff\xfe", b'[{"category": "c"}]'),
        json.dumps([item(unknown=1)]).encode(),
        json.dumps([item(units=[])]).encode(),
        json.dumps([item(units={"text": {"input": 2**31}})]).encode(),
        json.dumps([item(units={"text": {"input": -1}})]).encode(),
        json.dumps([item(units={"text": {"input": 1.5}})]).encode(),
        json.dumps([item(event_timestamp="2026-01-01T00:00:00")]).encode(),
        json.dumps([item(http_status_code="200")]).encode(),
    ],
    ids=lambda body: body[-40:].decode("latin-1"),
)
def test_a_body_that_breaks_the_schema_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Refusal) as raised:
        decode_bulk(body)
    assert raised.value.code == "invalid_json"


def test_a_single_event_has_its_context_and_its_id_outside_of_its_body() -> None:
    body = json.dumps(item(provider_response_id=None)).encode()
    made = decode_single(body, {"user_id": "ann", "limit_ids": ["a"], "use_case_version": 2}, "from-query")
    assert (made.user_id, made.limit_ids, made.use_case_version) == ("ann", ["a"], 2)
    assert made.provider_response_id == "from-query"
    assert decode_single(json.dumps(item(provider_response_id="own")).encode(), {}, "q").provider_response_id
    with pytest.raises(Refusal, match="use_case_version"):
        decode_single(body, {"use_case_version": "two"}, None)


def test_an_item_becomes_an_event_without_nulls_and_repeats() -> None:
    fields: dict[str, Any] = {
        "properties": {"a": "b", "none": None},
        "use_case_properties": {"only": None},
        "provider_request_headers": [{"name": "x", "value": None}, {"name": "y", "value": "z"}],
        "provider_response_json": ["one", "two"],
        "provider_response_function_calls": [{"name": "f", "arguments": "{}"}],
        "request_tags": ["t", "u", "t"],
        "provider_response_id": None,
        "limit_ids": [],
    }
    [made] = make_items(item(**fields))
    event = to_event(made, "made-up")
    assert (event.properties, event.use_case_properties) == ({"a": "b"}, None)
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [("x", ""), ("y", "z")]
    assert event.provider_response_json == ("one", "two")
    assert [call.name for call in event.provider_response_function_calls or ()] == ["f"]
    assert (event.request_tags, event.limit_ids) == (("t", "u"), None)
    assert event.provider_response_id == "made-up"
