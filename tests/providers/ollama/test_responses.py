"""Ollama's API: counts come with the last line, and function calls are whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.ollama.responses import read_generation, read_generation_text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import FunctionCall
from tests.providers.shapes import make_messages, objects_of, show

LAST = {"model": "m", "done": True, "prompt_eval_count": 5, "eval_count": 2, "total_duration": 9}


def test_the_last_line_has_the_counts() -> None:
    parsed = read_generation(RawResponse(make_messages({"model": "m", "response": "a", "done": False}, LAST)))
    assert (parsed.model, show(parsed.units), parsed.finished) == ("m", {"text": (5, 2)}, True)
    assert parsed.properties == {"provider.total_duration": "9"}


@pytest.mark.parametrize(
    ("bodies", "finished", "units"),
    [
        ([{"done": False, "response": "a"}], False, {}),
        ([], False, {}),
        ([{"embeddings": [[1]], "prompt_eval_count": 3}], True, {"text": (3, None)}),
        ([{**LAST, "prompt_eval_count": None, "eval_count": "x"}], True, {}),
        ([{**LAST, "message": "odd"}], True, {"text": (5, 2)}),
        ([b'{"model":"m","done":tr'], False, {}),
    ],
)
def test_what_is_missing_or_odd_is_left_out(bodies: list[Any], finished: bool, units: Any) -> None:
    parsed = read_generation(RawResponse(make_messages(*bodies)))
    assert (parsed.finished, show(parsed.units)) == (finished, units)


def test_an_error_in_a_stream_is_a_failure() -> None:
    parsed = read_generation(RawResponse(make_messages({"response": "a"}, {"error": "model crashed"})))
    assert parsed.failure is not None
    assert (parsed.failure.message, parsed.finished) == ("model crashed", True)


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        ({"name": "f", "arguments": {"a": 1}}, (FunctionCall("f", '{"a": 1}'),)),
        ({"name": "f"}, (FunctionCall("f"),)),
        ({"name": "", "arguments": {}}, ()),
        ({"name": None, "arguments": {}}, ()),
        (None, ()),
    ],
)
def test_function_calls_have_their_arguments_as_on_the_wire(function: Any, calls: Any) -> None:
    line = {"message": {"tool_calls": [{"function": function}]}, "done": True}
    assert read_generation(RawResponse(make_messages(line))).function_calls == calls


def test_the_arguments_of_a_call_may_hold_odd_bytes() -> None:
    line = b'{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":"\xff"}}}]},"done":true}'
    calls = read_generation(RawResponse([("", line)])).function_calls
    assert calls == (FunctionCall("f", '{"a":"\ufffd"}'),)


@pytest.mark.parametrize(
    ("reason", "has_usage"), [("load", True), ("unload", True), ("stop", False), (None, False)]
)
def test_a_request_that_loads_a_model_or_frees_its_memory_counts_nothing(
    reason: str | None, has_usage: bool
) -> None:
    parsed = read_generation(RawResponse(make_messages({"model": "m", "done": True, "done_reason": reason})))
    assert (parsed.units, parsed.has_usage, parsed.finished) == ({}, has_usage, True)


def test_every_duration_is_a_property_and_zeros_are_none() -> None:
    durations = {"total_duration": 9, "load_duration": 8, "prompt_eval_duration": 7, "eval_duration": 6}
    parsed = read_generation(RawResponse(make_messages({"done": True, **durations})))
    assert parsed.properties == {f"provider.{name}": str(number) for name, number in durations.items()}
    parsed = read_generation(RawResponse(make_messages({"done": True, **dict.fromkeys(durations, 0)})))
    assert parsed.properties == {}


def test_text_is_that_of_completions_and_chats() -> None:
    lines = [
        {"response": "a"},
        {"message": {"content": "b"}},
        {"message": {"content": 3}},
        {},
        {"message": 7},
    ]
    assert read_generation_text(make_messages(*lines)) == "ab"


@given(
    objects_of(("model", "done", "error", "eval_count", "message", "tool_calls", "function", "embeddings"))
)
def test_no_object_is_an_exception(body: dict[str, Any]) -> None:
    read_generation(RawResponse(make_messages(body, body)))
    read_generation_text(make_messages(body))


@given(st.binary(max_size=80))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    read_generation(RawResponse([("", body)]))
