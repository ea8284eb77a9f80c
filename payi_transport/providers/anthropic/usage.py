"""What Anthropic's usage objects mean. Source: Anthropic's API reference, and its SDK 2.12's types.

Cache counts are beside `input_tokens`, thinking is in `output_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.providers.openai.chat import describe_extras
from payi_transport.providers.reading.counts import count, section, take
from payi_transport.values.event import Units
from payi_transport.values.names import PayiCategories, PayiResourceScopes

__all__ = ["describe_usage", "find_scope", "find_served_model", "map_usage", "mark_context"]

# Beyond this input, caches included, a request has the prices of a large context.
_LARGE_CONTEXT = 200_000
_SUFFIX = "_large_context"
# What is mapped to units, or told in another way.
_MAPPED = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "output_tokens_details",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "server_tool_use",
        "iterations",
    }
)
# Details that are in no unit, and where they are.
_DETAILS = {"thinking_tokens": "output_tokens_details", "web_fetch_requests": "server_tool_use"}
_USUAL = ("standard", "global", "not_available", "", None)


def map_usage(usage: Mapping[str, Any], model: str | None) -> dict[str, Units]:
    """The units of a usage, of a stream's when its events are merged. `model` is the one that is priced.

    What compactions used, and advisors of the same model, is not in the totals. Each is a request of its own,
    so it has the prices of its own context.
    """
    units = _map_tokens(usage)
    for iteration in _find_iterations(usage):
        kind = iteration.get("type")
        if kind == "compaction" or (kind == "advisor_message" and iteration.get("model") == model):
            for name, more in _map_tokens(iteration).items():
                units[name] = _add(units.get(name, Units()), more)
    searches = count(section(usage, "server_tool_use"), "web_search_requests")
    if searches:
        units["web_search_request"] = Units(output=searches)
    return units


def describe_usage(usage: Mapping[str, Any], model: str | None) -> dict[str, str]:
    """What is in no unit, as properties: a tier, speed or place that is not the usual one, and details.

    Iterations that name another model than the one that is priced are told with the units they would have:
    advisors, and models that declined.
    """
    extras = {name: value for name, value in usage.items() if name not in _MAPPED and value not in _USUAL}
    for name, place in _DETAILS.items():
        extras[name] = count(section(usage, place), name) or None
    extras["iterations"] = {
        str(number): {
            "type": iteration.get("type"),
            "model": iteration["model"],
            **msgspec.to_builtins(_map_tokens(iteration)),
        }
        for number, iteration in enumerate(_find_iterations(usage), 1)
        if iteration.get("model") not in (None, model)
    }
    return describe_extras(None, extras)


def find_served_model(usage: Mapping[str, Any]) -> str | None:
    """The model that stood in for one that declined, if one did: the totals are its own."""
    for iteration in _find_iterations(usage):
        model = iteration.get("model")
        if iteration.get("type") == "fallback_message" and isinstance(model, str) and model:
            return model
    return None


def find_scope(usage: Mapping[str, Any], category: str) -> str | None:
    """Where Anthropic itself processed a request, if not anywhere: `inference_geo` has a price there."""
    place = usage.get("inference_geo")
    if category != PayiCategories.anthropic or not isinstance(place, str) or place in _USUAL:
        return None
    return f"{PayiResourceScopes.datazone_scope}.{place}"


def _map_tokens(usage: Mapping[str, Any]) -> dict[str, Units]:
    read = count(usage, "cache_read_input_tokens")
    written, written_1h = _count_written(usage)
    units = {
        "text": Units(input=count(usage, "input_tokens"), output=count(usage, "output_tokens")),
        "text_cache_read": Units(input=read or None),
        "text_cache_write": Units(input=written or None),
        "text_cache_write_1h": Units(input=written_1h or None),
    }
    return mark_context({name: unit for name, unit in units.items() if unit != Units()})


def mark_context(units: Mapping[str, Units]) -> dict[str, Units]:
    """The text units of one request, by the names that they have if all input together is a large context."""
    is_large = sum(unit.input or 0 for unit in units.values()) > _LARGE_CONTEXT
    return {f"{name}{_SUFFIX}" if is_large else name: unit for name, unit in units.items()}


def _count_written(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens written to the cache for 5 minutes and for 1 hour. Later events tell the sum alone."""
    lives = section(usage, "cache_creation")
    hour = count(lives, "ephemeral_1h_input_tokens") or 0
    total = count(usage, "cache_creation_input_tokens")
    if total is None:
        return count(lives, "ephemeral_5m_input_tokens") or 0, hour
    parts, rest = take(total, {"hour": hour})
    return rest, parts.get("hour", 0)


def _find_iterations(usage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    iterations = usage.get("iterations")
    for iteration in iterations if isinstance(iterations, list) else ():
        if isinstance(iteration, dict):
            yield iteration


def _add(one: Units, other: Units) -> Units:
    return Units(input=_sum(one.input, other.input), output=_sum(one.output, other.output))


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)
