"""How usage objects of OpenAI's shape become units, and which of their fields become properties.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Chat
completions, responses, embeddings and batches count alike, under one of two spellings of the same names.

The details of a usage are parts of its totals: cached, audio and image tokens are among the prompt tokens,
reasoning tokens among the completion tokens. Units must not overlap, so each detail is subtracted from its
total and the rest is text. xAI is the exception, which counts reasoning tokens in addition to the
completion; its grand total shows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.shared.counts import count, count_parts, section, take
from payi_transport.values.event import Units

__all__ = ["find_extras", "map_usage"]

# Details that DeepSeek, Moonshot, xAI and Perplexity put next to the totals.
_PROMPT_FLAT = {
    "cached_tokens": "text_cache_read",
    "prompt_cache_hit_tokens": "text_cache_read",
    "cached_prompt_text_tokens": "text_cache_read",
    "prompt_image_tokens": "vision",
}
_COMPLETION_FLAT = {"reasoning_tokens": "reasoning"}
# Details where OpenAI has them.
_PROMPT_PARTS = {
    "cached_tokens": "text_cache_read",
    "cache_write_tokens": "text_cache_write",
    "audio_tokens": "audio",
    "image_tokens": "vision",
}
_COMPLETION_PARTS = {"reasoning_tokens": "reasoning", "audio_tokens": "audio", "image_tokens": "image"}
# Fields that become units, or are sums of them. All other fields of a usage become properties.
_COUNTED = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "input_tokens",
        "output_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "input_tokens_details",
        "output_tokens_details",
        "prompt_cache_miss_tokens",
        "prompt_text_tokens",
        *_PROMPT_FLAT,
        *_COMPLETION_FLAT,
    }
)


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """Return the units of a usage object of chat completions, or of any API that counts the same way."""
    inputs, outputs = _map_prompt(usage), _map_completion(usage)
    return {name: Units(inputs.get(name), outputs.get(name)) for name in (inputs | outputs)}


def _map_prompt(usage: Mapping[str, Any]) -> dict[str, int]:
    prompt = count(usage, "prompt_tokens", "input_tokens")
    if prompt is None:
        return {}
    parts = count_parts(section(usage, "prompt_tokens_details", "input_tokens_details"), _PROMPT_PARTS)
    # Where a host has both spellings of a detail, the nested one wins, so nothing counts twice.
    taken, text = take(prompt, count_parts(usage, _PROMPT_FLAT) | parts)
    return {"text": text, **taken}


def _map_completion(usage: Mapping[str, Any]) -> dict[str, int]:
    completion = count(usage, "completion_tokens", "output_tokens")
    if completion is None:
        return {}
    details = section(usage, "completion_tokens_details", "output_tokens_details")
    parts = count_parts(usage, _COMPLETION_FLAT) | count_parts(details, _COMPLETION_PARTS)
    reasoning = parts.get("reasoning")
    if reasoning and _is_in_addition(reasoning, usage, completion, details):
        completion += reasoning
    taken, text = take(completion, parts)
    return {"text": text, **taken}


def _is_in_addition(
    reasoning: int, usage: Mapping[str, Any], completion: int, details: Mapping[str, Any]
) -> bool:
    # Perplexity's grand total leaves reasoning out. But what is larger than the completion can't be a part
    # of it.
    if reasoning > completion and not details:
        return True
    prompt = count(usage, "prompt_tokens", "input_tokens") or 0
    return count(usage, "total_tokens") == prompt + completion + reasoning


def find_extras(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a usage that are not OpenAI's own token counts, and not 0."""
    return {name: value for name, value in usage.items() if name not in _COUNTED and value not in (0, 0.0)}
