"""The id, the model, and the reasons of an end are those that the response states."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from payi_transport.sinks.otel.responses import (
    find_finish_reasons,
    find_response_id,
    find_response_model,
    read_text,
)
from payi_transport.values.event import FunctionCall
from tests.support.exchanges import ROUTE, decode_case, make_exchange
from tests.support.wire_cases import UNARY, by_name

EVENT = decode_case(UNARY)


def find_reasons(name: str, **event: Any) -> Any:
    exchange = make_exchange(by_name[name])
    return find_finish_reasons(exchange, replace(EVENT, **event), read_text(exchange))


def test_a_model_is_what_the_response_says_and_not_what_it_is_priced_as() -> None:
    text = read_text(make_exchange(UNARY))
    assert find_response_model(EVENT, text) == "gpt-4.1-2025-04-14"
    assert find_response_model(replace(EVENT, resource="my-model"), text) is None
    served = replace(EVENT, properties={"provider.served_model": "gpt-x"})
    assert find_response_model(served, text) == "gpt-x"


def test_an_id_is_that_of_the_provider() -> None:
    text = b'{"id": "chatcmpl-0", "model": "m"}'
    repeated = {"provider.response_id": "chatcmpl-0"}
    assert find_response_id(replace(EVENT, provider_response_id="chatcmpl-0"), text) == "chatcmpl-0"
    # Another call of this process had the same.
    again = replace(EVENT, provider_response_id="chatcmpl-0_5c", properties=repeated)
    assert find_response_id(again, text) == "chatcmpl-0"
    # Made here, or the request's, which a header has.
    for other in ("payi_5c", "req_5f7a8c", "\ud800"):
        assert find_response_id(replace(EVENT, provider_response_id=other), text) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai/chat_two_choices", ("stop", "stop")),
        ("openai/responses_unary", ("stop",)),
        ("openai/responses_stream", ("stop",)),
        ("openai/responses_incomplete", ("length",)),
        ("openai/responses_stream_failed", ("error",)),
        ("openai/responses_stream_cut", None),
        ("anthropic/tools_stream", ("tool_use",)),
        ("google/gemini_unary", ("STOP",)),
        ("bedrock/converse_stream", ("end_turn",)),
        ("bedrock/anthropic_stream", ("tool_use",)),
        ("openai/embeddings_float", None),
    ],
)
def test_reasons_of_an_end(name: str, expected: Any) -> None:
    assert find_reasons(name) == expected


def test_a_completed_response_that_calls_functions_ended_with_these() -> None:
    calls = [FunctionCall(name="f")]
    assert find_reasons("openai/responses_unary", provider_response_function_calls=calls) == ("tool_calls",)


def find_end(*chunks: bytes, framed: bool = False) -> Any:
    exchange = make_exchange(UNARY, chunks, route=ROUTE._replace(operation="openai.responses"))
    exchange.framed = framed
    return find_finish_reasons(exchange, EVENT, read_text(exchange))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (b'{"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}', "content_filter"),
        (b'{"status": "incomplete", "incomplete_details": null}', "incomplete"),
        (b'{"status": "incomplete", "incomplete_details": {"reason": 7}}', "incomplete"),
        (b'{"status": "cancelled"}', "error"),
        (b'{"status": "in_progress"}', None),
        (b'{"status": ["completed"]}', None),
        (b'{"response": 7}', None),
        (b"[DONE]", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_status_is_a_reason(response: bytes, expected: str | None) -> None:
    assert find_end(response) == (expected and (expected,))


def test_16_reasons_are_listed_at_most() -> None:
    exchange = make_exchange(UNARY)
    for key in ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason"):
        found = find_finish_reasons(exchange, EVENT, b'{"%b": "end"}' % key.encode() * 17)
        assert found == ("end",) * 16
    # In a text of the model's, quotes are escaped.
    assert find_finish_reasons(exchange, EVENT, rb'"\"finish_reason\": \"stop\""') is None


def test_the_last_message_of_a_session_has_the_status() -> None:
    done = b'{"type": "response.done", "response": {"status": "completed"}}'
    assert find_end(b'{"type": "response.created"}', done, framed=True) == ("stop",)


def test_a_stream_of_an_operation_that_is_unknown_is_only_split() -> None:
    case = by_name["bedrock/converse_stream"]
    exchange = make_exchange(case)
    exchange.route = exchange.route._replace(operation="mine")
    assert b'"stopReason"' in read_text(exchange)


@given(st.binary())
def test_any_bytes_have_a_text(body: bytes) -> None:
    assert isinstance(find_end(body), (tuple, type(None)))
