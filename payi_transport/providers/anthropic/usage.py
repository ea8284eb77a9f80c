"""How the usage of a message becomes units.

Source: https://docs.anthropic.com/en/api/messages,
https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching and the types of Anthropic's SDK 2.12.
Tokens read from and written to the cache are not part of `input_tokens`; the three add up to the prompt.
Thinking is part of `output_tokens`, at the same price. A prompt beyond 200,000 tokens makes the whole
request more expensive, so all its text units get names of their own.

A response may contain several requests to models, its `iterations`: compactions, calls of an advisor,
models that declined. The totals leave some of them out, so these are added or reported as properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.providers.shared.counts import count, section, take
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.values.event import Units
from payi_transport.values.names import PayiCategories, PayiResourceScopes

__all__ = ["describe_usage", "find_scope", "find_served_model", "map_usage", "mark_context"]

# A request with more input tokens, caches included, has the prices of a large context.
_LARGE_CONTEXT = 200_000
_SUFFIX = "_large_context"
# Fields that become units, or properties in another form.
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
# Details that become no unit, and the section of the usage that has them.
_DETAILS = {"thinking_tokens": "output_tokens_details", "web_fetch_requests": "server_tool_use"}
# Values that say nothing beyond the standard price. Reporting them with every call would only add noise.
_USUAL = ("standard", "global", "not_available", "", None)


def map_usage(usage: Mapping[str, Any], model: str | None) -> dict[str, Units]:
    """Return the units of a usage; for a stream, of its merged usage. `model` is the one that is priced.

    Compactions, and advisors of the same model, are not in the totals. Each is a request of its own, so the
    size of its own context decides its price.
    """
    units = _map_tokens(usage)
    for iteration in _find_iterations(usage):
        kind = iteration.get("type")
        # Other iterations of this model are in the totals already, so adding them would count them twice.
        if kind == "compaction" or (kind == "advisor_message" and iteration.get("model") == model):
            for name, more in _map_tokens(iteration).items():
                units[name] = _add(units.get(name, Units()), more)
    searches = count(section(usage, "server_tool_use"), "web_search_requests")
    if searches:
        units["web_search_request"] = Units(output=searches)
    return units


def describe_usage(usage: Mapping[str, Any], model: str | None) -> dict[str, str]:
    """Return what becomes no unit as properties: details, and an unusual tier, speed or place.

    Iterations of another model than the one that is priced, such as advisors and models that declined, are
    reported with the units that they would have.
    """
    extras = {name: value for name, value in usage.items() if name not in _MAPPED and value not in _USUAL}
    for name, place in _DETAILS.items():
        # None instead of 0 keeps a property out of the event where the feature wasn't used.
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
    """Return the model that replaced one that declined, if one did. The totals are that model's."""
    for iteration in _find_iterations(usage):
        model = iteration.get("model")
        # The model named in the request declined, so pricing the call by it would use the wrong price list.
        if iteration.get("type") == "fallback_message" and isinstance(model, str) and model:
            return model
    return None


def find_scope(usage: Mapping[str, Any], category: str) -> str | None:
    """Return where Anthropic processed a request, None for anywhere. Other hosts don't price that."""
    place = usage.get("inference_geo")
    if category != PayiCategories.anthropic or not isinstance(place, str) or place in _USUAL:
        return None
    return f"{PayiResourceScopes.datazone_scope}.{place}"


def _map_tokens(usage: Mapping[str, Any]) -> dict[str, Units]:
    read = count(usage, "cache_read_input_tokens")
    written, written_1h = _count_written(usage)
    units = {
        # Nothing is subtracted here: Anthropic's `input_tokens` leave out the cache, while OpenAI's include
        # it.
        "text": Units(input=count(usage, "input_tokens"), output=count(usage, "output_tokens")),
        "text_cache_read": Units(input=read or None),
        "text_cache_write": Units(input=written or None),
        "text_cache_write_1h": Units(input=written_1h or None),
    }
    return mark_context({name: unit for name, unit in units.items() if unit != Units()})


def mark_context(units: Mapping[str, Units]) -> dict[str, Units]:
    """Return the text units of one request, renamed if all their input together is a large context."""
    # The cached tokens count toward the limit, although they are cheaper, and the decision covers the whole
    # request.
    is_large = sum(unit.input or 0 for unit in units.values()) > _LARGE_CONTEXT
    return {f"{name}{_SUFFIX}" if is_large else name: unit for name, unit in units.items()}


def _count_written(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Return the tokens written to the cache for 5 minutes and for 1 hour. Later events only have the sum."""
    lives = section(usage, "cache_creation")
    hour = count(lives, "ephemeral_1h_input_tokens") or 0
    total = count(usage, "cache_creation_input_tokens")
    # Prefer the sum where there is one. Deltas of a stream update only the sum, so the older parts could
    # contradict it.
    if total is None:
        return count(lives, "ephemeral_5m_input_tokens") or 0, hour
    # What isn't known to be kept for an hour was written for five minutes, which is the default.
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
    # None and 0 differ: None means that the provider reported nothing for that direction.
    return other if one is None else one + (other or 0)
