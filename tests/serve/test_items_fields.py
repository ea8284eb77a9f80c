"""Each field of an item: what it may have, and where the event has it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import decode_bulk, decode_single, find_refusal, to_event
from payi_transport.values.accepted import NAME_RULES
from payi_transport.values.event import Event, FunctionCall, Header, Units
from tests.serve.events import NOON, item, make_items

LARGEST = 2**31 - 1
INTEGERS = (
    *("end_to_end_latency_ms", "time_to_first_token_ms", "time_to_first_completion_token_ms"),
    *("http_status_code", "use_case_version"),
)
FULL: dict[str, Any] = {
    "category": "system.openai",
    "resource": "gpt-4.1",
    "units": {"text": {"input": 1, "output": 2}, "image": {"input": None}},
    "event_timestamp": NOON.isoformat(),
    "end_to_end_latency_ms": 3,
    "time_to_first_token_ms": 4,
    "time_to_first_completion_token_ms": 5,
    "http_status_code": 201,
    "properties": {"a": "b"},
    "use_case_properties": {"c": "d"},
    "provider_uri": "https://h/x",
    "provider_request_headers": [{"name": "e", "value": "f"}],
    "provider_response_headers": [{"name": "g", "value": "h"}],
    "provider_request_json": "{}",
    "provider_request_reasoning_json": "{}",
    "provider_response_json": "[]",
    "provider_response_id": "own",
    "provider_response_function_calls": [{"name": "i", "arguments": "j"}],
    "limit_ids": ["k"],
    "request_tags": ["l"],
    "use_case_id": "m",
    "use_case_name": "n",
    "use_case_step": "o",
    "use_case_version": 6,
    "user_id": "p",
    "account_name": "q",
    "scope": "r",
}
CONTEXT = ("limit_ids", "request_tags", "user_id", "account_name", "scope", "use_case_id", "use_case_name")


def test_every_field_of_an_item_is_in_its_event() -> None:
    [made] = make_items(FULL)
    assert to_event(made, "r") == Event(
        category="system.openai",
        resource="gpt-4.1",
        units={"text": Units(1, 2), "image": Units()},
        event_timestamp=NOON,
        end_to_end_latency_ms=3,
        time_to_first_token_ms=4,
        http_status_code=201,
        properties={"a": "b"},
        use_case_properties={"c": "d"},
        provider_uri="https://h/x",
        provider_request_headers=(Header("e", "f"),),
        provider_response_headers=(Header("g", "h"),),
        provider_request_json="{}",
        provider_response_json="[]",
        provider_response_id="r",
        provider_response_function_calls=(FunctionCall("i", "j"),),
        limit_ids=("k",),
        request_tags=("l",),
        use_case_id="m",
        use_case_name="n",
        use_case_step="o",
        use_case_version=6,
        user_id="p",
        account_name="q",
        scope="r",
    )


def test_what_an_item_does_not_have_its_event_has_not_either() -> None:
    [made] = make_items({"category": "c", "units": {}})
    assert to_event(made, "r") == Event(category="c", units={}, provider_response_id="r")


@pytest.mark.parametrize("field", INTEGERS)
def test_a_number_has_up_to_31_bits(field: str) -> None:
    value: Any
    for value in (0, LARGEST):
        [made] = make_items({**FULL, field: value})
        assert getattr(made, field) == value
    for value in (-1, LARGEST + 1, 1.5, "1", True):
        is_refused(decode_bulk, json.dumps([{**FULL, field: value}]).encode())


def test_so_has_a_count_of_units() -> None:
    value: Any
    for value in (0, LARGEST):
        [made] = make_items(item(units={"text": {"input": value, "output": value}}))
        assert (made.units["text"].input, made.units["text"].output) == (value, value)
    for value in (-1, LARGEST + 1):
        for name in ("input", "output"):
            is_refused(decode_bulk, json.dumps([item(units={"text": {name: value}})]).encode())


def is_refused(decode: Any, *arguments: Any) -> None:
    with pytest.raises(Refusal) as raised:
        decode(*arguments)
    assert raised.value.code == "invalid_json"


@pytest.mark.parametrize(
    "fields",
    [
        {"unknown": 1},
        {"units": {"text": {"input": 1, "unknown": 1}}},
        {"provider_request_headers": [{"name": "a", "unknown": "b"}]},
        {"provider_response_function_calls": [{"name": "a", "unknown": "b"}]},
        {"provider_request_headers": [{"value": "b"}]},
        {"provider_response_function_calls": [{"arguments": "b"}]},
    ],
    ids=str,
)
def test_no_part_of_an_item_has_other_fields(fields: dict[str, Any]) -> None:
    is_refused(decode_bulk, json.dumps([item(**fields)]).encode())
    is_refused(decode_single, json.dumps(item(**fields)).encode(), {}, None)


@pytest.mark.parametrize("field", ["category", "units"])
def test_what_an_item_needs_is_not_left_out(field: str) -> None:
    body = {name: value for name, value in item().items() if name != field}
    is_refused(decode_bulk, json.dumps([body]).encode())
    is_refused(decode_single, json.dumps(body).encode(), {}, None)


@pytest.mark.parametrize("field", CONTEXT)
def test_the_context_of_a_single_event_is_not_in_its_body(field: str) -> None:
    is_refused(decode_single, json.dumps(item(**{field: FULL[field]})).encode(), {}, None)
    made = decode_single(json.dumps(item()).encode(), {field: FULL[field]}, None)
    assert getattr(made, field) == FULL[field]


@pytest.mark.parametrize(
    "context",
    [{"limit_ids": "a"}, {"use_case_version": -1}, {"use_case_version": LARGEST + 1}, {"user_id": 1}],
)
def test_the_context_keeps_the_rules_of_an_item(context: dict[str, Any]) -> None:
    is_refused(decode_single, json.dumps(item()).encode(), context, None)


@pytest.mark.parametrize(
    ("own", "named", "expected"),
    [("own", "q", "own"), ("own", None, "own"), (None, "q", "q"), ("", "q", "q"), (None, None, None)],
)
def test_the_id_of_the_body_wins(own: str | None, named: str | None, expected: str | None) -> None:
    body = json.dumps(item(provider_response_id=own)).encode()
    assert decode_single(body, {}, named).provider_response_id == expected


def message_of(**fields: Any) -> str:
    [made] = make_items(item(**fields))
    refusal = find_refusal(made, NOON, {"blocking": "block", "ours": "allow"})
    assert refusal is not None
    return refusal.message


def test_a_refusal_names_what_is_wrong() -> None:
    late = NOON + timedelta(minutes=5, seconds=1)
    assert message_of(event_timestamp=late.isoformat()) == f"event_timestamp {late} is ahead"
    assert message_of(event_timestamp="1969-12-31T23:59:59Z").endswith("is before 1970")
    assert message_of(category="") == "category is empty"
    assert message_of(use_case_id="i") == "use_case_name is missing"
    assert message_of(limit_ids=["ours", "x"]) == "no limit has the id 'x'"
    assert message_of(limit_ids=["blocking"]) == "limit 'blocking' of type block works in proxy mode only"
    for field, value in (("use_case_name", "a b"), ("user_id", "a b"), ("request_tags", "a b")):
        sent = [value] if field == "request_tags" else value
        expected = f"{field} 'a b' is refused: {NAME_RULES[field].text} are accepted"
        assert message_of(**{field: sent}) == expected


def test_the_first_rule_that_is_broken_is_reported() -> None:
    [made] = make_items(item(category="", user_id="a b", use_case_id="i", limit_ids=["x"]))
    refusal = find_refusal(made, NOON, {})
    assert refusal is not None and refusal.code == "required_field_missing"
    assert refusal.message == "category is empty"
