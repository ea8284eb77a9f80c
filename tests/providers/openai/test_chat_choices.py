"""What the choices of a chat completion add up to, and which chunks say nothing by being repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.openai.chat import is_repeatable
from payi_transport.values.event import Failure, FunctionCall
from tests.providers.completions import USED, chunk, read
from tests.providers.shapes import Shown, show


def of_choices(*usages: Any, **more: Any) -> dict[str, Any]:
    choices = [{"index": index, "delta": {}, "usage": usage} for index, usage in enumerate(usages)]
    return {"id": "c", "choices": choices, **more}


def used(prompt: Any, completion: Any, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


CHOICES: dict[str, tuple[list[Any], Shown]] = {
    "one": ([of_choices(used(9, 4, total_tokens=13))], {"text": (9, 4)}),
    "two": ([of_choices(used(9, 4, total_tokens=13), used(9, 5, total_tokens=14))], {"text": (9, 9)}),
    "two, in chunks of their own": (
        [of_choices(used(9, 1), used(9, 2)), of_choices(used(9, 4)), of_choices(None, used(9, 5))],
        {"text": (9, 9)},
    ),
    "one that has no prompt": ([of_choices(used(None, 4), used(9, 5))], {"text": (9, 9)}),
    "two without a prompt": ([of_choices(used(None, 4), used(None, None))], {"text": (0, 4)}),
    "the details of the first": (
        [of_choices(used(9, 4, prompt_tokens_details={"cached_tokens": 2}), used(9, 5))],
        {"text": (7, 9), "text_cache_read": (2, None)},
    ),
    "one without an index": (
        [{"choices": [{"delta": {}, "usage": used(9, 4)}]}, of_choices(used(9, 5))],
        {"text": (9, 5)},
    ),
    "beside the usage of all": ([of_choices(used(9, 4), used(9, 5), usage=used(9, 7))], {"text": (9, 7)}),
    "in a document": (
        [{"choices": [{"message": {"content": "a", "usage": used(9, 4)}, "finish_reason": "stop"}]}],
        {"text": (9, 4)},
    ),
    "of another shape": ([of_choices(7, ["x"]), of_choices("x")], {}),
    "empty": ([of_choices({})], {}),
}


@pytest.mark.parametrize(("bodies", "units"), CHOICES.values(), ids=CHOICES)
def test_choices_have_one_prompt_and_a_completion_each(bodies: list[Any], units: Shown) -> None:
    assert show(read(*bodies).units) == units


def test_groqs_place_counts_where_a_chunk_has_no_usage_of_its_own() -> None:
    assert show(read(chunk(usage={}, x_groq={"usage": USED})).units) == {"text": (9, 1)}
    assert show(read(chunk(usage=7, x_groq={"usage": USED})).units) == {"text": (9, 1)}
    assert show(read(chunk(usage=used(8, 2), x_groq={"usage": USED})).units) == {"text": (8, 2)}


@pytest.mark.parametrize(
    ("choice", "failure"),
    [
        ({"finish_reason": "error"}, Failure(code="error")),
        ({"finish_reason": "error", "error": {"code": "c"}}, Failure(code="c")),
        ({"finish_reason": "stop", "error": {"message": "m"}}, Failure(message="m")),
        ({"finish_reason": "stop", "error": None}, None),
    ],
)
def test_a_choice_may_tell_a_failure(choice: dict[str, Any], failure: Failure | None) -> None:
    body = {"choices": [{"index": 0, "delta": {}, **choice}]}
    assert read(body).failure == failure
    beside = Failure(code="beside")
    told = failure if choice.get("error") else beside
    assert read({**body, "error": {"code": "beside"}}).failure == told


def test_a_call_in_a_choice_is_read() -> None:
    calls = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]
    message = {"choices": [{"index": 0, "message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    for body in (message, chunk({"tool_calls": calls}, "tool_calls")):
        assert read(body).function_calls == (FunctionCall("f", "{}"),)


PLAIN: dict[str, Any] = {
    "id": "c",
    "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}],
}


@pytest.mark.parametrize(
    ("body", "repeatable"),
    [
        (PLAIN, True),
        ({**PLAIN, "usage": None}, True),
        ({"choices": [{"delta": None}, {"delta": {"content": "b"}}]}, True),
        ({"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}]}, True),
        ({**PLAIN, "usage": USED}, False),
        ({**PLAIN, "x_groq": {"id": "a"}}, False),
        ({**PLAIN, "error": {"code": "c"}}, False),
        ({**PLAIN, "base_resp": {"status_code": 1}}, False),
        ({"choices": []}, False),
        ({"choices": None}, False),
        ({}, False),
        ({"choices": [*PLAIN["choices"], {"delta": {"tool_calls": [{"index": 0}]}}]}, False),
        ({"choices": [{"delta": {"function_call": {"arguments": "a"}}}]}, False),
        ({"choices": [{"delta": {}, "usage": USED}]}, False),
        ({"choices": [{"delta": {"usage": USED}}]}, False),
        ({"choices": [{"delta": {}, "error": {"code": "c"}}]}, False),
        ({"choices": [{"message": {"content": "a"}}]}, False),
        ([], False),
    ],
    ids=repr,
)
def test_a_chunk_of_text_alone_may_be_repeated(body: Any, repeatable: bool) -> None:
    assert is_repeatable(json.dumps(body).encode()) is repeatable


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[DONE]"])
def test_what_is_no_chunk_may_not_be_repeated(data: bytes) -> None:
    assert is_repeatable(data) is False
