"""Chat completions: what is read of them, failures, and when a stream is finished."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.providers.shared.failures import read_failure
from payi_transport.values.event import Failure, ParsedResponse, Units
from tests.providers.completions import COMPLETION, USED, chunk, read
from tests.providers.shapes import Shown, show


def test_a_completion_in_one_document() -> None:
    assert read(COMPLETION) == ParsedResponse(
        model="gpt-5-2026-01-01",
        response_id="chatcmpl-1",
        units={"text": Units(input=9, output=3)},
    )


def test_a_completion_in_chunks_is_the_same() -> None:
    parsed = read(
        chunk({"role": "assistant"}),
        chunk({"content": "Hi"}),
        chunk(finish="stop"),
        {"id": "chatcmpl-1", "choices": [], "usage": COMPLETION["usage"]},
        b"[DONE]",
    )
    assert parsed == read(COMPLETION)


def test_the_first_id_and_model_stand() -> None:
    parsed = read(
        {"id": "", "model": "", "choices": []},
        {"id": None, "model": 7, "choices": []},
        {"id": "a", "model": "m", "choices": []},
        {"id": "b", "model": "n", "choices": []},
    )
    assert (parsed.response_id, parsed.model) == ("a", "m")


@pytest.mark.parametrize("later", [None, {}, [], "x", 7, True])
def test_the_last_usage_that_is_one_counts(later: Any) -> None:
    running = [chunk(usage={"prompt_tokens": 9, "completion_tokens": done}) for done in range(4)]
    assert show(read(*running, chunk(usage=later)).units) == {"text": (9, 3)}


def test_a_last_usage_does_not_merge_with_those_before() -> None:
    parsed = read(
        chunk(usage={"prompt_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 1}}),
        chunk(usage={"completion_tokens": 5}),
    )
    assert show(parsed.units) == {"text": (None, 5)}


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
    parsed = read({**COMPLETION, "choices": choices})
    assert show(parsed.units) == {"text": (9, 3)}
    assert (parsed.response_id, parsed.model) == ("chatcmpl-1", "gpt-5-2026-01-01")
    assert parsed.function_calls == ()


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


@pytest.mark.parametrize("error", [{"code": "c"}, {}, "overloaded", None, 7], ids=repr)
def test_an_error_ends_a_stream(error: Any) -> None:
    parsed = read(chunk(), {"error": error}, read_to_end=False)
    assert parsed.failure == read_failure(error)
    assert parsed.finished is (parsed.failure is not None)


@pytest.mark.parametrize(
    ("last", "failure"),
    [
        ({"x_groq": {"id": "r", "error": "over capacity"}}, Failure(message="over capacity")),
        ({"x_groq": {"error": {"code": "c"}}}, Failure(code="c")),
        ({"x_groq": {"error": "two"}, "error": {"message": "one"}}, Failure(message="one")),
        ({"x_groq": {"error": ""}}, None),
        ({"x_groq": {"error": [1]}}, None),
        ({"x_groq": "over capacity"}, None),
    ],
    ids=repr,
)
def test_groqs_own_place_for_an_error_counts_too(last: Any, failure: Failure | None) -> None:
    parsed = read(chunk(), last, chunk(x_groq={"usage": USED}), read_to_end=False)
    assert (parsed.failure, parsed.finished) == (failure, failure is not None)
    assert show(parsed.units) == {"text": (9, 1)}


@pytest.mark.parametrize("tier", [None, "default", "auto", ""])
def test_a_usual_tier_is_not_a_property(tier: Any) -> None:
    assert read({**COMPLETION, "service_tier": tier}).properties == {}


def test_the_last_tier_is_the_one_that_is_billed() -> None:
    parsed = read(chunk(service_tier="auto"), chunk(service_tier="flex"), chunk(service_tier=None))
    assert parsed.properties == {"provider.service_tier": "flex"}


def test_the_last_error_counts_and_units_seen_are_kept() -> None:
    parsed = read(
        chunk(usage={"prompt_tokens": 9, "completion_tokens": 1}),
        {"error": {"message": "one"}},
        {"error": {"message": "two"}},
        {"error": None},
    )
    assert parsed.failure == Failure(message="two")
    assert show(parsed.units) == {"text": (9, 1)}


@pytest.mark.parametrize(
    ("bodies", "read_to_end", "finished"),
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
    bodies: list[Any], read_to_end: bool, finished: bool
) -> None:
    assert read(*bodies, read_to_end=read_to_end).finished is finished


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
def test_arbitrary_json_raises_nothing(bodies: list[Any], read_to_end: bool) -> None:
    parsed = read(*bodies, read_to_end=read_to_end)
    assert all(isinstance(call.name, str) and call.name for call in parsed.function_calls)


@given(st.lists(st.binary(max_size=50), max_size=5), st.booleans())
@example([b"[" * 200_000], True)
@example([b'{"usage":' + b"[" * 200_000], True)
@example([b'{"choices":' + b'[{"message":' * 50_000], True)
@example([b'{"usage":{"prompt_tokens":' + b"9" * 5_000 + b"}}"], True)
@example([b'{"id":"\\ud800"}', b'{"id":"\xff"}', b'{"model":"\\u0000"}'], True)
def test_arbitrary_bytes_raise_nothing(bodies: list[bytes], read_to_end: bool) -> None:
    read(*bodies, read_to_end=read_to_end)
