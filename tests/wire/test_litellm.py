"""LiteLLM's readers of usage count the same tokens, or the difference is explained.

LiteLLM needs another version of the OpenAI SDK than most tests, so CI runs this in an environment of its own.
"""

from __future__ import annotations

import importlib
import os
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

# Otherwise it fetches a price list when it is imported.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
litellm: Any = pytest.importorskip("litellm")


def _sum(usage: Any) -> Sums:
    details = usage.prompt_tokens_details
    written = getattr(details, "cache_write_tokens", None) or getattr(details, "cache_creation_tokens", None)
    return Sums(
        usage.prompt_tokens,
        usage.completion_tokens,
        getattr(details, "cached_tokens", None) or 0,
        written or getattr(usage, "_cache_creation_input_tokens", 0) or 0,
    )


def read_openai(body: dict[str, Any]) -> Sums | None:
    usage = find_usage(body)
    return None if usage is None else _sum(litellm.Usage(**usage))


def read_responses(body: dict[str, Any]) -> Sums | None:
    usage = find_usage(body)
    if usage is None:
        return None
    utils: Any = importlib.import_module("litellm.responses.utils")
    return _sum(utils.ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(usage))


def read_anthropic(body: dict[str, Any]) -> Sums | None:
    usage = find_usage(body)
    if usage is None:
        return None
    return _sum(litellm.AnthropicConfig().calculate_usage(usage_object=usage, reasoning_content=None))


def read_google(body: dict[str, Any]) -> Sums | None:
    if find_usage(body, "usageMetadata") is None:
        return None
    try:
        return _sum(litellm.VertexGeminiConfig.calculate_usage(body))
    # It does not expect a null among the details.
    except AttributeError:
        return None


def read_converse(body: dict[str, Any]) -> Sums | None:
    usage = find_usage(body)
    return None if usage is None else _sum(litellm.AmazonConverseConfig().transform_usage(usage))


READERS: dict[str, Reader] = {
    "openai.chat": read_openai,
    "openai.completions": read_openai,
    "openai.embeddings": read_openai,
    "openai.responses": read_responses,
    "openai.responses.again": read_responses,
    "anthropic.messages": read_anthropic,
    "anthropic.vertex": read_anthropic,
    "google.content": read_google,
    "bedrock.converse": read_converse,
    "databricks.invocations": read_openai,
}
DIFFERENCES = {
    "anthropic/advisor_unary": "it adds what another model used, which is in properties of the event",
    "anthropic/fallback_unary": "it adds the declined attempt of another model, which is in properties",
    "bedrock/converse_stream_openai": "it counts the cache twice, as those streams report it",
    "compatible/databricks_agent": "as a chat, it does not know the field names of the Responses API",
    "compatible/databricks_agent_stream": "as a chat, it does not know the field names of the Responses API",
    "compatible/perplexity_deep_research": "it leaves out reasoning, which is billed besides the completion",
    "compatible/together_unary": "it does not know Together's name for the cache",
    "compatible/xai_flat_usage": "it leaves out reasoning, which xAI counts besides the completion",
    "compatible/xai_unary": "it leaves out reasoning, which xAI counts besides the completion",
    "google/gemini_openai_chat": "it leaves out thoughts, which only the grand total has",
    "google/gemini_openai_stream": "it leaves out thoughts, which only the grand total has",
    "google/gemini_openai_thoughts_took_all": "it leaves out thoughts, which only the grand total has",
    "google/gemini_tool_use_and_search": "it leaves out the prompts of tools",
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
