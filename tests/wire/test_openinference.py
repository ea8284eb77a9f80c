"""OpenInference's readers of usage count the same tokens, or the difference is explained.

They read the SDKs' objects, so a body becomes one first. CI runs this in the environment of the
libraries that trace the same methods.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.usage_sums import (
    MADE_UP,
    Reader,
    Sums,
    cases_for,
    check,
    check_any_usage,
    check_table,
    find_usage,
)
from tests.support.wire_cases import WireCase

pytest.importorskip("openinference.instrumentation.openai")
pytest.importorskip("openinference.instrumentation.anthropic")
pytest.importorskip("openinference.instrumentation.google_genai")

COUNT = "llm.token_count."


def _sum(attributes: Any) -> Sums:
    found = dict(attributes)
    cache = f"{COUNT}prompt_details.cache_"
    return Sums(
        found.get(f"{COUNT}prompt", 0),
        found.get(f"{COUNT}completion", 0),
        found.get(f"{cache}read", 0),
        found.get(f"{cache}write", 0),
    )


def _read_openai(kind: Any, body: dict[str, Any]) -> Sums | None:
    import openai
    from openai._models import construct_type
    from openinference.instrumentation.openai._response_attributes_extractor import (
        _ResponseAttributesExtractor,
    )

    if find_usage(body) is None:
        return None
    response = construct_type(type_=kind, value=body)
    return _sum(_ResponseAttributesExtractor(openai).get_attributes_from_response(response, {}))


def read_chat(body: dict[str, Any]) -> Sums | None:
    from openai.types.chat import ChatCompletion

    return _read_openai(ChatCompletion, body)


def read_responses(body: dict[str, Any]) -> Sums | None:
    from openai.types.responses import Response

    return _read_openai(Response, body)


def read_embeddings(body: dict[str, Any]) -> Sums | None:
    from openai.types import CreateEmbeddingResponse

    return _read_openai(CreateEmbeddingResponse, body)


def read_anthropic(body: dict[str, Any]) -> Sums | None:
    from anthropic.types import Usage
    from openinference.instrumentation.anthropic._utils import _get_token_counts

    usage = find_usage(body)
    return None if usage is None else _sum(_get_token_counts(Usage.construct(**usage)))


def read_google(body: dict[str, Any]) -> Sums | None:
    from google.genai.types import GenerateContentResponseUsageMetadata
    from openinference.instrumentation.google_genai._utils import (
        _get_token_count_attributes_from_usage_metadata,
    )

    usage = find_usage(body, "usageMetadata")
    if usage is None:
        return None
    # As the SDK does, ignore the fields that it does not know.
    known = {field.alias for field in GenerateContentResponseUsageMetadata.model_fields.values()}
    told = {name: count for name, count in usage.items() if name in known}
    try:
        metadata = GenerateContentResponseUsageMetadata.model_validate(told)
    # The SDK does not expect a null among the details.
    except ValueError:
        return None
    return _sum(_get_token_count_attributes_from_usage_metadata(metadata))


READERS: dict[str, Reader] = {
    "openai.chat": read_chat,
    "openai.embeddings": read_embeddings,
    "openai.responses": read_responses,
    "openai.responses.again": read_responses,
    "anthropic.messages": read_anthropic,
    "anthropic.vertex": read_anthropic,
    "google.content": read_google,
}
DIFFERENCES = {
    "anthropic/compaction_unary": "it leaves out compactions, which are billed besides the totals",
    "compatible/deepseek_unary": "it does not know DeepSeek's names for the cache",
    "compatible/perplexity_deep_research": "it leaves out reasoning, which is billed besides the completion",
    "compatible/together_unary": "it does not know Together's name for the cache",
    "compatible/xai_flat_usage": "it leaves out reasoning, which xAI counts besides the completion",
    "compatible/xai_unary": "it leaves out reasoning, which xAI counts besides the completion",
    "google/gemini_openai_chat": "it leaves out thoughts, which only the grand total has",
    "google/gemini_openai_stream": "it leaves out thoughts, which only the grand total has",
    "google/gemini_openai_thoughts_took_all": "it leaves out thoughts, which only the grand total has",
    "google/gemini_response_token_count": "it does not know this name of the output",
    "google/vertex_openai_chat": "it leaves out thoughts, which are counted besides the completion",
}


@pytest.mark.parametrize("case", cases_for(READERS), ids=lambda case: case.name)
def test_both_readers_count_the_same_tokens(case: WireCase) -> None:
    check(case, READERS[case.operation], DIFFERENCES)


@pytest.mark.parametrize("operation", MADE_UP)
def test_both_readers_count_the_same_tokens_of_any_usage(operation: str) -> None:
    check_any_usage(operation, READERS)


def test_most_of_the_calls_can_be_compared() -> None:
    check_table(READERS, DIFFERENCES, least=80)
