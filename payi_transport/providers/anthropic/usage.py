"""How the usage of a message becomes units.

Source: https://docs.anthropic.com/en/api/messages,
https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching and the types of Anthropic's SDK 2.12.
Tokens read from and written to the cache are not part of `input_tokens`; the three add up to the prompt.
Thinking is part of `output_tokens`, at the same price. Some models have another price for long prompts, see
`prompt_size`.

A response may contain several requests to models, its `iterations`: compactions, calls of an advisor,
models that declined. The totals leave some of them out, so these are added or reported as properties. Each
iteration has a prompt of its own, whose size alone decides its price. Where the iterations add up to the
totals, the totals are therefore split into them; where they don't, the totals count as one prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.providers.shared.cache_writes import describe_lifetimes, find_lifetimes, split_writes
from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.json_values import text
from payi_transport.providers.shared.prompt_size import mark_context
from payi_transport.values.event import Units
from payi_transport.values.names import PayiCategories, PayiResourceScopes

__all__ = ["describe_usage", "find_scope", "find_served_model", "map_usage"]

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
# Iterations that the totals consist of.
_IN_TOTALS = ("message", "fallback_message")
# Values that say nothing beyond the standard price. Reporting them with every call would only add noise.
_USUAL = ("standard", "global", "not_available", "", None)


def map_usage(usage: Mapping[str, Any], model: str | None, *aliases: str | None) -> dict[str, Units]:
    """Return the units of a usage; for a stream, of its merged usage.

    `model` is the one that is priced, `aliases` are other names of it. Compactions, and advisors of the same
    model, are not in the totals and are added.
    """
    units: dict[str, Units] = {}
    for request in _find_requests(usage, model):
        for name, more in mark_context(_map_tokens(request), model, *aliases).items():
            units[name] = _add(units.get(name, Units()), more)
    searches = count(section(usage, "server_tool_use"), "web_search_requests")
    if searches:
        units["web_search_request"] = Units(output=searches)
    return units


def _find_requests(usage: Mapping[str, Any], model: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield the usage of each request to the model: those in the totals, and those that are not."""
    own, more = [], []
    for iteration in _find_iterations(usage):
        kind = iteration.get("type")
        if kind in _IN_TOTALS and iteration.get("model") in (None, model):
            own.append(iteration)
        elif kind == "compaction" or (kind == "advisor_message" and iteration.get("model") == model):
            more.append(iteration)
    yield from own if _sum_tokens(own) == _sum_tokens([usage]) else [usage]
    yield from more


def _sum_tokens(usages: Iterable[Mapping[str, Any]]) -> Mapping[str, Units]:
    units: dict[str, Units] = {}
    for usage in usages:
        for name, more in _map_tokens(usage).items():
            units[name] = _add(units.get(name, Units()), more)
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
            **msgspec.to_builtins(mark_context(_map_tokens(iteration), text(iteration["model"]))),
        }
        for number, iteration in enumerate(_find_iterations(usage), 1)
        if iteration.get("model") not in (None, model)
    }
    return describe_extras(None, {**extras, **describe_lifetimes(_find_lifetimes(usage))})


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
    # Nothing is subtracted here: Anthropic's `input_tokens` leave out the cache, while OpenAI's include it.
    # Deltas of a stream update only the sum of what was written, so it wins over its older parts.
    written = split_writes(count(usage, "cache_creation_input_tokens"), _find_lifetimes(usage))
    text = Units(input=count(usage, "input_tokens"), output=count(usage, "output_tokens"))
    cached = {"text_cache_read": count(usage, "cache_read_input_tokens"), **written}
    return {
        **({} if text == Units() else {"text": text}),
        **{name: Units(input=number) for name, number in cached.items() if number},
    }


def _find_lifetimes(usage: Mapping[str, Any]) -> dict[int, int]:
    return find_lifetimes(section(usage, "cache_creation"))


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
