"""The Responses API: one document or a stream, and what is known if it breaks off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units
from tests.providers.responses import CALL, CREATED, RESPONSE, STARTED, UNITS, USAGE, read
from tests.providers.shapes import DEEP, objects_of, show


def test_a_response_in_one_document() -> None:
    assert read(RESPONSE) == ParsedResponse(
        model="gpt-5-2026-01-01",
        response_id="resp_1",
        units={
            "text": Units(input=60, output=30),
            "text_cache_read": Units(input=30),
            "text_cache_write": Units(input=10),
            "reasoning": Units(output=20),
        },
    )


def test_a_response_in_events_is_the_same() -> None:
    parsed = read(
        CREATED,
        {"type": "response.in_progress", "response": STARTED},
        {"type": "response.output_text.delta", "item_id": "m", "delta": "Hi"},
        {"type": "response.completed", "response": RESPONSE},
        read_to_end=False,
    )
    assert parsed == read(RESPONSE)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
@pytest.mark.parametrize("streamed", [True, False])
def test_usage_counts_with_every_terminal_status(status: str, streamed: bool) -> None:
    response = {**RESPONSE, "status": status}
    bodies = [CREATED, {"type": f"response.{status}", "response": response}] if streamed else [response]
    parsed = read(*bodies)
    assert show(parsed.units) == UNITS
    assert parsed.finished and not parsed.pending


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
def test_a_last_event_without_a_status_still_ends_the_stream(status: str) -> None:
    parsed = read({"type": f"response.{status}", "response": {"usage": USAGE}}, read_to_end=False)
    assert parsed.finished
    assert show(parsed.units) == UNITS


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_document_that_is_not_done_is_to_be_fetched_again(status: str) -> None:
    parsed = read({**STARTED, "status": status})
    assert parsed.pending and not parsed.finished


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_stream_that_was_cut_is_not(status: str) -> None:
    parsed = read(
        {"type": f"response.{status}", "response": {**STARTED, "status": status}}, read_to_end=False
    )
    assert not parsed.pending and not parsed.finished


def test_what_a_later_event_does_not_say_stands() -> None:
    parsed = read(
        {"type": "response.created", "response": {"id": "resp_1", "model": "m", "usage": USAGE}},
        {"type": "response.completed", "response": {"status": "completed", "model": "n", "usage": None}},
    )
    assert (parsed.response_id, parsed.model, parsed.finished) == ("resp_1", "n", True)
    assert show(parsed.units) == UNITS


def test_a_document_without_a_status_has_its_units() -> None:
    document = {"id": "resp_c", "object": "response.compaction", "output": [], "usage": USAGE}
    assert show(read(document).units) == UNITS


# --- function calls


def test_function_calls_keep_their_arguments_as_on_the_wire() -> None:
    output = [
        {"type": "reasoning", "summary": []},
        CALL,
        {**CALL, "name": "g", "arguments": ""},
        {**CALL, "name": "h", "arguments": {"a": 1}},
        {**CALL, "name": ""},
        {**CALL, "name": 3},
        {"type": "custom_tool_call", "name": "x", "input": "select 1"},
        {"type": "custom_tool_call", "name": "y", "arguments": "{}"},
        {"type": "mcp_call", "name": "z", "arguments": "{}"},
        {"type": ["function_call"], "name": "f"},
        "function_call",
        None,
    ]
    assert read({**RESPONSE, "output": output}).function_calls == (
        FunctionCall("f", '{"a" : 1.0}'),
        FunctionCall("g", ""),
        FunctionCall("h"),
        FunctionCall("x", "select 1"),
        FunctionCall("y"),
    )


def test_calls_of_a_finished_stream_are_those_of_its_last_event() -> None:
    done = {"type": "response.output_item.done", "item": {**CALL, "arguments": "{}"}}
    parsed = read(CREATED, done, {"type": "response.completed", "response": {**RESPONSE, "output": [CALL]}})
    assert parsed.function_calls == (FunctionCall("f", '{"a" : 1.0}'),)


@pytest.mark.parametrize("output", [None, [], "x"])
def test_calls_of_a_cut_stream_are_the_items_that_were_finished(output: Any) -> None:
    parsed = read(
        {"type": "response.created", "response": {**STARTED, "output": output}},
        {"type": "response.output_item.added", "item": {**CALL, "arguments": ""}},
        {"type": "response.output_item.done", "item": CALL},
        {"type": "response.output_item.added", "item": {**CALL, "name": "g", "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "delta": '{"b'},
        read_to_end=False,
    )
    assert parsed.function_calls == (FunctionCall("f", '{"a" : 1.0}'),)
    assert (parsed.response_id, parsed.finished) == ("resp_1", False)


# --- failures


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"code": "server_error", "message": "Sorry"}, Failure(code="server_error", message="Sorry")),
        ({"code": None, "message": ""}, Failure(code="error")),
        ({"code": 3, "message": []}, Failure(code="error")),
        ({}, Failure(code="error")),
        ({"error": {"type": "t", "code": "c", "message": "m"}}, Failure("t", "c", "m")),
        ({"error": {}}, Failure(code="error")),
        ({"error": []}, Failure(code="error")),
    ],
    ids=repr,
)
def test_an_error_event_ends_a_stream(event: dict[str, Any], failure: Failure) -> None:
    parsed = read(CREATED, {"type": "error", **event}, read_to_end=False)
    assert (parsed.failure, parsed.finished) == (failure, True)


@pytest.mark.parametrize(
    ("more", "failure"),
    [
        (
            {"error": {"code": "rate_limit_exceeded", "message": "m"}},
            Failure(None, "rate_limit_exceeded", "m"),
        ),
        ({"error": None}, Failure(code="failed")),
        ({"error": []}, Failure(code="failed")),
    ],
    ids=repr,
)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_response_that_failed_says_why_and_keeps_its_units(
    more: dict[str, Any], failure: Failure, streamed: bool
) -> None:
    response = {**RESPONSE, "status": "failed", **more}
    parsed = read({"type": "response.failed", "response": response} if streamed else response)
    assert (parsed.failure, parsed.finished) == (failure, True)
    assert show(parsed.units) == UNITS


def test_an_incomplete_response_is_not_a_failure() -> None:
    details = {"incomplete_details": {"reason": "max_output_tokens"}}
    assert read({**RESPONSE, "status": "incomplete", **details}).failure is None


# --- anything

NAMES = (
    *("type", "id", "model", "status", "output", "usage", "tool_usage", "service_tier", "error", "code"),
    *("message", "response", "item", "name", "arguments", "web_search", "num_requests", "image_gen"),
    *("input_tokens", "output_tokens", "total_tokens", "function_call", "completed", "failed"),
    "response.output_item.done",
)


@pytest.mark.parametrize("field", ["type", *RESPONSE, "tool_usage", "response", "item", "code", "message"])
@pytest.mark.parametrize("value", [None, True, 3, 0.5, "x", [], [1], {}, {"a": 1}], ids=repr)
def test_a_field_of_another_type_raises_nothing(field: str, value: Any) -> None:
    parsed = read({**RESPONSE, field: value}, {"type": "response.completed", "response": {field: value}})
    for text in (parsed.model, parsed.response_id):
        assert text is None or isinstance(text, str)


@given(st.lists(objects_of(NAMES), max_size=4), st.booleans())
def test_any_json_raises_nothing(bodies: list[dict[str, Any]], read_to_end: bool) -> None:
    parsed = read(*bodies, read_to_end=read_to_end)
    assert all(isinstance(call.name, str) and call.name for call in parsed.function_calls)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes_raise_nothing(bodies: list[bytes]) -> None:
    read(*bodies)


@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_bounds_does_not_hide_what_comes_around_it(body: bytes) -> None:
    assert show(read(CREATED, body, {"type": "response.completed", "response": RESPONSE}).units) == UNITS
