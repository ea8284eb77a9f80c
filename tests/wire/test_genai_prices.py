"""Another reader of usage, that of genai-prices, counts the same tokens, or the difference is explained.

Its sums are compared with those of the events: all input, all output, and what was read from and written to
the cache. A difference that is gone has to leave the table, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from payi_transport.framing import find_framing
from payi_transport.values.event import Units
from tests.support.exchanges import decode_case
from tests.support.wire_cases import CASES, WireCase

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


class _Sums(NamedTuple):
    input: int
    output: int
    read: int
    written: int


def _read_elsewhere(case: WireCase) -> _Sums | None:
    """Return what the other reader says, None if it can't read the body."""
    provider, flavor, model = EXTRACTORS[case.operation]
    for body in _find_bodies(case):
        named = {**body, "model": model, "modelVersion": model} if model else body
        try:
            usage = genai_prices.extract_usage(named, provider_id=provider, api_flavor=flavor).usage
            return _Sums(*(getattr(usage, name) or 0 for name in _SUMS))
        # It also refuses a usage whose parts it finds incomplete.
        except (LookupError, ValueError):
            continue
    return None


def _find_bodies(case: WireCase) -> Iterator[dict[str, Any]]:
    """Yield the messages of a response from the last one on: the last usage of a stream counts."""
    messages = find_framing(case.headers["content-type"], case.response)(case.response)
    for _, data in reversed(messages):
        try:
            body = json.loads(data)
        except ValueError:
            continue
        if isinstance(body, dict):
            inner = body.get("response")
            yield inner if isinstance(inner, dict) else body


def _sum(units: Mapping[str, Units]) -> _Sums:
    # Searches and what guardrails assess are no tokens.
    tokens = {
        name: unit for name, unit in units.items() if not name.startswith(("web_search_request", "guardrail"))
    }
    cached = {
        kind: sum(unit.input or 0 for name, unit in tokens.items() if kind in name)
        for kind in ("cache_read", "cache_write")
    }
    return _Sums(
        sum(unit.input or 0 for unit in tokens.values()),
        sum(unit.output or 0 for unit in tokens.values()),
        cached["cache_read"],
        cached["cache_write"],
    )


# A stream of Anthropic's has its usage in several events, which the other reader does not put together.
COMPARED = [
    case
    for case in CASES
    if case.status == 200
    and case.operation in EXTRACTORS
    and not (case.operation.startswith("anthropic") and case.streams)
]


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_both_readers_count_the_same_tokens(case: WireCase) -> None:
    elsewhere = _read_elsewhere(case)
    if elsewhere is None:
        return
    same = _sum(decode_case(case).units) == elsewhere
    assert same is (case.name not in DIFFERENCES), (elsewhere, DIFFERENCES.get(case.name))


def test_most_of_the_calls_can_be_compared() -> None:
    read = [case.name for case in COMPARED if _read_elsewhere(case)]
    assert len(read) > 100
    assert DIFFERENCES.keys() <= set(read)
