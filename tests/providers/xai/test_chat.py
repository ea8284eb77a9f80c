"""Chat completions of xAI's gRPC API, in the JSON form of its messages."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.xai.chat import read_chat
from payi_transport.values.event import FunctionCall, ParsedResponse, Units
from tests.providers.shapes import make_messages

USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "reasoning_tokens": 50,
    "total_tokens": 170,
    "prompt_text_tokens": 80,
    "prompt_image_tokens": 20,
    "cached_prompt_text_tokens": 30,
    "num_sources_used": 2,
    "cost_in_usd_ticks": "123",
}
CALL = {"function": {"name": "f", "arguments": "{}"}}
OUTPUT = {
    "finish_reason": "REASON_STOP",
    "message": {"content": "Hi", "tool_calls": [CALL, {}, {"function": {}}]},
}
RESPONSE = {"id": "c1", "model": "grok-4", "outputs": [OUTPUT], "usage": USAGE}


def read(*bodies: Any, **options: Any) -> ParsedResponse:
    return read_chat(RawResponse(make_messages(*bodies), **options))


def test_reasoning_is_in_addition_to_the_completion() -> None:
    response = read(RESPONSE)
    assert response.units == {
        "text": Units(50, 20),
        "text_cache_read": Units(30, None),
        "vision": Units(20, None),
        "reasoning": Units(None, 50),
    }
    assert (response.model, response.response_id, response.finished) == ("grok-4", "c1", True)
    assert response.function_calls == (FunctionCall("f", "{}"),)
    assert response.properties == {
        "provider.num_sources_used": "2",
        "provider.cost_in_usd_ticks": "123",
    }


def test_the_last_usage_of_a_stream_counts() -> None:
    chunk = {"id": "c1", "model": "grok-4", "outputs": [{"delta": {"content": "Hi"}}]}
    usages = [{"prompt_tokens": 5, "completion_tokens": count} for count in (1, 2)]
    response = read(
        *({**chunk, "usage": usage} for usage in usages),
        {**chunk, "usage": {}},
        is_stream=True,
        read_to_end=False,
    )
    assert (response.units, response.finished) == ({"text": Units(5, 2)}, False)


def test_a_tier_and_a_large_prompt_are_properties() -> None:
    usage = {"prompt_tokens": 300_000, "completion_tokens": 1}
    response = read(
        {**RESPONSE, "model": "grok-4.2", "usage": usage, "service_tier": "SERVICE_TIER_PRIORITY"}
    )
    assert response.properties == {
        "provider.service_tier": "priority",
        "provider.context_tier": "over_200k",
    }


def test_what_is_no_response_is_left_out() -> None:
    for body in ("text", 7, {"outputs": 7}, {"usage": "x"}, {}):
        response = read(body)
        assert (response.units, response.function_calls) == ({}, ())


@pytest.mark.parametrize(
    ("reasons", "options", "finished"),
    [
        ([None], {}, True),
        ([None], {"read_to_end": False}, True),
        ([None], {"is_stream": True}, True),
        ([None], {"is_stream": True, "read_to_end": False}, False),
        (["REASON_STOP"], {"is_stream": True, "read_to_end": False}, True),
        (["REASON_STOP", None], {"is_stream": True, "read_to_end": False}, True),
        ([None, "REASON_STOP"], {"is_stream": True, "read_to_end": False}, True),
    ],
)
def test_a_stream_is_finished_once_a_reason_was_seen_or_it_was_read_to_its_end(
    reasons: list[str | None], options: dict[str, bool], finished: bool
) -> None:
    bodies = [{"id": "c1", "outputs": [{"finish_reason": reason}]} for reason in reasons]
    assert read(*bodies, **options).finished == finished


def test_the_calls_of_all_chunks_are_collected() -> None:
    calls = [{"function": {"name": name, "arguments": "{}"}} for name in "ab"]
    chunks = [{"id": "c1", "outputs": [{"delta": {"tool_calls": [call]}}]} for call in calls]
    response = read(*chunks, {"outputs": None}, is_stream=True)
    assert response.function_calls == (FunctionCall("a", "{}"), FunctionCall("b", "{}"))
    assert response.response_id is None


def test_a_large_prompt_is_in_the_tier_of_the_model_that_was_asked_for_if_none_is_named() -> None:
    usage = {"prompt_tokens": 300_000, "completion_tokens": 1}
    response = read({"usage": usage, "service_tier": "SERVICE_TIER_DEFAULT"}, requested_model="grok-5")
    assert response.properties == {"provider.context_tier": "over_200k"}
