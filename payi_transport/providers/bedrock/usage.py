"""How Bedrock's token counts become units, in the spellings of its APIs.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html. Tokens read
from and written to the cache are counted in addition to the input tokens, so nothing is subtracted. The
exception is OpenAI's models on streams, see `undo_double_count`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.shared import cache_writes
from payi_transport.providers.shared.cache_writes import describe_lifetimes, split_writes
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT
from payi_transport.values.event import Units

__all__ = [
    "complete_units",
    "describe_service",
    "find_lifetimes",
    "map_usage",
    "read_header_usage",
    "undo_double_count",
]

# TokenUsage of Converse has the first spelling, and the metrics that end a stream of InvokeModel the
# second.
_INPUT = ("inputTokens", "inputTokenCount")
_OUTPUT = ("outputTokens", "outputTokenCount")
_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
# Bedrock's counts in the response headers of InvokeModel.
_HEADERS = {
    "inputTokenCount": "x-amzn-bedrock-input-token-count",
    "outputTokenCount": "x-amzn-bedrock-output-token-count",
    "cacheReadInputTokenCount": "x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokenCount": "x-amzn-bedrock-cache-write-input-token-count",
}
# A longer number is a mistake of the server, not a count.
_MAX_DIGITS = 15


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """Return the units of a `usage`, or of the metrics that end a stream."""
    units: dict[str, Units] = {}
    text = Units(input=count(usage, *_INPUT), output=count(usage, *_OUTPUT))
    if text != Units():
        units["text"] = text
    written = split_writes(count(usage, *_WRITTEN), find_lifetimes(usage))
    cached = {"text_cache_read": count(usage, *_READ), **written}
    units.update((name, Units(input=value)) for name, value in cached.items() if value)
    return units


def find_lifetimes(usage: Mapping[str, Any]) -> dict[int, int]:
    """Return tokens written to the cache by lifetime in minutes, 0 for a lifetime that can't be read."""
    details = usage.get("cacheDetails")
    lifetimes: dict[int, int] = {}
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            tokens = detail.get("inputTokens")
            # Without a total, the details add up to it, so none may get lost.
            found = cache_writes.find_lifetimes({str(detail.get("ttl")): tokens}) or {
                0: count(detail, "inputTokens") or 0
            }
            for minutes, number in found.items():
                lifetimes[minutes] = lifetimes.get(minutes, 0) + number
    return lifetimes


def read_header_usage(headers: Mapping[str, str]) -> dict[str, Units]:
    """Return the units in the headers of a response, given by lower-case name."""
    values = {name: headers.get(header, "") for name, header in _HEADERS.items()}
    # `isdecimal` accepts digits of every script, as int() does, but neither a sign nor a point. The length
    # is checked first, because int() of a very long text is slow and beyond 4,300 digits raises ValueError.
    numbers = {
        name: int(value) for name, value in values.items() if value.isdecimal() and len(value) <= _MAX_DIGITS
    }
    return map_usage(numbers)


def complete_units(units: Mapping[str, Units], host: Mapping[str, Units]) -> dict[str, Units]:
    """Return `units`, with all input or all output of `host` if they have none at all themselves.

    Caches count as input. If `units` have only some of the input, nothing is added, because the input
    tokens of `host` may include the same ones.
    """
    inputs = any(unit.input is not None for unit in units.values())
    outputs = any(unit.output is not None for unit in units.values())
    # The family's own reader has already named the units of a large context, and Bedrock's counts belong to
    # the same request.
    large = LARGE_CONTEXT if any(name.endswith(LARGE_CONTEXT) for name in units) else ""
    completed = dict(units)
    for name, more in host.items():
        own = units.get(f"{name}{large}", Units())
        unit = Units(input=own.input if inputs else more.input, output=own.output if outputs else more.output)
        if unit != Units():
            completed[f"{name}{large}"] = unit
    return completed


def undo_double_count(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the usage of a stream of OpenAI's models the way the documentation defines it.

    On these streams `inputTokens` includes the cached tokens: https://github.com/maximhq/bifrost/pull/6942
    `totalTokens` includes them twice, so it can't be used to tell the two definitions apart.
    """
    prompt = count(usage, *_INPUT) or 0
    cached = (count(usage, *_READ) or 0) + (count(usage, *_WRITTEN) or 0)
    # If the cached tokens exceed the prompt, they can't be part of it, so nothing is subtracted.
    return {**usage, "inputTokens": prompt - cached} if 0 < cached <= prompt else usage


def describe_service(
    tier: Any, latency: Any, milliseconds: Any, usage: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return properties for the billed tier, the requested latency mode, the measured latency, the cache."""
    extras = {"performanceConfig": {"latency": latency}, "metrics": {"latencyMs": milliseconds}}
    return describe_extras(tier, {**extras, **describe_lifetimes(find_lifetimes(usage or {}))})
