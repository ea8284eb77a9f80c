"""Another reader of usage, that of genai-prices, counts the same tokens, or the difference is explained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.usage_sums import MADE_UP, Sums, cases_for, check, check_any_usage, check_table
from tests.support.wire_cases import WireCase

genai_prices = pytest.importorskip("genai_prices")

# Which of its extractors reads an operation, and a model that it knows, because it refuses to read others.
_OPENAI, _CLAUDE, _GEMINI = "gpt-5", "claude-sonnet-4-5", "gemini-2.5-flash"
EXTRACTORS = {
    "openai.chat": ("openai", "chat", _OPENAI),
    "openai.completions": ("openai", "chat", _OPENAI),
    "openai.responses": ("openai", "responses", _OPENAI),
    "openai.responses.again": ("openai", "responses", _OPENAI),
    "openai.embeddings": ("openai", "embeddings", "text-embedding-3-small"),
    "openai.images": ("openai", "images", "gpt-image-1"),
    "anthropic.messages": ("anthropic", "default", _CLAUDE),
    "anthropic.vertex": ("anthropic", "default", _CLAUDE),
    "google.content": ("google", "default", _GEMINI),
    "bedrock.converse": ("aws", "default", None),
    "cohere.chat": ("cohere", "default", "command-r-plus"),
    "cohere.search": ("cohere", "embeddings", "embed-v4.0"),
    "databricks.invocations": ("openai", "chat", _OPENAI),
}
DIFFERENCES = {
    "anthropic/compaction_unary": "it leaves out compactions, which are billed besides the totals",
    "bedrock/converse_stream_openai": "it counts the cache twice, as those streams report it",
    "cohere/embed": "it leaves out images, which are billed by number",
    "compatible/perplexity_deep_research": "it leaves out reasoning, which is billed besides the completion",
    "compatible/xai_flat_usage": "it leaves out reasoning, which xAI counts besides the completion",
    "compatible/xai_unary": "it leaves out reasoning, which xAI counts besides the completion",
    "compatible/deepseek_unary": "for OpenAI, it does not know DeepSeek's names for the cache",
    "compatible/together_unary": "for OpenAI, it does not know Together's name for the cache",
    "google/gemini_response_token_count": "it does not know this name of the output",
    "google/gemini_openai_chat": "it leaves out thoughts, which only the grand total has",
    "google/gemini_openai_stream": "it leaves out thoughts, which only the grand total has",
    "google/vertex_openai_chat": "it leaves out thoughts, which are counted besides the completion",
}
_SUMS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _read(provider: str, flavor: str, model: str | None, body: dict[str, Any]) -> Sums | None:
    named = {**body, "model": model, "modelVersion": model} if model else body
    try:
        usage = genai_prices.extract_usage(named, provider_id=provider, api_flavor=flavor).usage
        return Sums(*(getattr(usage, name) or 0 for name in _SUMS))
    # It also refuses a usage whose parts it finds incomplete.
    except (LookupError, ValueError):
        return None


READERS: dict[str, Callable[[dict[str, Any]], Sums | None]] = {
    operation: partial(_read, *extractor) for operation, extractor in EXTRACTORS.items()
}


@pytest.mark.parametrize("case", cases_for(READERS), ids=lambda case: case.name)
def test_both_readers_count_the_same_tokens(case: WireCase) -> None:
    check(case, READERS[case.operation], DIFFERENCES)


@pytest.mark.parametrize("operation", MADE_UP)
def test_both_readers_count_the_same_tokens_of_any_usage(operation: str) -> None:
    check_any_usage(operation, READERS)


def test_most_of_the_calls_can_be_compared() -> None:
    check_table(READERS, DIFFERENCES, least=100)
