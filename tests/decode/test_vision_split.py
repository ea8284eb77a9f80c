"""Images in prompts at Bedrock and Vertex AI, and in a large context: text is counted, the rest is vision."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from payi_transport import Units
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.tokenizers import Tokenizers
from tests.support.exchanges import make_exchange, read
from tests.support.wire_cases import WireCase, by_name

JSON = {"content-type": "application/json"}
CLAUDES = [{"type": "text", "text": "what is this"}, {"type": "image", "source": {"data": "AAAA"}}]
CONVERSE = [{"text": "what is this"}, {"image": {"format": "png", "source": {"bytes": "AAAA"}}}]


def options(model: str, words: str) -> DecodeOptions:
    return DecodeOptions(count_tokens=Tokenizers({model: words}, logging.getLogger("payi.instrument")).count)


def message(model: str, prompt: int) -> bytes:
    usage = {"input_tokens": prompt, "output_tokens": 5}
    return json.dumps({"id": "m", "type": "message", "model": model, "usage": usage}).encode()


def make(name: str, request: Any, response: bytes, **route: Any) -> WireCase:
    body = json.dumps({"messages": [{"role": "user", "content": request}]}).encode()
    return WireCase("image", body, response, 200, JSON, {}, name, route)


@pytest.mark.parametrize(
    ("model", "prompt", "suffix"),
    [
        ("anthropic.claude-haiku-4-5-20251001-v1:0", 1600, ""),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", 300_000, ""),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 300_000, "_large_context"),
    ],
)
@pytest.mark.parametrize(
    "api", ["bedrock.invoke", "bedrock.converse", "anthropic.vertex", "anthropic.messages"]
)
def test_text_next_to_an_image_is_counted_and_the_rest_is_vision(
    api: str, model: str, prompt: int, suffix: str, words: str
) -> None:
    response, content = message(model, prompt), CLAUDES
    if api == "bedrock.converse":
        content = CONVERSE
        response = json.dumps({"usage": {"inputTokens": prompt, "outputTokens": 5}}).encode()
    category = "system.aws.bedrock" if api.startswith("bedrock") else "system.anthropic"
    exchange = make_exchange(make(api, content, response, category=category, resource=model))
    expected = {f"text{suffix}": Units(3, 5), f"vision{suffix}": Units(prompt - 3)}
    assert read(exchange, options(model, words)).units == expected
    assert read(exchange).units == {f"text{suffix}": Units(prompt, 5)}


def test_vision_of_a_large_context_that_the_provider_reports_stays(words: str) -> None:
    usage = {
        "promptTokenCount": 300_000,
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 200_000}],
        "candidatesTokenCount": 5,
    }
    response = json.dumps({"modelVersion": "gemini-2.5-pro", "usageMetadata": usage}).encode()
    case = make(
        "google.content", CLAUDES, response, category="system.google.vertex", resource="gemini-2.5-pro"
    )
    units = read(make_exchange(case), options("gemini-2.5-pro", words)).units
    assert units == {"text_large_context": Units(100_000, 5), "vision_large_context": Units(200_000)}


def test_a_prompt_whose_usage_is_not_reported_has_no_vision(words: str) -> None:
    recorded = by_name["bedrock/mistral_text_unary"]
    headers = {name: value for name, value in recorded.headers.items() if "token-count" not in name}
    content = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:x"}},
    ]
    request = json.dumps({"messages": [{"role": "user", "content": content}]}).encode()
    case = replace(recorded, headers=headers, request=request)
    units = read(make_exchange(case), options(recorded.route["resource"], words)).units
    # "what is this", "Hello"
    assert units == {"text": Units(3, 1)}
