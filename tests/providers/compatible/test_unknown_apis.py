"""APIs of hosts that are not built in: what a mapping makes of them, as the documentation says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.replay import replay, show_units

WATSONX, REPLICATE = "https://us-south.ml.cloud.ibm.com", "https://api.replicate.com"
CHAT = {
    "id": "chat-1",
    "model_id": "ibm/granite-3-3-8b-instruct",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37},
}
CALLS: dict[str, tuple[str, Any, Any]] = {
    "chat": (f"{WATSONX}/ml/v1/text/chat", {"model_id": "ibm/granite", "messages": []}, CHAT),
    "gateway": (f"{WATSONX}/ml/gateway/v1/chat/completions", {"model": "ibm/granite", "messages": []}, CHAT),
    "embeddings": (
        f"{WATSONX}/ml/v1/text/embeddings",
        {"model_id": "ibm/slate", "inputs": ["a"]},
        {"results": [{"embedding": [0.5]}], "input_token_count": 11},
    ),
    "generation": (
        f"{WATSONX}/ml/v1/text/generation",
        {"model_id": "ibm/granite", "input": "a"},
        {"results": [{"generated_text": "b", "generated_token_count": 3, "input_token_count": 11}]},
    ),
    "prediction": (
        f"{REPLICATE}/v1/models/meta/llama/predictions",
        {"input": {"prompt": "a"}},
        {"id": "p1", "status": "succeeded", "metrics": {"input_token_count": 5, "output_token_count": 6}},
    ),
}
WHOLE = {"us-south.ml.cloud.ibm.com": {"price_as_category": "watsonx"}}
FORMATTED = {"price_as_category": "c", "format": "openai.chat"}
MAPPINGS = {
    **WHOLE,
    f"{WATSONX}/ml/v1/text/chat": FORMATTED,
    "api.replicate.com": {"price_as_category": "replicate"},
}


def send(name: str, mappings: Any) -> list[Any]:
    url, request, response = CALLS[name]
    return replay({"url": url, "request": request, "response": response}, host_mappings=mappings)


@pytest.mark.parametrize("name", CALLS)
def test_a_host_that_is_not_mapped_is_not_recorded(name: str) -> None:
    assert send(name, {}) == []


@pytest.mark.parametrize(("name", "resource"), [("chat", "system.unknown_model"), ("gateway", "ibm/granite")])
def test_chats_of_watsonx_have_their_tokens_where_their_path_is_mapped(name: str, resource: str) -> None:
    [event] = send(name, MAPPINGS)
    assert show_units(event) == {"text.input": 30, "text.output": 7}
    assert event.resource == resource


@pytest.mark.parametrize(
    ("name", "mappings"), [("embeddings", WHOLE), ("prediction", {"api.replicate.com": FORMATTED})]
)
def test_a_usage_of_a_form_of_its_own_is_told_as_missing(name: str, mappings: Any) -> None:
    [event] = send(name, mappings)
    assert (event.units, event.properties["system.units"]) == ({}, "missing")


@pytest.mark.parametrize("name", ["generation", "prediction"])
def test_a_path_of_no_known_format_needs_more_than_a_mapping_of_its_host(name: str) -> None:
    assert send(name, MAPPINGS) == []
