"""Cohere's API: billed units come at the end, function calls in pieces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.cohere.responses import read_chat, read_chat_text, read_error, read_search
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall
from tests.providers.shapes import make_messages, objects_of, show

BILLED = {"billed_units": {"input_tokens": 3.0, "output_tokens": 2.0}}
FIELDS = ("type", "id", "usage", "meta", "billed_units", "message", "delta", "tool_calls", "function", "name")


@pytest.mark.parametrize(
    "body",
    [
        {"id": "a", "usage": BILLED},
        {"generation_id": "a", "meta": BILLED},
        {"id": "a", "type": "message-end", "delta": {"usage": BILLED}},
        {"generation_id": "a", "event_type": "stream-end", "response": {"meta": BILLED}},
    ],
)
def test_each_version_has_billed_units_in_a_place_of_its_own(body: Any) -> None:
    parsed = read_chat(RawResponse(make_messages(body)))
    assert (parsed.response_id, show(parsed.units), parsed.finished) == ("a", {"text": (3, 2)}, True)


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({"billed_units": {"input_tokens": 3.5}}, {}),
        ({"billed_units": {"input_tokens": None, "output_tokens": 1}}, {"text": (None, 1)}),
        ({"billed_units": "x", "tokens": {"input_tokens": 9}}, {}),
        ({"billed_units": {"images": 2, "input_tokens": 0}}, {"text": (0, None), "vision": (2, None)}),
        ({"billed_units": {"images": 2, "image_tokens": 500}}, {"vision": (500, None)}),
        ({"billed_units": {"text_tokens": 7}}, {"text": (7, None)}),
        ({"billed_units": {"pages": 2, "classifications": 3}}, {}),
    ],
)
def test_units_are_those_that_are_billed(usage: Any, units: Any) -> None:
    assert show(read_chat(RawResponse(make_messages({"usage": usage}))).units) == units
    assert show(read_search(RawResponse(make_messages({"meta": usage}))).units) == units


@pytest.mark.parametrize(
    ("body", "units", "properties"),
    [
        # Voyage, vLLM, Jina and Together, OpenRouter, SiliconFlow in both of its forms.
        ({"usage": {"total_tokens": 26}}, {"text": (26, None)}, {}),
        ({"usage": {"prompt_tokens": 26, "total_tokens": 26}}, {"text": (26, None)}, {}),
        (
            {"usage": {"prompt_tokens": 26, "completion_tokens": 0, "total_tokens": 26}},
            {"text": (26, 0)},
            {},
        ),
        (
            {"usage": {"total_tokens": 26, "search_units": 1, "cost": 0.001}},
            {"text": (26, None)},
            {"provider.search_units": "1", "provider.cost": "0.001"},
        ),
        ({"meta": {"tokens": {"input_tokens": 26, "output_tokens": 0}}}, {"text": (26, 0)}, {}),
        ({"tokens": {"input_tokens": 26}, "meta": {"billed_units": None}}, {"text": (26, None)}, {}),
        ({"usage": [1], "meta": "x"}, {}, {}),
    ],
)
def test_other_rerankers_state_their_usage_as_openai_does(body: Any, units: Any, properties: Any) -> None:
    parsed = read_search(RawResponse(make_messages({"id": "r", "model": "m", "results": [], **body})))
    assert (show(parsed.units), parsed.properties) == (units, properties)
    assert (parsed.response_id, parsed.model) == ("r", "m")


@pytest.mark.parametrize(
    ("body", "finished"),
    [
        ({"type": "message-end"}, True),
        ({"event_type": "stream-end"}, True),
        ({"type": "message-start", "delta": {"usage": BILLED}}, False),
        ({"event_type": "stream-start", "response": {"meta": BILLED}}, False),
        ({"id": "a"}, False),
        ({"id": "a", "usage": {}}, False),
    ],
)
def test_a_stream_ends_in_an_event_and_a_document_in_its_usage(body: Any, finished: bool) -> None:
    assert read_chat(RawResponse(make_messages(body, {"type": "other"}))).finished == finished


@pytest.mark.parametrize(
    ("body", "has_usage"),
    [
        ({"meta": {"billed_units": {"search_units": 1}}}, True),
        ({"meta": {"billed_units": {"search_units": 0}}}, True),
        ({"usage": {"search_units": 1}}, True),
        ({"meta": {"billed_units": {"input_tokens": 1}}}, False),
        ({"meta": {}}, False),
        ({}, False),
    ],
)
def test_searches_are_a_usage(body: Any, has_usage: bool) -> None:
    assert read_search(RawResponse(make_messages(body))).has_usage == has_usage


def test_the_last_body_of_a_search_counts_and_says_whether_it_is_whole() -> None:
    bodies = [{"id": "a", "model": "m"}, {"id": "b", "model": "n"}]
    parsed = read_search(RawResponse(make_messages(*bodies), read_to_end=False))
    assert (parsed.response_id, parsed.model, parsed.finished) == ("b", "n", False)
    assert read_search(RawResponse(make_messages(*bodies))).finished


def test_pages_classifications_and_cached_tokens_are_properties() -> None:
    counts = {"search_units": 1.0, "classifications": 2.0, "pages": 3.0}
    body = {"id": "a", "usage": {"billed_units": {**counts, "input_tokens": 4.0}, "cached_tokens": 5}}
    assert read_chat(RawResponse(make_messages(body))).properties == {
        "provider.search_units": "1",
        "provider.classifications": "2",
        "provider.pages": "3",
        "provider.cached_tokens": "5",
    }


def test_a_stream_that_is_cut_is_not_finished() -> None:
    start = {"type": "message-start", "id": "a"}
    parsed = read_chat(RawResponse(make_messages(start, b'{"type":"content-del')))
    assert (parsed.finished, parsed.units, parsed.response_id) == (False, {}, "a")
    assert not read_search(RawResponse([], read_to_end=False)).finished


@pytest.mark.parametrize(
    "body",
    [
        {"type": "message-end", "delta": {"finish_reason": "ERROR", "usage": BILLED}},
        {"event_type": "stream-end", "response": {"finish_reason": "ERROR", "meta": BILLED}},
        {"finish_reason": "ERROR", "usage": BILLED},
    ],
)
def test_a_failure_is_the_reason_for_the_end(body: dict[str, Any]) -> None:
    parsed = read_chat(RawResponse(make_messages(body)))
    assert (parsed.failure, show(parsed.units)) == (Failure(code="ERROR"), {"text": (3, 2)})
    assert read_chat(RawResponse(make_messages({**BILLED, "finish_reason": "COMPLETE"}))).failure is None


def test_calls_are_put_together() -> None:
    def part(**function: Any) -> Any:
        return {"type": "x", "delta": {"message": {"tool_calls": {"function": function}}}}

    stray = part(arguments="lost")
    parsed = read_chat(
        RawResponse(make_messages(stray, part(name="f", arguments=""), part(arguments="{}"), part(name="g")))
    )
    assert parsed.function_calls == (FunctionCall("f", "{}"), FunctionCall("g"))


def test_text_is_that_of_both_versions() -> None:
    second = {"type": "content-delta", "delta": {"message": {"content": {"text": "a"}}}}
    first = {"event_type": "text-generation", "text": "b"}
    assert read_chat_text(make_messages(second, first, {"text": "no"}, {"delta": 3})) == "ab"


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b'{"id":"x","message":"invalid api token"}', Failure(message="invalid api token")),
        (b'{"message":7}', None),
        (b"<html>", None),
        (b"[]", None),
    ],
)
def test_an_error_is_its_message(body: bytes, failure: Failure | None) -> None:
    assert read_error(body, {}) == failure


@given(objects_of(FIELDS))
def test_no_object_is_an_exception(body: dict[str, Any]) -> None:
    read_chat(RawResponse(make_messages(body, body)))
    read_search(RawResponse(make_messages(body)))
    read_chat_text(make_messages(body))


@given(st.binary(max_size=80))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    read_chat(RawResponse([("", body)]))
    read_search(RawResponse([("", body)]))
    read_error(body, {})
