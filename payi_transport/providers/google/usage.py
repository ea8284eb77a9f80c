"""How Google's usage objects become units, in the spellings of generated content and of interactions.

Source: https://ai.google.dev/api/generate-content#UsageMetadata and the types of Google's SDK 3.4. Cached
tokens are part of the prompt; thoughts and the results of tools are counted in addition to prompt and
candidates. Prompt, cache and candidates each have details by modality, which are parts of their total. What
no detail accounts for is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.shared.counts import count, take
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.prompt_size import find_suffix
from payi_transport.values.event import Units

__all__ = ["describe_usage", "map_usage"]

# Pay-i prices pages of documents as images. Text has no row, because it is what remains of a total.
_INPUT = {"IMAGE": "vision", "DOCUMENT": "vision", "AUDIO": "audio", "VIDEO": "video"}
_OUTPUT = {"IMAGE": "image", "AUDIO": "audio", "VIDEO": "video"}
# The first spelling is that of generated content, the second that of interactions.
_PROMPT = ("promptTokenCount", "total_input_tokens")
_USUAL_TIERS = ("standard", "unspecified")
_Usage = Mapping[str, Any]


def map_usage(usage: _Usage, model: str | None) -> dict[str, Units]:
    """Return the units of a usage of `model`."""
    # Only the prompt decides, and cached tokens are part of it.
    suffix = find_suffix(count(usage, *_PROMPT), model)
    inputs, outputs = _map_input(usage), _map_output(usage)
    return {
        f"{name}{suffix}": Units(input=inputs.get(name), output=outputs.get(name))
        for name in {**inputs, **outputs}
    }


def describe_usage(usage: _Usage, tier: Any) -> dict[str, str]:
    """Return properties that say which price applies, and which searches are billed besides tokens."""
    tier = tier or usage.get("serviceTier")
    grounding = {
        item["type"]: item.get("count")
        for item in _items(usage.get("grounding_tool_count"))
        if isinstance(item.get("type"), str)
    }
    extras = {"traffic_type": usage.get("trafficType"), "grounding_tool_count": grounding}
    return describe_extras(None if tier in _USUAL_TIERS else tier, extras)


def _map_input(usage: _Usage) -> dict[str, int]:
    prompt = count(usage, *_PROMPT)
    tools = count(usage, "toolUsePromptTokenCount", "total_tool_use_tokens")
    if prompt is None and tools is None:
        return {}
    parts, text = take(
        prompt or 0, _sum_units(usage, _INPUT, "promptTokensDetails", "input_tokens_by_modality")
    )
    fresh = {"text": text, **parts}
    cached = _take_cached(usage, fresh)
    # Results of tools are counted in addition to the prompt, so no cached token is among them.
    fresh["text"] += tools or 0
    # Text stays even at 0: the prompt was counted, and it had none.
    return {name: value for name, value in fresh.items() if value or name == "text"} | cached


def _take_cached(usage: _Usage, fresh: dict[str, int]) -> dict[str, int]:
    """Move cached tokens out of `fresh`: by modality as reported, the rest from what is left."""
    rest = count(usage, "cachedContentTokenCount", "total_cached_tokens") or 0
    reported = _sum_units(usage, _INPUT, "cacheTokensDetails", "cached_tokens_by_modality")
    cached: dict[str, int] = {}
    # The details come first. What they don't account for is taken from the modalities in order, with text
    # first.
    for name, most in (*reported.items(), *((name, rest) for name in fresh)):
        # Three bounds keep the result consistent, whatever the server says: no more than reported, than
        # cached, and than there is of that modality.
        taken = min(most, rest, fresh.get(name, 0))
        if taken:
            fresh[name] -= taken
            cached[f"{name}_cache_read"] = cached.get(f"{name}_cache_read", 0) + taken
            rest -= taken
    return cached


def _map_output(usage: _Usage) -> dict[str, int]:
    candidates = count(usage, "candidatesTokenCount", "responseTokenCount", "total_output_tokens")
    thoughts = count(usage, "thoughtsTokenCount", "total_thought_tokens")
    outputs = {"reasoning": thoughts} if thoughts else {}
    # Thoughts can use up the whole budget for output, and then no candidates are counted at all.
    if candidates is None:
        return outputs
    names = ("candidatesTokensDetails", "responseTokensDetails", "output_tokens_by_modality")
    # Text is the rest of the total rather than a detail, because details may be missing or incomplete.
    parts, text = take(candidates, _sum_units(usage, _OUTPUT, *names))
    return {"text": text, **parts, **outputs}


def _sum_units(usage: _Usage, units: Mapping[str, str], *names: str) -> dict[str, int]:
    """Return the tokens of each unit in a list of `{"modality": ..., "tokenCount": ...}`, except text."""
    sums: dict[str, int] = {}
    for item in _items(next((usage[name] for name in names if usage.get(name)), None)):
        unit = units.get(str(item.get("modality")).upper())
        if unit is not None:
            # Images and documents share a unit, so add rather than assign.
            sums[unit] = sums.get(unit, 0) + (count(item, "tokenCount", "tokens") or 0)
    return sums


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
