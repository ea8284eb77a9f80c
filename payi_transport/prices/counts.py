"""What of a call is billed: its units, and what providers bill besides them.

Searches, pages and other things that Pay-i has no unit for are properties of the event. They are counted here
under names of their own, so that an estimate has a line for each, with a price or without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from payi_transport.prices.estimates import Direction

__all__ = ["Count", "add_prompt", "list_counts"]


class _Units(Protocol):
    @property
    def input(self) -> int | None: ...
    @property
    def output(self) -> int | None: ...


class Count(NamedTuple):
    """How much of a unit a call used, above 0."""

    unit: str
    direction: Direction
    quantity: int


# Properties that count what is billed, and the unit that they are priced as.
_BILLED: dict[str, tuple[str, Direction]] = {
    "provider.web_search_queries": ("web_search_request", "output"),
    "provider.num_search_queries": ("web_search_request", "output"),
    "provider.grounding_tool_count.google_search": ("web_search_request", "output"),
    "provider.search_units": ("rerank_search", "output"),
    "provider.num_sources_used": ("search_source", "output"),
    "provider.classifications": ("classification", "output"),
    "provider.pages": ("document_page", "input"),
    "provider.citation_tokens": ("citation", "output"),
    # Models that a response used besides the one that is priced.
    "provider.tool_usage.image_gen.total_tokens": ("hosted_image_tokens", "output"),
    "provider.svg_usage.total_tokens": ("svg_tokens", "output"),
}
_ITERATION = re.compile(r"provider\.iterations\.\d+\.(\w+)\.(input|output)")
_OTHER_MODEL = "other_model_tokens"
# Gemini 2 bills a prompt with searches once, Gemini 3 each search:
# https://ai.google.dev/gemini-api/docs/pricing.
_BY_PROMPT = re.compile(r"gemini-2")
_NO_TOKENS = frozenset({"web_search_request", "image"})


def list_counts(
    units: Mapping[str, _Units], properties: Mapping[str, str] | None, resource: str
) -> list[Count]:
    """Return all that is billed of a call."""
    counts: list[Count] = []
    for name, unit in units.items():
        if unit.input:
            counts.append(Count(name, "input", unit.input))
        if unit.output:
            counts.append(Count(name, "output", unit.output))
    if properties:
        counts += _list_billed(properties, units, resource)
    return counts


def add_prompt(counts: list[Count]) -> int:
    """Return the size of the prompt in tokens."""
    inputs = (count for count in counts if count.direction == "input")
    return sum(count.quantity for count in inputs if count.unit not in _NO_TOKENS)


def _list_billed(
    properties: Mapping[str, str], units: Mapping[str, _Units], resource: str
) -> Iterator[Count]:
    found_units = set(units)
    others: dict[Direction, int] = {"input": 0, "output": 0}
    for name, value in properties.items():
        if not name.startswith("provider.") or not value.isdecimal() or not int(value):
            continue
        billed = _BILLED.get(name)
        if billed is not None and billed[0] not in found_units:
            found_units.add(billed[0])
            by_prompt = billed[0] == "web_search_request" and _BY_PROMPT.search(resource)
            yield Count(*billed, 1 if by_prompt else int(value))
        elif found := _ITERATION.fullmatch(name):
            others["input" if found[2] == "input" else "output"] += int(value)
    for direction, count in others.items():
        if count:
            yield Count(_OTHER_MODEL, direction, count)
