"""How usage objects of OpenAI's shape become units, and which of their fields become properties.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Chat
completions, responses, embeddings and batches count alike, under one of two spellings of the same names.
Hosts with models of other makers add counts of the cache by their makers' names: LiteLLM's proxy
(https://docs.litellm.ai/docs/completion/prompt_caching), Databricks, and Qwen
(https://www.alibabacloud.com/help/en/model-studio/context-cache).

The details of a usage are parts of its totals: cached, audio and image tokens are among the prompt tokens,
reasoning tokens among the completion tokens. Units must not overlap, so each detail is subtracted from its
total and the rest is text. Some hosts count a detail in addition to its total, as xAI does with reasoning and
some gateways with the cache; the grand total shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payi_transport.providers.shared.cache_writes import describe_lifetimes, find_lifetimes, split_writes
from payi_transport.providers.shared.counts import count, count_parts, section, take
from payi_transport.values.event import Units

__all__ = ["find_extras", "map_total", "map_usage"]

_PROMPT = ("prompt_tokens", "input_tokens")
_COMPLETION = ("completion_tokens", "output_tokens")
_PROMPT_DETAILS = (
    *("prompt_tokens_details", "input_tokens_details"),
    *("prompt_token_details", "input_token_details"),
)
_COMPLETION_DETAILS = (
    *("completion_tokens_details", "output_tokens_details"),
    *("completion_token_details", "output_token_details"),
)
# The cache by the names of models' makers, and of gateways to them.
_CACHE = {
    "cache_read_input_tokens": "text_cache_read",
    "cache_read_tokens": "text_cache_read",
    "cached_input_tokens": "text_cache_read",
    "cache_creation_input_tokens": "text_cache_write",
    "cache_creation_tokens": "text_cache_write",
    "cache_write_input_tokens": "text_cache_write",
    "cache_write_tokens": "text_cache_write",
}
# Details that DeepSeek, Moonshot, xAI and Perplexity put next to the totals.
_PROMPT_FLAT = {
    "cached_tokens": "text_cache_read",
    "prompt_cache_hit_tokens": "text_cache_read",
    "cached_prompt_text_tokens": "text_cache_read",
    **_CACHE,
    "prompt_image_tokens": "vision",
}
_COMPLETION_FLAT = {"reasoning_tokens": "reasoning"}
# Details where OpenAI has them.
_PROMPT_PARTS = {
    "cached_tokens": "text_cache_read",
    **_CACHE,
    "audio_tokens": "audio",
    "image_tokens": "vision",
    "video_tokens": "video",
}
# OpenRouter counts documents beside images. Pay-i prices both alike.
_FILES = "file_tokens"
_COMPLETION_PARTS = {
    "reasoning_tokens": "reasoning",
    "audio_tokens": "audio",
    "image_tokens": "image",
    "video_tokens": "video",
}
# The cached tokens by modality, in the spellings of image tools and of the Realtime API.
_CACHED_FLAT = {
    "cached_text_tokens": "text",
    "cached_audio_tokens": "audio",
    "cached_image_tokens": "vision",
}
_CACHED_PARTS = {
    **_CACHED_FLAT,
    "text_tokens": "text",
    "audio_tokens": "audio",
    "image_tokens": "vision",
    "video_tokens": "video",
}
# How long what was written is kept: at OpenAI, LiteLLM, and Anthropic and Qwen.
_CACHE_LIFETIMES = frozenset(
    {
        "cache_write_tokens_details",
        "cache_creation_token_details",
        "cache_creation_tokens_details",
        "cache_creation",
    }
)
# Details that a host may count in addition to a total.
_READ = ("text_cache_read", "audio_cache_read", "vision_cache_read", "video_cache_read")
_WRITTEN = ("text_cache_write", "text_cache_write_1h")
_ADDITIVE = (
    ("reasoning",),
    _READ + _WRITTEN,
    ("reasoning", *_READ, *_WRITTEN),
    _READ,
    _WRITTEN,
    ("reasoning", *_READ),
    ("reasoning", *_WRITTEN),
)
_TOTALS = frozenset({*_PROMPT, *_COMPLETION, "total_tokens"})
# Fields that become units, or are sums of them. All other fields of a usage become properties.
_COUNTED = frozenset(
    {
        *_TOTALS,
        *_PROMPT_DETAILS,
        *_COMPLETION_DETAILS,
        "prompt_cache_miss_tokens",
        "prompt_text_tokens",
        *_PROMPT_FLAT,
        *_COMPLETION_FLAT,
        *_CACHE_LIFETIMES,
        "x_details",
    }
)
# Qwen's list has an item or two. It comes from a server, so no more than this is read of it.
_MAX_ITEMS = 100
# Of the details, those that become units, or are the text that the others leave.
_COUNTED_PARTS = {
    **dict.fromkeys(
        _PROMPT_DETAILS,
        frozenset(
            {*_PROMPT_PARTS, _FILES, "text_tokens", "cached_tokens_details", *_CACHED_FLAT, *_CACHE_LIFETIMES}
        ),
    ),
    **dict.fromkeys(
        _COMPLETION_DETAILS,
        frozenset(
            {*_COMPLETION_PARTS, "text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"}
        ),
    ),
}


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """Return the units of a usage object of chat completions, or of any API that counts the same way."""
    prompt, completion = count(usage, *_PROMPT), count(usage, *_COMPLETION)
    if not _has_parts(usage):
        return {} if prompt is completion is None else {"text": Units(prompt, completion)}
    prompt_parts, completion_parts = _find_prompt_parts(usage), _find_completion_parts(usage)
    additive = _find_additive(usage, prompt or 0, completion or 0, prompt_parts | completion_parts)
    inputs = _split(prompt, prompt_parts, additive)
    outputs = _split(completion, completion_parts, additive)
    return {name: Units(inputs.get(name), outputs.get(name)) for name in (inputs | outputs)}


def _has_parts(usage: Mapping[str, Any]) -> bool:
    """Return whether a usage counts anything beside its totals. Most have nothing else, or zeros."""
    if _TOTALS.issuperset(usage):
        return False
    for name, value in usage.items():
        if name not in _TOTALS and (any(value.values()) if isinstance(value, dict) else value):
            return True
    return False


def map_total(usage: Mapping[str, Any]) -> dict[str, Units]:
    """Return the units of a usage that may state a grand total alone, of an API that has only input."""
    # Voyage, Jina, vLLM, and Together do, for embeddings, rerankers, or both.
    total = None if count(usage, *_PROMPT) else count(usage, "total_tokens")
    return map_usage(usage if total is None else {**usage, "prompt_tokens": total})


def _find_prompt_parts(usage: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts that are, or may be, parts of the prompt, by unit."""
    details = _find_details(usage)
    # Where a host has both spellings of a detail, the nested one wins, so nothing counts twice.
    parts = count_parts(usage, _PROMPT_FLAT) | count_parts(details, _PROMPT_PARTS)
    lifetimes = _find_lifetimes(usage, details)
    if lifetimes:
        parts |= {"text_cache_write": 0, **split_writes(parts.get("text_cache_write"), lifetimes)}
    if not details:
        return parts
    if files := count(details, _FILES):
        parts["vision"] = parts.get("vision", 0) + files
    cached = count_parts(section(details, "cached_tokens_details"), _CACHED_PARTS)
    cached = cached or count_parts(details, _CACHED_FLAT)
    return _split_cached(parts, cached) if cached else parts


