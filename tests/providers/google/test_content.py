"""Google's generated content: documents and streams of them, calls, blocked prompts, and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.google.content import (
    bare_name,
    read_content,
    read_content_text,
    read_error,
    read_failure,
)
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units
from tests.providers.shapes import DEEP, make_messages, objects_of, show

USAGE = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 50,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 170,
}
UNITS = {"text": (100, 50), "reasoning": (None, 20)}


def candidate(*parts: Any, finish: Any = "STOP", **more: Any) -> dict[str, Any]:
    return {"content": {"parts": list(parts), "role": "model"}, "finishReason": finish, **more}


CHUNK: dict[str, Any] = {
    "candidates": [candidate({"text": "Hi"})],
    "usageMetadata": USAGE,
    "modelVersion": "gemini-2.5-flash-001",
    "responseId": "r-1",
}
STARTED = {
    **CHUNK,
    "candidates": [candidate({"text": "H"}, finish=None)],
    "usageMetadata": {"promptTokenCount": 100, "totalTokenCount": 100},
}


def read(*bodies: Any, read_to_end: bool = True, **more: Any) -> ParsedResponse:
    return read_content(RawResponse(make_messages(*bodies), read_to_end, **more))


def test_content_in_one_document() -> None:
    assert read(CHUNK) == ParsedResponse(
        model="gemini-2.5-flash-001",
        resource="gemini-2.5-flash-001",
        response_id="r-1",
        units={"text": Units(input=100, output=50), "reasoning": Units(output=20)},
    )


def test_content_in_a_stream_has_the_last_usage() -> None:
    assert read(STARTED, STARTED, CHUNK, read_to_end=False) == read(CHUNK)


@pytest.mark.parametrize("usage", [None, {}, [], 3])
def test_a_chunk_without_usage_leaves_the_one_before(usage: Any) -> None:
    assert show(read(CHUNK, {**CHUNK, "usageMetadata": usage}).units) == UNITS


@pytest.mark.parametrize(
    ("bodies", "finished"),
    [
        ([STARTED], False),
        ([STARTED, CHUNK], True),
        ([CHUNK, {"usageMetadata": USAGE}], True),
        ([], False),
        ([{"candidates": []}], False),
        ([{"error": {"code": 500}}], True),
        ([{"promptFeedback": {"blockReason": "SAFETY"}}], True),
        ([b"{", CHUNK], True),
    ],
    ids=repr,
)
def test_a_response_is_finished_when_a_candidate_says_so_or_it_failed(
    bodies: list[Any], finished: bool
) -> None:
    assert read(*bodies, read_to_end=False).finished is finished


@pytest.mark.parametrize(
    ("told", "resource"),
    [
        ("gemini-x", "gemini-x"),
        ("models/gemini-x", "gemini-x"),
        ("projects/p/locations/l/publishers/google/models/gemini-x", "gemini-x"),
        ("", None),
        ("models/", None),
        (None, None),
        (3, None),
    ],
)
def test_the_version_of_the_model_is_priced(told: Any, resource: str | None) -> None:
    assert read({**CHUNK, "modelVersion": told}).resource == resource == bare_name(told)


def test_the_requested_model_decides_the_price_of_a_long_prompt_if_the_response_names_none() -> None:
    usage = {"promptTokenCount": 200_001}
    assert show(read({"usageMetadata": usage}, requested_model="gemini-2.5-pro").units) == {
        "text_large_context": (200_001, None)
    }
    assert show(
        read({"usageMetadata": usage, "modelVersion": "other"}, requested_model="gemini-2.5-pro").units
    ) == {"text": (200_001, None)}


# --- function calls


def test_function_calls_keep_their_arguments_as_on_the_wire() -> None:
    document = (
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a" : 1.0}}},{"text":"x"},'
        b'{"functionCall":{"name":"g","args":{}}},{"functionCall":{"name":"h","args":null}},'
        b'{"functionCall":{"name":"i"}},{"functionCall":{"name":"","args":{}}},{"functionCall":{"name":3}},'
        b'{"functionCall":null}]}},{"content":{"parts":[{"functionCall":{"name":"j"}}]}}]}'
    )
    assert read(document).function_calls == (
        FunctionCall("f", '{"a" : 1.0}'),
        FunctionCall("g", "{}"),
        FunctionCall("h"),
        FunctionCall("i"),
        FunctionCall("j"),
    )


def test_function_calls_of_every_chunk_are_kept() -> None:
    first, second = (
        {"candidates": [candidate({"functionCall": {"name": name, "args": {}}}, finish=None)]}
        for name in ("f", "g")
    )
    calls = read(first, STARTED, second, CHUNK).function_calls
    assert [call.name for call in calls] == ["f", "g"]


# --- properties


@pytest.mark.parametrize(
    ("grounding", "properties"),
    [
        (None, {}),
        ({}, {}),
        ({"webSearchQueries": None}, {}),
        ({"webSearchQueries": []}, {}),
        ({"webSearchQueries": ["a", "b"]}, {"provider.web_search_queries": "2"}),
    ],
)
def test_searches_are_counted(grounding: Any, properties: dict[str, str]) -> None:
    assert read({"candidates": [candidate(groundingMetadata=grounding)]}).properties == properties


def test_the_tier_is_read_from_a_header() -> None:
    parsed = read(CHUNK, response_headers={"x-gemini-service-tier": "priority"})
    assert parsed.properties == {"provider.service_tier": "priority"}


# --- failures


@pytest.mark.parametrize(
    ("feedback", "failure"),
    [
        ({"blockReason": "SAFETY"}, Failure(code="SAFETY")),
        (
            {"blockReason": "OTHER", "blockReasonMessage": "Sorry."},
            Failure(code="OTHER", message="Sorry."),
        ),
        ({"safetyRatings": []}, None),
        ({"blockReason": None}, None),
        ({"blockReason": 3}, None),
        ("SAFETY", None),
        (None, None),
    ],
    ids=repr,
)
def test_a_prompt_that_was_blocked_is_a_failure_with_the_units_seen(
    feedback: Any, failure: Failure | None
) -> None:
    parsed = read({"promptFeedback": feedback, "usageMetadata": USAGE})
    assert parsed.failure == failure
    assert show(parsed.units) == UNITS


def test_feedback_is_not_a_failure_if_there_are_candidates() -> None:
    assert read({**CHUNK, "promptFeedback": {"blockReason": "SAFETY"}}).failure is None


ERROR = {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}


def test_an_error_in_a_stream_is_a_failure_with_the_units_seen() -> None:
    parsed = read(CHUNK, {"error": ERROR}, read_to_end=False)
    assert parsed.failure == Failure("UNAVAILABLE", "503", "Overloaded.")
    assert show(parsed.units) == UNITS


def test_a_chunk_after_an_error_does_not_undo_it() -> None:
    assert read({"error": ERROR}, {**CHUNK, "error": None}).failure is not None


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ERROR, Failure("UNAVAILABLE", "503", "Overloaded.")),
        ({"code": "not_found", "message": "No."}, Failure(None, "not_found", "No.")),
        ({"status": 3}, Failure()),
        ("Sorry.", Failure(message="Sorry.")),
        ({}, None),
        ([], None),
        (None, None),
        (3, None),
    ],
    ids=repr,
)
def test_what_an_error_says(error: Any, failure: Failure | None) -> None:
    assert read_failure(error) == failure
    body = make_messages({"error": error})[0][1]
    assert read_error(body, {}) == failure
    assert read_error(b"[" + body + b"]\r\n", {}) == failure


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[3]", b"3", b"null", b"{}"])
def test_a_body_without_an_error_says_nothing(body: bytes) -> None:
    assert read_error(body, {}) is None


# --- text


def test_the_text_of_a_stream_is_without_thoughts() -> None:
    messages = make_messages(
        {
            "candidates": [
                candidate({"text": "Well", "thought": True}, {"text": "Hel"}, {"inlineData": {}}, 3)
            ]
        },
        {"candidates": [candidate({"text": None}, {"text": "lo"})]},
        {"candidates": [3, {"content": 3}, {"content": {"parts": 3}}]},
        {"candidates": 3},
        [],
        b"{",
    )
    assert read_content_text(messages) == "Hello"


# --- anything

NAMES = (
    *("candidates", "content", "parts", "functionCall", "name", "args", "finishReason", "groundingMetadata"),
    *("webSearchQueries", "usageMetadata", "promptTokenCount", "candidatesTokenCount", "modelVersion"),
    *("responseId", "promptFeedback", "blockReason", "error", "code", "status", "text", "thought"),
)


@pytest.mark.parametrize("field", [*CHUNK, "promptFeedback", "error"])
@pytest.mark.parametrize("value", [None, True, 3, 0.5, "x", [], [1], [None], {}, {"a": 1}], ids=repr)
def test_a_field_of_another_type_raises_nothing_and_hides_no_usage(field: str, value: Any) -> None:
    parsed = read({**CHUNK, field: value})
    assert show(parsed.units) == ({} if field == "usageMetadata" else UNITS)
    for text in (parsed.model, parsed.response_id):
        assert text is None or isinstance(text, str)


@given(st.lists(objects_of(NAMES), max_size=4), st.booleans())
def test_any_json_raises_nothing(bodies: list[dict[str, Any]], read_to_end: bool) -> None:
    parsed = read(*bodies, read_to_end=read_to_end)
    assert all(isinstance(call.name, str) and call.name for call in parsed.function_calls)
    read_content_text(make_messages(*bodies))


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes_raise_nothing(bodies: list[bytes]) -> None:
    read(*bodies)
    for body in bodies:
        read_error(body, {})


@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_bounds_does_not_hide_what_comes_around_it(body: bytes) -> None:
    assert show(read(STARTED, body, CHUNK).units) == UNITS
    assert read_content_text(make_messages(body, CHUNK)) == "Hi"
