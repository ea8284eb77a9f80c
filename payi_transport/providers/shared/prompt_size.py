"""Models whose price depends on the size of the prompt.

Where Pay-i prices a long prompt under units of its own, they have the suffix `_large_context`. OpenAI's and
xAI's tiers have no units of their own, so a property reports them. Both are rules by model, and a model that
no row lists has one price for prompts of every size.

A model goes by many names: with a date, below the name of its maker or of a host, or as a deployment that
only the response names. So a name is searched for what identifies the model, and of several names, the first
that identifies one decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from payi_transport.values.event import Units
from payi_transport.values.patterns import lazy_compile

__all__ = [
    "LARGE_CONTEXT",
    "describe_tier",
    "find_least_prompt",
    "find_suffix",
    "mark_context",
    "price_by_size",
]

LARGE_CONTEXT = "_large_context"
# Not followed by more of a version. Dates have at least four digits.
_END = r"(?![.\d])(?![-_]\d{1,2}(?!\d))"


class _Rule(msgspec.Struct, frozen=True):
    """Models by the pattern of their names, and the largest prompt that has their usual price."""

    models: re.Pattern[str]
    most: int


class _Tier(msgspec.Struct, frozen=True):
    """The first version of a family that has a tier by size, the largest prompt below it, and its name."""

    family: re.Pattern[str]
    first: tuple[int, int]
    most: int
    name: str


def _pattern(text: str) -> re.Pattern[str]:
    return lazy_compile(text, re.IGNORECASE)


# What identifies a model of a maker, whether it has a large context or not.
_IDENTIFIED = _pattern(r"claude-(?:[a-z]+-)?v?\d|gemini-(?:\d|pro|flash)")
_RULES = (
    # Read on 2026-11-28. Anthropic: https://platform.claude.com/docs/en/models/haiku-5-5/overview and
    # https://platform.claude.com/docs/en/about-claude/pricing#long-context-pricing. Since March 2026, all
    # models from Opus 4.6 and Sonnet 4.6 on have one price, with the exception of Haiku 5.5. AWS, Google and
    # Databricks still sell Sonnet 4 and 4.5 with a price over 200,000 tokens.
    _Rule(_pattern(rf"claude-(?:haiku-5[-.]5|5[-.]5-haiku){_END}"), 100_000),
    _Rule(_pattern(rf"claude-(?:sonnet-4(?:[-.][05])?|4(?:[-.][05])?-sonnet){_END}"), 200_000),
    # Google: https://ai.google.dev/gemini-api/docs/pricing. Flash models have one price.
    _Rule(_pattern(r"(?:(?<![\w-])|databricks-)gemini-(2[-.]5|3.*)-pro"), 200_000),
)
_TIERS = (
    # Read on 2026-11-28: https://developers.openai.com/api/docs/models/gpt-5.4. Azure calls GPT-3.5 gpt-35.
    _Tier(_pattern(r"gpt-(?!35)(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)"), (5, 4), 272_000, "over_272k"),
    # Read on 2026-11-28: https://docs.x.ai/docs/models.
    _Tier(_pattern(r"grok-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)"), (4, 2), 200_000, "over_200k"),
)
# Up to this size, a prompt has its usual price whatever the model.
_LOWEST_LIMIT = min(rule.most for rule in _RULES)
_LOWEST_TIER = min(tier.most for tier in _TIERS)
_LOWEST = min(_LOWEST_LIMIT, _LOWEST_TIER)


def find_suffix(prompt: int | None, *models: str | None) -> str:
    """Return the suffix of units that are priced for a long prompt, "" for other prompts.

    `models` are the names of one model, the most reliable first.
    """
    # Nearly all prompts are short, so the names are only looked at for the others.
    if (prompt or 0) <= _LOWEST_LIMIT:
        return ""
    name = next(filter(_IDENTIFIED.search, filter(None, models)), "")
    most = next((rule.most for rule in _RULES if rule.models.search(name)), None)
    return LARGE_CONTEXT if most is not None and (prompt or 0) > most else ""


def price_by_size(
    units: Mapping[str, Units], models: Sequence[str | None]
) -> tuple[Mapping[str, Units], Mapping[str, str]]:
    """Return the units of one request as `mark_context` does, and the property of `describe_tier`."""
    # Nearly all prompts are short, and have neither.
    if _sum_inputs(units.values()) <= _LOWEST:
        return units, {}
    return mark_context(units, *models), describe_tier(units, *models)


def mark_context(units: Mapping[str, Units], *models: str | None) -> dict[str, Units]:
    """Return the units of one request, all of them renamed if their input together is a large context."""
    # Cached tokens count toward the limit although they are cheaper, and the price of the whole request
    # changes, including that of its output.
    suffix = find_suffix(_sum_inputs(units.values()), *models)
    return {f"{name}{suffix}": unit for name, unit in units.items()} if suffix else {**units}


def describe_tier(units: Mapping[str, Units], *models: str | None) -> dict[str, str]:
    """Return the property that names the tier which the size of a prompt is priced by, {} for the usual one.

    `units` are those of one request to the model.
    """
    prompt = _sum_inputs(units.values())
    if prompt <= _LOWEST_TIER:
        return {}
    for name in filter(None, models):
        for tier in _TIERS:
            found = tier.family.search(name)
            if found is not None:
                version = int(found[1]), int(found[2] or 0)
                reached = version >= tier.first and prompt > tier.most
                return {"provider.context_tier": tier.name} if reached else {}
    return {}


def find_least_prompt(tier: str | None) -> int:
    """Return the tokens of the smallest prompt of a tier that `describe_tier` names, 0 for any other name."""
    return next((row.most + 1 for row in _TIERS if row.name == tier), 0)


def _sum_inputs(units: Iterable[Units]) -> int:
    total = 0
    for unit in units:
        total += unit.input or 0
    return total
