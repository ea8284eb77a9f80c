"""What of a call is billed: its units, and what providers bill besides them.

Searches, pages and other things that Pay-i has no unit for are properties of the event. They are counted here
under names of their own, so that an estimate has a line for each, with a price or without. The tokens of
another model that a response used carry the name of that model, whose prices they have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from payi_transport.prices.estimates import Direction
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT

__all__ = ["BILLED", "BILLED_PATTERNS", "Count", "add_prompt", "list_counts"]


class _Units(Protocol):
    @property
    def input(self) -> int | None: ...
    @property
    def output(self) -> int | None: ...


class Count(NamedTuple):
    """How much of a unit a call used, above 0. `model` is set where it isn't the model of the call."""

    unit: str
    direction: Direction
    quantity: int
    model: str | None = None


# Properties that count what is billed, and the unit that they are priced as. Of several for one unit, the
# first that the event has counts.
BILLED: dict[str, tuple[str, Direction]] = {
    "provider.web_search_queries": ("web_search_request", "output"),
    "provider.num_search_queries": ("web_search_request", "output"),
    "provider.grounding_tool_count.google_search": ("web_search_request", "output"),
    # Where the response itself has no count of what is billed.
    "provider.web_search_calls": ("web_search_request", "output"),
    "provider.grounding_tool_count.google_maps": ("maps_request", "output"),
    "provider.file_search_calls": ("file_search_request", "output"),
    "provider.containers": ("container", "output"),
    # Tools that Mistral runs. It bills them by the call, besides their tokens.
    "provider.connectors.web_search_premium": ("premium_search_request", "output"),
    "provider.connectors.code_interpreter": ("code_interpreter_call", "output"),
    "provider.connectors.image_generation": ("image_generation_call", "output"),
    "provider.search_units": ("rerank_search", "output"),
    "provider.num_sources_used": ("search_source", "output"),
    "provider.classifications": ("classification", "output"),
    "provider.pages": ("document_page", "input"),
    "provider.annotated_pages": ("annotated_document_page", "input"),
    "provider.citation_tokens": ("citation", "output"),
    # Images that a tool made. The response doesn't say by which model.
    "provider.tool_usage.image_gen.input_tokens": ("hosted_image_tokens", "input"),
    "provider.tool_usage.image_gen.output_tokens": ("hosted_image_tokens", "output"),
}
# Tokens that are part of a unit of the event and cost more than the rest of it.
_LIFE = re.compile(r"provider\.cache_write\.(\d+h)_tokens")
# Models that a response used besides the one that is priced.
_ITERATION = re.compile(r"(provider\.iterations\.\d+)\.(\w+)\.(input|output)")
_SVG = re.compile(r"(provider\.svg_usage)\.(input|output)_tokens")
# Counts only where the response has no input and no output apart.
_TOTAL = re.compile(r"(provider\.(?:tool_usage\.image_gen|svg_usage))\.total_tokens")
BILLED_PATTERNS = (_LIFE, _ITERATION, _SVG, _TOTAL)
_OTHER_MODEL = "other_model_tokens"
# Gemini 2 bills a prompt with searches once, Gemini 3 each search:
# https://ai.google.dev/gemini-api/docs/pricing.
_BY_PROMPT = re.compile(r"gemini-2")
# Inputs that are not tokens, or are tokens of another model.
_NOT_OF_PROMPT = frozenset(
    {
        *("web_search_request", "image", "document_page", "annotated_document_page"),
        *("hosted_image_tokens", _OTHER_MODEL),
    }
)
_WRITTEN = "text_cache_write"


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
        numbers = dict(_read_numbers(properties))
        if numbers:
            counts = [*_split_writes(counts, numbers), *_list_billed(numbers, units, resource)]
            counts += _list_other_models(numbers, properties)
    return counts


def add_prompt(counts: list[Count]) -> int:
    """Return the size of the prompt in tokens."""
    inputs = (count for count in counts if count.direction == "input" and count.model is None)
    return sum(count.quantity for count in inputs if count.unit not in _NOT_OF_PROMPT)


def _read_numbers(properties: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for name, value in properties.items():
        # At most as many digits as a count of 64 bits has; isdecimal() also accepts digits of other scripts.
        if name.startswith("provider.") and len(value) < 20 and value.isdecimal() and int(value):
            yield name, int(value)


def _split_writes(counts: list[Count], numbers: Mapping[str, int]) -> Iterator[Count]:
    """Yield the counts, with what is kept longer than an hour in a cache apart from the other writes."""
    matches = ((_LIFE.fullmatch(name), number) for name, number in numbers.items())
    lifetimes = {found[1]: number for found, number in matches if found}
    for count in counts:
        rest = count.quantity
        if lifetimes and count.unit.removesuffix(LARGE_CONTEXT) == _WRITTEN and count.direction == "input":
            for lifetime in lifetimes:
                taken = min(lifetimes[lifetime], rest)
                lifetimes[lifetime] -= taken
                rest -= taken
                if taken:
                    yield Count(count.unit.replace(_WRITTEN, f"{_WRITTEN}_{lifetime}"), "input", taken)
        if rest:
            yield count._replace(quantity=rest)


def _list_billed(numbers: Mapping[str, int], units: Mapping[str, _Units], resource: str) -> Iterator[Count]:
    found = {(name, direction) for name in units for direction in ("input", "output")}
    for name, (unit, direction) in BILLED.items():
        number = numbers.get(name)
        if number is not None and (unit, direction) not in found:
            found.add((unit, direction))
            by_prompt = unit == "web_search_request" and _BY_PROMPT.search(resource)
            yield Count(unit, direction, 1 if by_prompt else number)


def _list_other_models(numbers: Mapping[str, int], properties: Mapping[str, str]) -> Iterator[Count]:
    for name, number in numbers.items():
        if (found := _ITERATION.fullmatch(name)) is not None:
            yield _count_other(found[2], found[3], number, properties.get(f"{found[1]}.model"))
        elif (found := _SVG.fullmatch(name)) is not None:
            yield _count_other("text", found[2], number, properties.get(f"{found[1]}.model"))
        elif (found := _TOTAL.fullmatch(name)) is not None:
            parts = {f"{found[1]}.input_tokens", f"{found[1]}.output_tokens"}
            if parts.isdisjoint(numbers):
                yield _count_other("text", "output", number, properties.get(f"{found[1]}.model"))


def _count_other(unit: str, direction: str, number: int, model: str | None) -> Count:
    way: Direction = "input" if direction == "input" else "output"
    return Count(unit, way, number, model) if model else Count(_OTHER_MODEL, way, number)