def _find_details(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the details of the prompt. Qwen's Responses API has more of them in a list of its own."""
    details = section(usage, *_PROMPT_DETAILS)
    more = usage.get("x_details")
    if not isinstance(more, list):
        return details
    merged = dict(details)
    for item in more[:_MAX_ITEMS]:
        for name, value in section(item, *_PROMPT_DETAILS).items() if isinstance(item, dict) else ():
            merged.setdefault(name, value)
    return merged


def _find_lifetimes(usage: Mapping[str, Any], details: Mapping[str, Any]) -> dict[int, int]:
    """Return what was written to the cache by its lifetime in minutes, from the first place that says so."""
    for place in (details, usage):
        # Few usages have any of these.
        if not _CACHE_LIFETIMES.isdisjoint(place):
            found = (find_lifetimes(section(place, name)) for name in place if name in _CACHE_LIFETIMES)
            lifetimes = next(filter(None, found), None)
            if lifetimes:
                return lifetimes
    return {}


def _split_cached(parts: dict[str, int], cached: Mapping[str, int]) -> dict[str, int]:
    """Return the parts with the cached tokens apart by modality."""
    total = parts.get("text_cache_read") or sum(cached.values())
    # No more than there is of a modality, which text is not limited to: it is what remains.
    taken, text = take(total, {name: min(n, parts[name]) for name, n in cached.items() if name in parts})
    return {
        **parts,
        "text_cache_read": text,
        **{f"{name}_cache_read": number for name, number in taken.items()},
        **{name: parts[name] - number for name, number in taken.items()},
    }


def _find_completion_parts(usage: Mapping[str, Any]) -> dict[str, int]:
    details = section(usage, *_COMPLETION_DETAILS)
    return count_parts(usage, _COMPLETION_FLAT) | count_parts(details, _COMPLETION_PARTS)


def _find_additive(
    usage: Mapping[str, Any], prompt: int, completion: int, parts: Mapping[str, int]
) -> Iterable[str]:
    """Return the units that are counted in addition to the totals."""
    # What is larger than its total can't be a part of it. Perplexity's grand total leaves reasoning out.
    reasoning = parts.get("reasoning", 0)
    if reasoning > completion and not section(usage, *_COMPLETION_DETAILS):
        return ("reasoning",)
    total = count(usage, "total_tokens")
    if total is None:
        anthropic = count(usage, "cache_read_input_tokens") or 0
        anthropic += count(usage, "cache_creation_input_tokens") or 0
        return _READ + _WRITTEN if anthropic > prompt else ()
    more = total - prompt - completion
    if more <= 0:
        return ()
    return next((names for names in _ADDITIVE if sum(parts.get(name, 0) for name in names) == more), ())


def _split(total: int | None, parts: Mapping[str, int], additive: Iterable[str]) -> dict[str, int]:
    """Return a total as text and its parts, to which the `additive` ones are added first."""
    if total is None:
        return {}
    if not parts:
        return {"text": total}
    taken, text = take(total + sum(parts.get(name, 0) for name in additive), parts)
    return {"text": text, **taken}


def find_extras(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a usage and of its details that are not token counts of its units, and not 0."""
    if _TOTALS.issuperset(usage):
        return {}
    extras = {name: value for name, value in usage.items() if name not in _COUNTED and value not in (0, 0.0)}
    if _has_parts(usage):
        extras |= _find_other_parts(usage)
        lifetimes = _find_lifetimes(usage, _find_details(usage))
        if lifetimes:
            extras |= describe_lifetimes(lifetimes)
    return extras


def _find_other_parts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details that are no units, and not 0, below the names of what they are details of."""
    found: dict[str, Any] = {}
    for name, value in usage.items():
        counted = _COUNTED_PARTS.get(name)
        # Hardly any usage has other details.
        if counted is not None and isinstance(value, dict) and not counted.issuperset(value):
            others = {detail: number for detail, number in value.items() if number and detail not in counted}
            if others:
                found[name] = others
    return found
