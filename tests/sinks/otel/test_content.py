"""Prompts and responses of the providers' formats become the conventions' messages."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payi_transport import Event
from payi_transport.sinks.otel.content import describe_content
from payi_transport.values.event import FunctionCall


def describe(request: Any = None, response: Any = None, limit: int = 99, **fields: Any) -> dict[str, Any]:
    event = Event(
        category="c",
        units={},
        provider_response_id="r",
        provider_request_json=None if request is None else json.dumps(request),
        provider_response_json=response
        if response is None or isinstance(response, tuple)
        else json.dumps(response),
        **fields,
    )
    found = describe_content(event, {"gen_ai.response.finish_reasons": ("length",)}, limit)
    return {name: json.loads(value) for name, value in found.items()}


def text(role: str, content: str, **more: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}], **more}


def test_requests_of_each_format() -> None:
    expected = [text("user", "Hi")]
    requests: list[Any] = [
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"image": 1}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        {"contents": "Hi"},
        {"input": ["Hi"]},
        {"prompt": "Hi"},
    ]
    for request in requests:
        assert describe(request) == {"gen_ai.input.messages": expected}
    for request in ({"system": "Be"}, {"systemInstruction": {"parts": [{"text": "Be"}]}}):
        assert describe(request) == {"gen_ai.system_instructions": [{"type": "text", "content": "Be"}]}


def test_responses_of_each_format() -> None:
    expected = [text("assistant", "Yo", finish_reason="length")]
    parts = [{"text": "Yo"}]
    for response in (
        {"choices": [{"message": {"role": "assistant", "content": "Yo"}}]},
        {"content": [{"type": "text", "text": "Yo"}], "role": "assistant"},
        {"candidates": [{"content": {"role": "model", "parts": parts}}]},
        {"output": {"message": {"role": "assistant", "content": parts}}},
        {"output": [{"type": "message", "role": "assistant", "content": parts}]},
        ('{"choices": [{"delta": {"content": "Y"}}]}', '{"choices": [{"delta": {"content": "o"}}]}'),
        ('{"type": "content_block_delta", "delta": {"text": "Yo"}}', "[DONE]"),
        ('{"type": "response.output_text.delta", "delta": "Yo"}',),
    ):
        assert describe(response=response) == {"gen_ai.output.messages": expected}, response


def test_a_function_call_is_a_part_without_text_too() -> None:
    calls = (FunctionCall("find", '{"a": 1}'),)
    [message] = describe(provider_response_function_calls=calls)["gen_ai.output.messages"]
    assert message["parts"] == [{"type": "tool_call", "name": "find", "arguments": '{"a": 1}'}]


def test_texts_are_cut_together() -> None:
    request = {"messages": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "World"}]}
    assert describe(request, limit=3) == {"gen_ai.input.messages": [text("user", "Hel")]}
    several = {"choices": [{"message": {"content": "a"}}, {"message": {"content": "b"}}]}
    reasons = [one["finish_reason"] for one in describe(response=several)["gen_ai.output.messages"]]
    assert reasons == ["length", "stop"]


def test_every_place_of_instructions_and_inputs_is_read() -> None:
    for key in ("system", "instructions", "systemInstruction", "system_instruction"):
        for value in ("Be", {"content": "Be"}, {"parts": [{"text": "Be"}]}, [{"text": "Be"}]):
            found = describe({key: value})
            assert found == {"gen_ai.system_instructions": [{"type": "text", "content": "Be"}]}, (key, value)
    for key in ("messages", "contents", "input", "prompt"):
        assert describe({key: ["a", {"role": "model", "text": "b"}]}) == {
            "gen_ai.input.messages": [text("user", "a"), text("assistant", "b")]
        }


def test_texts_are_cut_where_the_limit_is_reached() -> None:
    request = {"messages": [{"content": "abc"}, {"content": "def"}, {"content": "ghi"}]}
    for limit, shown in ((3, ["abc"]), (4, ["abc", "d"]), (6, ["abc", "def"]), (9, ["abc", "def", "ghi"])):
        assert describe(request, limit=limit)["gen_ai.input.messages"] == [text("user", one) for one in shown]
    assert describe({"system": "Hello"}, limit=2)["gen_ai.system_instructions"][0]["content"] == "He"


def test_calls_of_functions_follow_the_text_and_are_cut() -> None:
    calls = (FunctionCall("find", "x" * 9), FunctionCall("go"))
    [message] = describe(response={"content": "Yo"}, limit=5, provider_response_function_calls=calls)[
        "gen_ai.output.messages"
    ]
    assert message == {
        "role": "assistant",
        "parts": [
            {"type": "text", "content": "Yo"},
            {"type": "tool_call", "name": "find", "arguments": "xxxxx"},
            {"type": "tool_call", "name": "go", "arguments": ""},
        ],
        "finish_reason": "length",
    }


def test_what_has_no_text_is_no_message() -> None:
    assert (
        describe({"messages": [{"role": "user"}, {"content": []}, 7]}, {"choices": [{"message": {}}]}) == {}
    )
    assert describe(response=('{"type": "ping"}', "[DONE]")) == {}
    assert describe(response=('{"type": "response.reasoning.delta", "delta": "hm"}',)) == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["messages", "content", "role"]), inner),
)


@given(VALUES, st.text())
def test_whatever_json_holds_it_is_described(value: Any, other: str) -> None:
    describe(value, value)
    describe(value, (other, json.dumps(value)))
