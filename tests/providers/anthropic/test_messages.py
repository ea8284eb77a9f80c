"""Anthropic's messages: documents and streams, function calls, failures, and when a stream is finished."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.anthropic.messages import read_message
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse
from tests.providers.shapes import DEEP, make_messages, objects_of, show

USAGE = {"input_tokens": 25, "output_tokens": 13}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": USAGE,
}
START: dict[str, Any] = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
STOP = {"type": "message_stop"}


def read(*bodies: Any, read_to_end: bool = True, category: str = "system.anthropic") -> ParsedResponse:
    return read_message(RawResponse(make_messages(*bodies), read_to_end, category=category))


def delta(usage: Any = None, reason: str | None = "end_turn") -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def test_a_document_has_the_whole_message() -> None:
    parsed = read(MESSAGE)
    assert (parsed.model, parsed.response_id, parsed.finished) == ("claude", "msg_1", True)
    assert (parsed.resource, parsed.scope, parsed.failure, parsed.properties) == (None, None, None, {})
    assert show(parsed.units) == {"text": (25, 13)}


# --- usage

PARTS: dict[str, tuple[list[Any], dict[str, tuple[int | None, int | None]]]] = {
    "only at the start": ([START, delta(), STOP], {"text": (25, 13)}),
    "only at the end": ([{"type": "message_start", "message": {}}, delta(USAGE), STOP], {"text": (25, 13)}),
    "the last counts": (
        [START, delta({"output_tokens": 5}, None), delta({"output_tokens": 7})],
        {"text": (25, 7)},
    ),
    "null says nothing": ([START, delta({"input_tokens": None, "output_tokens": 7})], {"text": (25, 7)}),
    "a zero takes nothing back": ([START, delta({"input_tokens": 0, "output_tokens": 7})], {"text": (25, 7)}),
    "a zero that the cache explains": (
        [START, delta({"input_tokens": 0, "cache_read_input_tokens": 25, "output_tokens": 7})],
        {"text": (0, 7), "text_cache_read": (25, None)},
    ),
    "the input may change": ([START, delta({"input_tokens": 90, "output_tokens": 7})], {"text": (90, 7)}),
    "crossing to a large context late": (
        [
            {**START, "message": {**START["message"], "model": "claude-sonnet-4-5"}},
            delta({"cache_read_input_tokens": 199_976}),
        ],
        {"text_large_context": (25, 13), "text_cache_read_large_context": (199_976, None)},
    ),
    "leaving a large context": (
        [
            {
                "type": "message_start",
                "message": {"model": "claude-haiku-5-5", "usage": {"input_tokens": 300_000}},
            },
            delta({"input_tokens": 5}),
        ],
        {"text": (5, None)},
    ),
    "of another type": ([START, delta([1]), delta("x"), delta(7)], {"text": (25, 13)}),
    "none at all": ([delta(), STOP], {}),
}


@pytest.mark.parametrize(("events", "units"), PARTS.values(), ids=PARTS)
def test_a_streams_usages_are_merged_and_then_mapped(events: list[Any], units: Any) -> None:
    assert show(read(*events).units) == units


def test_the_place_is_the_scope_on_anthropics_own_host() -> None:
    usage = {**USAGE, "inference_geo": "us"}
    assert read({**MESSAGE, "usage": usage}).scope == "datazone.us"
    assert read({**MESSAGE, "usage": usage}, category="system.azure").scope is None


def test_a_model_that_stood_in_is_what_is_priced() -> None:
    iterations = [
        {"type": "message", "model": "claude", **USAGE},
        {"type": "fallback_message", "model": "other", **USAGE},
    ]
    parsed = read(START, delta({"iterations": iterations}))
    assert (parsed.model, parsed.resource) == ("claude", "other")
    assert parsed.properties["provider.iterations.1.model"] == "claude"
    assert not [name for name in parsed.properties if name.startswith("provider.iterations.2")]


# --- function calls


def begin(place: Any, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": place, "content_block": {"type": "tool_use", **block}}


def part(place: Any, text: Any) -> dict[str, Any]:
    delta = {"type": "input_json_delta", "partial_json": text}
    return {"type": "content_block_delta", "index": place, "delta": delta}


def test_the_input_of_a_document_stays_as_on_the_wire() -> None:
    body = (
        b'{"content":[{"type":"tool_use","name":"f","input":{ "a" : 1.0,"b":"\\u00e9"}},'
        b'{"type":"tool_use","name":"g","input":{}},{"type":"tool_use","name":"h"}],"stop_reason":"tool_use"}'
    )
    assert read(body).function_calls == (
        FunctionCall("f", '{ "a" : 1.0,"b":"\\u00e9"}'),
        FunctionCall("g", "{}"),
        FunctionCall("h"),
    )


@pytest.mark.parametrize(
    ("events", "calls"),
    [
        ([begin(0, name="f", input={}), part(0, '{"a"'), part(0, ":1}")], [FunctionCall("f", '{"a":1}')]),
        ([begin(0, name="f", input={}), part(0, "")], [FunctionCall("f", "{}")]),
        ([begin(0, name="f", input={})], [FunctionCall("f", "{}")]),
        ([begin(0, name="f")], [FunctionCall("f")]),
        (
            [begin(1, name="f"), begin(2, name="g"), part(2, "2"), part(1, "1"), part(2, "3")],
            [FunctionCall("f", "1"), FunctionCall("g", "23")],
        ),
        ([part(0, "{}")], []),
        ([begin(0, name=None), begin(1, name=7), begin(2, name=""), part(0, "{}")], []),
        ([begin(0, name="f"), part(0, None), part(0, 7), part([0], "x"), part(3, "x")], [FunctionCall("f")]),
        ([begin([0], name="f"), part({}, "1")], [FunctionCall("f", "1")]),
        ([begin(0, type="server_tool_use", name="web_search", input={})], []),
        ([begin(0, type=["tool_use"], name="f")], []),
        ([{"type": "content_block_start", "index": 0, "content_block": "tool_use"}], []),
    ],
    ids=repr,
)
def test_calls_are_joined_from_their_deltas(events: list[Any], calls: list[FunctionCall]) -> None:
    assert list(read(START, *events, delta(USAGE), STOP).function_calls) == calls


@pytest.mark.parametrize(
    "content", [None, 7, "x", {}, {"type": "tool_use", "name": "f"}, [None, 7, "x", [], {"type": 7}]]
)
def test_content_of_another_shape_hides_no_usage(content: Any) -> None:
    parsed = read({**MESSAGE, "content": content})
    assert (show(parsed.units), parsed.function_calls) == ({"text": (25, 13)}, ())


# --- failures, and when it is over


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"type": "overloaded_error", "message": "m"}, Failure("overloaded_error", None, "m")),
        ({"type": "api_error", "message": None}, Failure("api_error")),
        ("broken", Failure(message="broken")),
        (None, Failure(code="error")),
        ([], Failure(code="error")),
    ],
    ids=repr,
)
def test_an_error_event_is_the_end_and_keeps_what_came_before(error: Any, failure: Failure) -> None:
    parsed = read(START, {"type": "error", "error": error}, read_to_end=False)
    assert (parsed.failure, parsed.finished) == (failure, True)
    assert show(parsed.units) == {"text": (25, 13)}


def test_minimaxs_own_place_for_a_failure_counts_too() -> None:
    parsed = read({**MESSAGE, "base_resp": {"status_code": 1008, "status_msg": "m"}})
    assert parsed.failure == Failure(None, "1008", "m")
    assert read({**MESSAGE, "base_resp": {"status_code": 0}}).failure is None


def test_an_error_event_without_a_type_is_one_too() -> None:
    parsed = read(START, {"error": {"code": 503, "message": "m"}}, read_to_end=False)
    assert (parsed.failure, parsed.finished) == (Failure(None, "503", "m"), True)


@pytest.mark.parametrize(
    ("events", "finished"),
    [
        ([START], False),
        ([START, begin(0, name="f")], False),
        ([START, delta(USAGE, None)], False),
        ([START, delta(USAGE)], True),
        ([START, STOP], True),
        ([], False),
        ([b"data"], False),
        ([{**MESSAGE, "stop_reason": "refusal"}], True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("read_to_end", [True, False])
def test_a_message_is_over_when_it_says_why_it_stopped(
    events: list[Any], finished: bool, read_to_end: bool
) -> None:
    assert read(*events, read_to_end=read_to_end).finished is finished


# --- anything

NAMES = (
    *("type", "id", "model", "content", "usage", "stop_reason", "message", "delta", "index", "content_block"),
    *("error", "name", "input", "partial_json", "tool_use", "input_tokens", "iterations", "message_start"),
)


@pytest.mark.parametrize("field", [*MESSAGE, "message", "delta", "index", "content_block", "error"])
@pytest.mark.parametrize("value", [None, True, 3, 0.5, "x", [], [1], {}, {"a": 1}], ids=repr)
def test_a_field_of_another_type_raises_nothing(field: str, value: Any) -> None:
    parsed = read({**MESSAGE, field: value}, {**START, field: value}, {**delta(USAGE), field: value})
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
    assert show(read(START, body, delta({"output_tokens": 7})).units) == {"text": (25, 7)}


def test_a_call_whose_input_is_not_text_keeps_its_name() -> None:
    body = b'{"content":[{"type":"tool_use","name":"f","input":{"a":"\xff"}}],"stop_reason":"tool_use"}'
    assert read(body).function_calls == (FunctionCall("f", '{"a":"\ufffd"}'),)
