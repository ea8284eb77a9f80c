"""OpenAI's chat completions: usage to units, calls from deltas, failures, and when a stream is over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.dialects.openai import describe_extras, find_extras, map_usage, read_chat, read_error
from payi_transport.dialects.reply import Reply
from payi_transport.event import Answer, Failure, FunctionCall, Units
from payi_transport.framing import Frames

Shown = dict[str, tuple[int | None, int | None]]


def show(units: Any) -> Shown:
    return {name: (unit.input, unit.output) for name, unit in units.items()}


def usage_of(
    prompt: Any = 100, completion: Any = 50, prompt_details: Any = None, completion_details: Any = None
) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": 150,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": completion_details,
    }


# What each field of a usage does to the units.
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "totals": (usage_of(), {"text": (100, 50)}),
    "cached": (
        usage_of(prompt_details={"cached_tokens": 30}),
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cache write": (
        usage_of(prompt_details={"cache_write_tokens": 30}),
        {"text": (70, 50), "text_cache_write": (30, None)},
    ),
    "audio in": (usage_of(prompt_details={"audio_tokens": 30}), {"text": (70, 50), "audio": (30, None)}),
    "image in": (usage_of(prompt_details={"image_tokens": 30}), {"text": (70, 50), "vision": (30, None)}),
    "text in is the rest": (usage_of(prompt_details={"text_tokens": 30}), {"text": (100, 50)}),
    "reasoning": (
        usage_of(completion_details={"reasoning_tokens": 20}),
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
    "audio out": (
        usage_of(completion_details={"audio_tokens": 20}),
        {"text": (100, 30), "audio": (None, 20)},
    ),
    "image out": (
        usage_of(completion_details={"image_tokens": 20}),
        {"text": (100, 30), "image": (None, 20)},
    ),
    "text out is the rest": (usage_of(completion_details={"text_tokens": 20}), {"text": (100, 50)}),
    "predictions are in the completion": (
        usage_of(completion_details={"accepted_prediction_tokens": 5, "rejected_prediction_tokens": 9}),
        {"text": (100, 50)},
    ),
    "everything": (
        usage_of(
            prompt_details={
                "cached_tokens": 10,
                "cache_write_tokens": 5,
                "audio_tokens": 20,
                "image_tokens": 30,
                "text_tokens": 50,
            },
            completion_details={
                "reasoning_tokens": 10,
                "audio_tokens": 20,
                "text_tokens": 20,
                "accepted_prediction_tokens": 1,
                "rejected_prediction_tokens": 1,
            },
        ),
        {
            "text": (35, 20),
            "text_cache_read": (10, None),
            "text_cache_write": (5, None),
            "audio": (20, 20),
            "vision": (30, None),
            "reasoning": (None, 10),
        },
    ),
    "every detail null": (
        usage_of(
            prompt_details=dict.fromkeys(
                ["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens"]
            ),
            completion_details=dict.fromkeys(["reasoning_tokens", "audio_tokens", "image_tokens"]),
        ),
        {"text": (100, 50)},
    ),
    "empty details": (usage_of(prompt_details={}, completion_details={}), {"text": (100, 50)}),
    "details of another type": (usage_of(prompt_details=[1], completion_details="x"), {"text": (100, 50)}),
    "counts of another type": (
        usage_of(prompt_details={"cached_tokens": "30", "audio_tokens": True, "image_tokens": [3]}),
        {"text": (100, 50)},
    ),
    "a negative detail": (usage_of(prompt_details={"cached_tokens": -30}), {"text": (100, 50)}),
    "a fraction": (usage_of(prompt_details={"cached_tokens": 0.5}), {"text": (100, 50)}),
    "whole floats": (
        usage_of(100.0, 50.0, {"cached_tokens": 30.0}, {"reasoning_tokens": 20.0}),
        {"text": (70, 30), "text_cache_read": (30, None), "reasoning": (None, 20)},
    ),
    "a detail over its total": (
        usage_of(prompt_details={"cached_tokens": 500}),
        {"text": (0, 50), "text_cache_read": (100, None)},
    ),
    "details that overlap": (
        usage_of(prompt_details={"cached_tokens": 80, "audio_tokens": 90}),
        {"text": (0, 50), "text_cache_read": (80, None), "audio": (20, None)},
    ),
    "nothing used": (usage_of(0, 0), {"text": (0, 0)}),
    "no completion": (usage_of(completion=None), {"text": (100, None)}),
    "no prompt": (usage_of(prompt=None), {"text": (None, 50)}),
    "no totals": (
        usage_of(None, None, {"cached_tokens": 30}, {"reasoning_tokens": 20}),
        {},
    ),
    "a negative total": (usage_of(-1, 50), {"text": (None, 50)}),
    "an immense total": (usage_of(10**40, 50), {"text": (None, 50)}),
    "true for a total": (usage_of(True, 50), {"text": (None, 50)}),
    "nothing at all": ({}, {}),
    "cached, as DeepSeek tells": (
        {**usage_of(), "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 70},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cached, as Moonshot tells": (
        {**usage_of(), "cached_tokens": 30},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cached, told in OpenAI's place and beside it": (
        {**usage_of(prompt_details={"cached_tokens": 20}), "prompt_cache_hit_tokens": 30},
        {"text": (80, 50), "text_cache_read": (20, None)},
    ),
    "nothing cached in OpenAI's place": (
        {**usage_of(prompt_details={"cached_tokens": 0}), "cached_tokens": 30},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "names of the Responses API": (
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "input_tokens_details": {"cached_tokens": 30},
            "output_tokens_details": {"reasoning_tokens": 20},
        },
        {"text": (70, 30), "text_cache_read": (30, None), "reasoning": (None, 20)},
    ),
    "unknown fields": (
        {**usage_of(), "prompt_time": 0.1, "cost": 3, "cost_details": {"x": 1}, "num_sources_used": 4},
        {"text": (100, 50)},
    ),
    "reasoning beside the completion, as xAI counts": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": 170},
        {"text": (100, 50), "reasoning": (None, 20)},
    ),
    "reasoning beside the completion, by the other names": (
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "total_tokens": 170,
            "output_tokens_details": {"reasoning_tokens": 20},
        },
        {"text": (100, 50), "reasoning": (None, 20)},
    ),
    "reasoning beside, larger than the completion": (
        {**usage_of(completion_details={"reasoning_tokens": 200}), "total_tokens": 350},
        {"text": (100, 50), "reasoning": (None, 200)},
    ),
    "a grand total that fits neither way": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": 999},
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
    "no grand total": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": None},
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_usage_becomes_units(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


odd = (
    st.none()
    | st.integers(-5, 300)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=3)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
)
details = st.dictionaries(
    st.sampled_from(
        [
            "cached_tokens",
            "cache_write_tokens",
            "audio_tokens",
            "image_tokens",
            "reasoning_tokens",
            "text_tokens",
        ]
    ),
    odd,
)
usages = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": odd,
        "completion_tokens": odd,
        "total_tokens": odd,
        "prompt_tokens_details": odd | details,
        "completion_tokens_details": odd | details,
    },
)


def totals(units: Any) -> tuple[int, int]:
    return (
        sum(unit.input or 0 for unit in units.values()),
        sum(unit.output or 0 for unit in units.values()),
    )


@given(st.integers(0, 2**53), st.integers(0, 2**53), odd | details, odd | details)
def test_the_units_add_up_to_what_is_billed(
    prompt: int, completion: int, prompt_details: Any, completion_details: Any
) -> None:
    usage = usage_of(prompt, completion, prompt_details, completion_details)
    usage["total_tokens"] = prompt + completion
    assert totals(map_usage(usage)) == (prompt, completion)


@given(st.integers(0, 2**50), st.integers(0, 2**50), st.integers(1, 2**50))
def test_reasoning_beside_the_completion_adds_to_it(prompt: int, completion: int, reasoning: int) -> None:
    usage = usage_of(prompt, completion, None, {"reasoning_tokens": reasoning})
    usage["total_tokens"] = prompt + completion + reasoning
    units = map_usage(usage)
    assert totals(units) == (prompt, completion + reasoning)
    assert units["reasoning"].output == reasoning


@given(usages)
def test_any_usage_gives_whole_units(usage: dict[str, Any]) -> None:
    for unit in map_usage(usage).values():
        for number in (unit.input, unit.output):
            assert number is None or (type(number) is int and number >= 0)


# --- answers


def frames_of(*bodies: Any) -> Frames:
    return [("", body if isinstance(body, bytes) else json.dumps(body).encode()) for body in bodies]


def read(*bodies: Any, exhausted: bool = True) -> Answer:
    return read_chat(Reply(frames_of(*bodies), exhausted))


def chunk(delta: Any = None, finish: Any = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "gpt-5-2026-01-01",
        "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}],
        **more,
    }


def tool(
    index: int | None, call_id: str | None = None, name: Any = None, arguments: Any = None
) -> dict[str, Any]:
    call: dict[str, Any] = {"index": index, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [call if call_id is None else {**call, "id": call_id}]}


USED = {"prompt_tokens": 9, "completion_tokens": 1}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-5-2026-01-01",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


def test_a_completion_in_one_document() -> None:
    assert read(COMPLETION) == Answer(
        model="gpt-5-2026-01-01",
        response_id="chatcmpl-1",
        units={"text": Units(input=9, output=3)},
    )


def test_a_completion_in_chunks_is_the_same() -> None:
    answer = read(
        chunk({"role": "assistant"}),
        chunk({"content": "Hi"}),
        chunk(finish="stop"),
        {"id": "chatcmpl-1", "choices": [], "usage": COMPLETION["usage"]},
        b"[DONE]",
    )
    assert answer == read(COMPLETION)


def test_the_first_id_and_model_stand() -> None:
    answer = read(
        {"id": "", "model": "", "choices": []},
        {"id": None, "model": 7, "choices": []},
        {"id": "a", "model": "m", "choices": []},
        {"id": "b", "model": "n", "choices": []},
    )
    assert (answer.response_id, answer.model) == ("a", "m")


@pytest.mark.parametrize("later", [None, {}, [], "x", 7, True])
def test_the_last_usage_that_is_one_counts(later: Any) -> None:
    running = [chunk(usage={"prompt_tokens": 9, "completion_tokens": done}) for done in range(4)]
    assert show(read(*running, chunk(usage=later)).units) == {"text": (9, 3)}


def test_a_last_usage_does_not_merge_with_those_before() -> None:
    answer = read(
        chunk(usage={"prompt_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 1}}),
        chunk(usage={"completion_tokens": 5}),
    )
    assert show(answer.units) == {"text": (None, 5)}


@pytest.mark.parametrize(
    "choices",
    [
        None,
        {},
        "x",
        7,
        [None],
        [7],
        [{}],
        [{"index": "0"}],
        [{"delta": []}],
        [{"message": "x"}],
        [{"delta": {"tool_calls": {}}}],
        [{"delta": {"tool_calls": [None]}}],
        [{"delta": {"tool_calls": [{"function": {"arguments": {"a": 1}}}]}}],
        [{"finish_reason": 3}],
    ],
    ids=repr,
)
def test_choices_of_another_shape_do_not_hide_the_usage(choices: Any) -> None:
    answer = read({**COMPLETION, "choices": choices})
    assert show(answer.units) == {"text": (9, 3)}
    assert (answer.response_id, answer.model) == ("chatcmpl-1", "gpt-5-2026-01-01")
    assert answer.function_calls == ()


@pytest.mark.parametrize(
    ("bodies", "units"),
    [
        ([{"x_groq": {"id": "r", "usage": USED}}], {"text": (9, 1)}),
        ([{"x_groq": {"usage": USED}, "usage": {"prompt_tokens": 7}}], {"text": (7, None)}),
        ([{"usage": {"prompt_tokens": 7}}, {"x_groq": {"usage": USED}}], {"text": (9, 1)}),
        ([{"x_groq": {"usage": USED}}, {"x_groq": {"id": "r"}}], {"text": (9, 1)}),
        ([{"x_groq": {"usage": None}}], {}),
        ([{"x_groq": {"usage": [1]}}], {}),
        ([{"x_groq": [USED]}], {}),
        ([{"x_groq": "x"}], {}),
    ],
)
def test_groqs_own_place_for_a_usage_counts_too(bodies: list[Any], units: Shown) -> None:
    assert show(read(*bodies).units) == units


@pytest.mark.parametrize("tier", [None, "default", "auto", ""])
def test_a_usual_tier_is_no_property(tier: Any) -> None:
    assert read({**COMPLETION, "service_tier": tier}).properties == {}


def test_the_last_tier_is_the_one_that_is_billed() -> None:
    answer = read(chunk(service_tier="auto"), chunk(service_tier="flex"), chunk(service_tier=None))
    assert answer.properties == {"provider.service_tier": "flex"}


def test_what_a_usage_tells_beside_token_counts_are_extras() -> None:
    counted = {**usage_of(), "prompt_cache_hit_tokens": 1, "cached_tokens": 1, "input_tokens": 3}
    extras = {"cost": 0.01, "is_byok": True, "cost_details": {"upstream": None}, "queue": "x"}
    assert (
        find_extras({**counted, **extras, "num_sources_used": 0, "prompt_time": 0.0, "no": False}) == extras
    )
    assert read({**COMPLETION, "usage": {**counted, **extras}}).properties == {
        "provider.cost": "0.01",
        "provider.is_byok": "True",
        "provider.queue": "x",
    }


@pytest.mark.parametrize(
    ("tier", "extras", "properties"),
    [
        ("scale", {}, {"provider.service_tier": "scale"}),
        (3, {}, {"provider.service_tier": "3"}),
        ([1], {}, {}),
        (None, {"a": {"b": {"c": 1}}}, {"provider.a.b.c": "1"}),
        (None, {"a": {"b": {"c": {"d": {"e": 1}}}}}, {}),
        (
            None,
            {"a": [1], "b": None, "c": "", "d": 10**400},
            {"provider.c": "", "provider.d": "1" + "0" * 199},
        ),
        (None, {"a": "x" * 500}, {"provider.a": "x" * 200}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_extras_are_properties_within_bounds(
    tier: Any, extras: dict[str, Any], properties: dict[str, str]
) -> None:
    assert describe_extras(tier, extras) == properties


def test_of_very_many_extras_some_are_kept() -> None:
    assert len(describe_extras(None, {str(number): number for number in range(500)})) == 32


# --- function calls


def test_tool_calls_of_a_document_keep_their_arguments_as_on_the_wire() -> None:
    message = {
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a" : 1.0}'}},
            {"id": "2", "type": "function", "function": {"name": "g", "arguments": ""}},
            {"id": "3", "type": "custom", "custom": {"name": "h", "input": "x"}},
        ]
    }
    answer = read({**COMPLETION, "choices": [{"message": message, "finish_reason": "tool_calls"}]})
    assert answer.function_calls == (FunctionCall("f", '{"a" : 1.0}'), FunctionCall("g", ""))


def test_tool_calls_of_several_choices() -> None:
    choices = [
        {"index": index, "message": {"tool_calls": [{"function": {"name": f"f{index}", "arguments": "{}"}}]}}
        for index in range(2)
    ]
    calls = read({**COMPLETION, "choices": choices}).function_calls
    assert calls == (FunctionCall("f0", "{}"), FunctionCall("f1", "{}"))


def test_a_legacy_function_call() -> None:
    choices = [{"message": {"function_call": {"name": "f", "arguments": "{}"}, "tool_calls": None}}]
    assert read({**COMPLETION, "choices": choices}).function_calls == (FunctionCall("f", "{}"),)


def test_a_legacy_function_call_from_deltas() -> None:
    answer = read(
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a"'}}),
        chunk({"function_call": {"arguments": ":1}"}}),
        chunk(finish="function_call"),
    )
    assert answer.function_calls == (FunctionCall("f", '{"a":1}'),)


def test_tool_calls_are_joined_from_deltas_by_choice_and_index() -> None:
    answer = read(
        chunk(tool(0, "a", "f", "")),
        chunk(tool(1, "b", "g", "")),
        chunk(tool(0, "c", "h", ""), index=1),
        chunk(tool(1, arguments="[2")),
        chunk(tool(0, arguments='{"x"')),
        chunk(tool(0, arguments="3"), index=1),
        chunk(tool(0, arguments=":1}")),
        chunk(tool(1, arguments="]")),
    )
    assert answer.function_calls == (
        FunctionCall("f", '{"x":1}'),
        FunctionCall("g", "[2]"),
        FunctionCall("h", "3"),
    )


def test_deltas_that_repeat_the_id_or_give_none_are_of_one_call() -> None:
    answer = read(
        chunk(tool(0, "a", "f", "1")),
        chunk(tool(0, "a", None, "2")),
        chunk(tool(0, "a", "f", "3")),
        chunk(tool(0, "other", None, "4")),
        chunk(tool(0, None, None, "5")),
    )
    assert answer.function_calls == (FunctionCall("f", "12345"),)


def test_calls_that_a_host_all_numbers_0_are_told_apart_by_id_and_name() -> None:
    answer = read(
        chunk(tool(0, "a", "f", '{"x":1}')),
        chunk(tool(0, "b", "f", '{"x":2}')),
        chunk(tool(None, "c", "g", "{}")),
    )
    assert answer.function_calls == (
        FunctionCall("f", '{"x":1}'),
        FunctionCall("f", '{"x":2}'),
        FunctionCall("g", "{}"),
    )


def test_a_name_that_comes_late_is_the_calls_name() -> None:
    answer = read(chunk(tool(0, "a", None, "{")), chunk(tool(0, None, "f", "}")))
    assert answer.function_calls == (FunctionCall("f", "{}"),)


def test_a_call_without_arguments_and_one_without_a_name() -> None:
    answer = read(chunk(tool(0, "a", "f")), chunk(tool(1, "b", "", "{}")))
    assert answer.function_calls == (FunctionCall("f"),)


# --- failures


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"type": "t", "code": "c", "message": "m", "param": None}, Failure("t", "c", "m")),
        ({"type": "t", "code": None, "message": ""}, Failure("t")),
        ({"code": 429, "message": "m"}, Failure(None, "429", "m")),
        ({"type": 3, "code": [], "message": {}}, Failure()),
        ("overloaded", Failure(message="overloaded")),
        ({}, None),
        ("", None),
        (None, None),
        (False, None),
        (True, None),
        (7, None),
        ([{"message": "m"}], None),
    ],
    ids=repr,
)
def test_an_error_is_read_as_far_as_it_has_the_shape(error: Any, failure: Failure | None) -> None:
    assert read_error(json.dumps({"error": error}).encode(), {}) == failure
    answer = read(chunk(), {"error": error}, exhausted=False)
    assert answer.failure == failure
    assert answer.finished is (failure is not None)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff", b'{"detail":"x"}', b"[" * 99_999]
)
def test_an_error_body_of_another_shape_says_nothing(body: bytes) -> None:
    assert read_error(body, {}) is None


def test_the_last_error_counts_and_units_seen_are_kept() -> None:
    answer = read(
        chunk(usage={"prompt_tokens": 9, "completion_tokens": 1}),
        {"error": {"message": "one"}},
        {"error": {"message": "two"}},
        {"error": None},
    )
    assert answer.failure == Failure(message="two")
    assert show(answer.units) == {"text": (9, 1)}


# --- when it is over


@pytest.mark.parametrize(
    ("bodies", "exhausted", "finished"),
    [
        ([COMPLETION], True, True),
        ([COMPLETION], False, True),
        ([{**COMPLETION, "usage": None}], True, True),
        ([chunk(), chunk(finish="stop"), b"[DONE]"], True, True),
        ([chunk(), chunk(finish="stop"), b"[DONE]"], False, True),
        ([chunk(), b" [DONE]"], False, False),
        ([chunk(), b"[DONE] "], False, True),
        ([b"[DONE]"], False, True),
        ([chunk(), chunk(finish="stop")], True, True),
        ([chunk(), chunk(finish="stop")], False, False),
        ([chunk(), chunk(finish="stop", usage=USED)], False, True),
        ([chunk(), chunk(finish="stop"), {"choices": [], "usage": USED}], False, True),
        ([chunk(), chunk(usage=USED)], False, False),
        ([chunk(), chunk(usage=USED)], True, False),
        ([chunk()], True, False),
        ([chunk()], False, False),
        ([], True, False),
        ([], False, False),
        ([b"<html>"], True, False),
        ([{"error": {"message": "m"}}], False, True),
    ],
)
def test_a_stream_is_finished_when_its_last_word_was_seen(
    bodies: list[Any], exhausted: bool, finished: bool
) -> None:
    assert read(*bodies, exhausted=exhausted).finished is finished


# --- anything

NAMES = [
    *("id", "model", "usage", "error", "choices", "index", "message", "delta", "finish_reason"),
    *("tool_calls", "function_call", "function", "name", "arguments", "code", "type"),
    *("prompt_tokens", "completion_tokens", "x_groq", "service_tier", "cached_tokens"),
]
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(json_values, max_size=5), st.booleans())
def test_arbitrary_json_raises_nothing(bodies: list[Any], exhausted: bool) -> None:
    answer = read(*bodies, exhausted=exhausted)
    assert all(isinstance(call.name, str) and call.name for call in answer.function_calls)


@given(st.lists(st.binary(max_size=50), max_size=5), st.booleans())
@example([b"[" * 200_000], True)
@example([b'{"usage":' + b"[" * 200_000], True)
@example([b'{"choices":' + b'[{"message":' * 50_000], True)
@example([b'{"usage":{"prompt_tokens":' + b"9" * 5_000 + b"}}"], True)
@example([b'{"id":"\\ud800"}', b'{"id":"\xff"}', b'{"model":"\\u0000"}'], True)
def test_arbitrary_bytes_raise_nothing(bodies: list[bytes], exhausted: bool) -> None:
    read(*bodies, exhausted=exhausted)
    for body in bodies:
        read_error(body, {})
