"""Mistral's conversations: documents and streams, the tokens of its tools, and function calls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.mistral.conversations import read_conversation, read_conversation_text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse
from tests.providers.shapes import Shown, make_messages, objects_of, show

MODEL = "mistral-medium-2505"
TOKENS = {"prompt_tokens": 188, "completion_tokens": 55}
# The example of https://docs.mistral.ai/agents/connectors/websearch.
SEARCHED = {**TOKENS, "total_tokens": 7355, "connector_tokens": 7112, "connectors": {"web_search": 1}}
STARTED = {"type": "conversation.response.started", "conversation_id": "conv_1"}
HELLO = {"type": "message.output.delta", "id": "msg_1", "model": MODEL, "content": "Hello"}
DONE = {"type": "conversation.response.done", "usage": SEARCHED}


def read(*bodies: Any) -> ParsedResponse:
    return read_conversation(RawResponse(make_messages(*bodies)))


def make_document(*outputs: Any, **fields: Any) -> dict[str, Any]:
    return {"object": "conversation.response", "conversation_id": "conv_1", "outputs": outputs, **fields}


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        (SEARCHED, {"text": (7300, 55), "web_search_request": (None, 1)}),
        ({**TOKENS, "connector_tokens": None, "connectors": None}, {"text": (188, 55)}),
        ({**TOKENS, "connector_tokens": 12}, {"text": (200, 55)}),
        ({**TOKENS, "connector_tokens": 12, "total_tokens": 243}, {"text": (188, 55)}),
        ({"connector_tokens": 12}, {"text": (12, None)}),
        ({"connector_tokens": 12, "total_tokens": 12}, {"text": (12, None)}),
        ({}, {}),
        (None, {}),
    ],
)
def test_what_tools_bring_into_the_prompt_is_a_part_of_it(usage: Any, units: Shown) -> None:
    assert show(read(make_document(usage=usage)).units) == units


def test_calls_of_other_tools_are_properties() -> None:
    connectors = {"web_search": 1, "web_search_premium": 2, "code_interpreter": 3}
    parsed = read(make_document(usage={**SEARCHED, "connectors": connectors}))
    assert parsed.properties == {
        "provider.connectors.web_search_premium": "2",
        "provider.connectors.code_interpreter": "3",
    }


def test_a_document_has_the_model_and_the_id_of_its_first_entry_that_states_them() -> None:
    tool = {"type": "tool.execution", "name": "web_search", "id": "tool_1"}
    parsed = read(
        make_document(tool, {"type": "message.output", "id": "msg_1", "model": MODEL}, usage=TOKENS)
    )
    assert (parsed.model, parsed.response_id, parsed.finished) == (MODEL, "tool_1", True)


def test_a_stream_ends_in_its_usage() -> None:
    parsed = read(STARTED, HELLO, DONE)
    assert show(parsed.units) == {"text": (7300, 55), "web_search_request": (None, 1)}
    assert (parsed.model, parsed.response_id, parsed.finished) == (MODEL, "msg_1", True)
    assert not read(STARTED, HELLO).finished


@pytest.mark.parametrize(
    ("bodies", "finished"),
    [
        ([make_document(HELLO, usage=TOKENS)], True),
        ([make_document(HELLO)], False),
        ([STARTED, {**HELLO, "usage": TOKENS}], False),
        ([STARTED, HELLO, DONE], True),
        ([STARTED, {"type": "conversation.response.done"}, HELLO], True),
    ],
)
def test_a_document_with_a_usage_is_whole_and_a_stream_says_so(bodies: list[Any], finished: bool) -> None:
    assert read(*bodies).finished == finished


def test_a_stream_that_fails_says_why() -> None:
    error = {"type": "conversation.response.error", "message": "Too busy", "code": 3505}
    parsed = read(STARTED, HELLO, error)
    assert (parsed.failure, parsed.finished) == (Failure(code="3505", message="Too busy"), True)
    assert read({**error, "code": None}).failure == Failure(code="error", message="Too busy")
    assert read({"object": "error", "message": "m", "type": "t"}).failure == Failure("t", None, "m")


def test_function_calls_are_joined_from_their_pieces() -> None:
    def piece(arguments: str, call: str) -> dict[str, Any]:
        return {
            "type": "function.call.delta",
            "id": "f",
            "tool_call_id": call,
            "name": "f",
            "arguments": arguments,
        }

    parsed = read(STARTED, piece('{"a"', "1"), piece("{}", "2"), piece(":1}", "1"), DONE)
    assert parsed.function_calls == (FunctionCall("f", '{"a":1}'), FunctionCall("f", "{}"))


@pytest.mark.parametrize(
    ("arguments", "written"), [('{"a": 1}', '{"a": 1}'), ({"a": 1}, '{"a": 1}'), ("", None), (None, None)]
)
def test_the_arguments_of_a_document_are_text_or_an_object(arguments: Any, written: str | None) -> None:
    call = {"type": "function.call", "id": "fc_1", "tool_call_id": "c", "name": "f", "arguments": arguments}
    nameless = {"type": "function.call", "arguments": "{}"}
    parsed = read(make_document(call, nameless, 7, usage=TOKENS))
    assert parsed.function_calls == (FunctionCall("f", written),)


def test_calls_without_ids_are_told_apart() -> None:
    call = {"type": "function.call", "name": "f"}
    assert read(make_document(call, call)).function_calls == (FunctionCall("f"), FunctionCall("f"))


@pytest.mark.parametrize(
    "content", ["Hello", [{"type": "text", "text": "Hel"}, "lo", {"type": "tool_reference"}]]
)
def test_the_text_of_a_response_is_that_of_its_messages(content: Any) -> None:
    assert read_conversation_text(make_messages(STARTED, {**HELLO, "content": content})) == "Hello"
    message = {"type": "message.output", "content": content}
    assert read_conversation_text(make_messages(b"[", make_document(message))) == "Hello"


def test_outputs_of_another_shape_cost_no_usage() -> None:
    assert show(read(b"[", {"outputs": "none", "usage": TOKENS}).units) == {"text": (188, 55)}


@given(objects_of(["type", "usage", "outputs", "content", "prompt_tokens", "connectors", "function.call"]))
def test_any_body_can_be_read(body: Any) -> None:
    read(body)
    read_conversation_text(make_messages(body))
