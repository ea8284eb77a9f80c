"""Databricks' invocations: the body shows what an endpoint serves, and is read as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.databricks.invocations import read_invocation
from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse
from tests.providers.completions import COMPLETION, chunk
from tests.providers.shapes import DEEP, make_messages, objects_of, show

USED = {"input_tokens": 30, "output_tokens": 5, "total_tokens": 35}
CALL = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c-1"}
RESPONSE = {"object": "response", "id": "resp_1", "output": [CALL], "usage": USED}
DELTA = {"type": "response.output_text.delta", "item_id": "m", "delta": "Hi"}
DONE = {"type": "response.output_item.done", "item": CALL}


def read(*bodies: Any, read_to_end: bool = True) -> ParsedResponse:
    return read_invocation(RawResponse(make_messages(*bodies), read_to_end))


@pytest.mark.parametrize(
    "bodies",
    [
        [COMPLETION],
        [{**COMPLETION, "output": []}],
        [{"object": "text_completion", "choices": [{"text": "Hi"}], "usage": {"prompt_tokens": 3}}],
        [{"data": [{"embedding": [0.1]}], "usage": {"prompt_tokens": 3}}],
        [{"predictions": [1]}],
        [{"output": "4711"}],
        [chunk({"content": "Hi"}), chunk(finish="stop"), b"[DONE]"],
        [b"<html>"],
        [],
    ],
    ids=repr,
)
@pytest.mark.parametrize("read_to_end", [True, False])
def test_anything_but_a_response_is_read_as_a_chat(bodies: list[Any], read_to_end: bool) -> None:
    assert read(*bodies, read_to_end=read_to_end) == read_chat(
        RawResponse(make_messages(*bodies), read_to_end)
    )


def test_a_total_alone_is_the_input_of_embeddings_only() -> None:
    usage = {"total_tokens": 3}
    assert show(read({"data": [{"embedding": [0.1]}], "usage": usage}).units) == {"text": (3, None)}
    assert read({"choices": [], "usage": usage}).units == {}


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
@pytest.mark.parametrize("read_to_end", [True, False])
def test_an_agents_response_is_read_as_one(status: str, read_to_end: bool) -> None:
    response = {**RESPONSE, "status": status}
    for bodies in ([response], [DELTA, {"type": f"response.{status}", "response": response}]):
        assert read(*bodies, read_to_end=read_to_end) == read_response(
            RawResponse(make_messages(*bodies), read_to_end)
        )


@pytest.mark.parametrize("more", [{}, {"status": None}, {"status": "in_progress"}], ids=repr)
def test_an_agent_that_reports_no_end_has_finished_once_its_body_ended(more: dict[str, Any]) -> None:
    completed = {"type": "response.completed", "response": {**RESPONSE, **more}}
    for bodies in ([{**RESPONSE, **more}], [DELTA, DONE, completed]):
        parsed = read(*bodies)
        assert show(parsed.units) == {"text": (30, 5)}
        assert parsed.function_calls == (FunctionCall("f", "{}"),)
        assert parsed.finished and not parsed.pending


@pytest.mark.parametrize("read_to_end", [True, False])
def test_a_stream_of_items_alone_ends_with_its_body(read_to_end: bool) -> None:
    parsed = read(DELTA, DONE, read_to_end=read_to_end)
    assert parsed.function_calls == (FunctionCall("f", "{}"),)
    assert parsed.finished is read_to_end


def test_an_error_event_ends_an_agents_stream() -> None:
    parsed = read(DELTA, {"type": "error", "code": "c", "message": "m"}, read_to_end=False)
    assert (parsed.failure, parsed.finished) == (Failure(code="c", message="m"), True)


NAMES = ("type", "output", "choices", "response", "usage", "input_tokens", "response.completed", "item")


@given(st.lists(objects_of(NAMES), max_size=4), st.booleans())
def test_any_json_raises_nothing(bodies: list[dict[str, Any]], read_to_end: bool) -> None:
    read(*bodies, read_to_end=read_to_end)


@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_bounds_does_not_hide_what_comes_around_it(body: bytes) -> None:
    assert show(read(DELTA, body, {"type": "response.completed", "response": RESPONSE}).units) == {
        "text": (30, 5)
    }
