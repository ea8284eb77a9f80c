"""What Bedrock's token counts mean, in the spellings of its APIs. Source: AWS's API reference.

Cache counts are beside the input, so nothing is taken off it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.openai.chat import describe_extras
from payi_transport.providers.reading.counts import count, take
from payi_transport.values.event import Units

__all__ = ["complete_units", "describe_service", "map_usage", "read_header_usage", "undo_double_count"]

_INPUT = ("inputTokens", "inputTokenCount")
_OUTPUT = ("outputTokens", "outputTokenCount")
_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
# What Bedrock counted, in the headers of InvokeModel's answers.
_HEADERS = {
    "inputTokenCount": "x-amzn-bedrock-input-token-count",
    "outputTokenCount": "x-amzn-bedrock-output-token-count",
    "cacheReadInputTokenCount": "x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokenCount": "x-amzn-bedrock-cache-write-input-token-count",
}
# No bill has more digits.
_MOST_DIGITS = 15


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """The units of a `usage`, or of the metrics that end a stream."""
    units: dict[str, Units] = {}
    text = Units(input=count(usage, *_INPUT), output=count(usage, *_OUTPUT))
    if text != Units():
        units["text"] = text
    read, (by_life, written) = count(usage, *_READ), _count_written(usage)
    cached = {"text_cache_read": read, "text_cache_write": written, **by_life}
    units.update((name, Units(input=value)) for name, value in cached.items() if value)
    return units


def _count_written(usage: Mapping[str, Any]) -> tuple[dict[str, int], int]:
    """What was written to the cache for an hour, and the rest."""
    details = usage.get("cacheDetails")
    lives = {"1h": 0, "5m": 0}
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("ttl") in ("1h", "5m"):
            lives[detail["ttl"]] += count(detail, "inputTokens") or 0
    total = count(usage, *_WRITTEN)
    return take(sum(lives.values()) if total is None else total, {"text_cache_write_1h": lives["1h"]})


def read_header_usage(headers: Mapping[str, str]) -> dict[str, Units]:
    """The units that the headers of an answer tell, by their lower-case names."""
    told = {name: headers.get(header, "") for name, header in _HEADERS.items()}
    numbers = {
        name: int(value) for name, value in told.items() if value.isdecimal() and len(value) <= _MOST_DIGITS
    }
    return map_usage(numbers)


def complete_units(units: Mapping[str, Units], told: Mapping[str, Units]) -> dict[str, Units]:
    """`units`, with the input or output of `told` where they say nothing at all of theirs.

    Caches are input: what is told of one and not of the rest stays so, as `told` may hold it in its own.
    """
    inputs = any(unit.input is not None for unit in units.values())
    outputs = any(unit.output is not None for unit in units.values())
    large = "_large_context" if any(name.endswith("_large_context") for name in units) else ""
    completed = dict(units)
    for name, more in told.items():
        mine = units.get(f"{name}{large}", Units())
        unit = Units(
            input=mine.input if inputs else more.input, output=mine.output if outputs else more.output
        )
        if unit != Units():
            completed[f"{name}{large}"] = unit
    return completed


def undo_double_count(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """A usage as the documentation has it, of a stream of OpenAI's models.

    There `inputTokens` holds the cached tokens too: https://github.com/maximhq/bifrost/pull/6942
    So does `totalTokens`, twice: one that is the sum of all counts is no proof that they stand apart.
    """
    prompt = count(usage, *_INPUT) or 0
    cached = (count(usage, *_READ) or 0) + (count(usage, *_WRITTEN) or 0)
    return {**usage, "inputTokens": prompt - cached} if 0 < cached <= prompt else usage


def describe_service(tier: Any, latency: Any, milliseconds: Any) -> dict[str, str]:
    """Properties for the tier that is billed, the latency that was asked for and the one there was."""
    return describe_extras(
        tier, {"performanceConfig": {"latency": latency}, "metrics": {"latencyMs": milliseconds}}
    )
