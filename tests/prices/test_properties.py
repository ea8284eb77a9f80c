"""Every number that a provider reports besides units is priced, decides about a price, or says why not.

The names are those in the tables of SDK fields, in the recordings, and in the tests of the providers. A new
one fails here until it has its place.
"""

from __future__ import annotations

import re

import pytest

from payi_transport import Units
from payi_transport.prices.conditions import find_conditions
from payi_transport.prices.counts import BILLED, BILLED_PATTERNS, list_counts
from payi_transport.prices.figures import find_provider_figure
from tests.support.snippets import ROOT

PLACES = ("tests/wire", "tests/providers")
# An expected event, a table's "property provider.x", and a quoted name in a test.
NAME = re.compile(r"\"(?:property )?(provider\.[A-Za-z]\w*(?:\.\w+)*)\"")
# Names whose value decides about prices.
DECIDES = {
    "provider.service_tier": "batch",
    "provider.speed": "fast",
    "provider.inference_geo": "us",
    "provider.traffic_type": "ON_DEMAND_FLEX",
    "provider.extra_properties.google.traffic_type": "ON_DEMAND_PRIORITY",
    "provider.performanceConfig.latency": "optimized",
    "provider.search_context_size": "high",
}
FIGURES = (
    "provider.cost",
    "provider.cost.total_cost",
    "provider.cost_in_usd_ticks",
)
# All others, with the reason why no money depends on them here.
NOT_BILLED = {
    r"provider\.(served_model|response_id|name|quality|size)": "names, and what an image looks like: images"
    " are counted in tokens, and the list has no price for those that aren't",
    r"provider\.(queue|prompt|completion|total|load|eval|prompt_eval)_(time|duration)": "durations",
    r"provider\.(queue|metrics\.latencyMs)": "durations",
    r"provider\.error\.\w+": "errors",
    r"provider\.fallback_credit\.status\.\w+": "what became of a credit, without its amount",
    r"provider\.iterations\.\d+(\.(type|model))?": "names; the counts beside them are priced",
    r"provider\.svg_usage(\.(model|reasoning_tokens))?": "the name of a model, and a part of its output",
    r"provider\.tool_usage\.image_gen\.(cached_tokens|\w+_details\.\w+|output\.\w+)": "parts of the totals",
    r"provider\.prompt_tokens_details\.\w+": "parts of the totals, which no unit has",
    r"provider\.thinking_tokens": "a part of the output",
    r"provider\.cached_tokens": "Cohere bills cached tokens like all others",
    r"provider\.context_tier": "the list decides by the size of the prompt",
    r"provider\.cost_details\.\w+|provider\.is_byok": "parts of the provider's own figure",
    r"provider\.web_fetch_requests": "Anthropic fetches pages at the price of their tokens",
    r"provider\.code_interpreter_calls": "billed by the container that they ran in",
    r"provider\.connectors\.any": "a tool that Mistral has no price for, such as a server of the caller's",
    r"provider\.doc_size_bytes": "the size of a document, which is billed by its pages",
    r"provider\.prompt_audio_seconds": "the unit `audio` of the same call",
    r"provider\.billable_character_count": "the unit `text` of the same call, where it isn't in tokens",
    r"provider\.(a|a\.b\.c(\.d)?|c|d)": "tests of how names are made",
    r"provider\.grounding_tool_count\.\w+\.\w+|provider\.tool_usage": "no number",
}


def find_names() -> list[str]:
    files = [
        path for place in PLACES for path in (ROOT / place).rglob("*") if path.suffix in (".json", ".py")
    ]
    return sorted({name for path in files for name in NAME.findall(path.read_text("utf-8"))})


def is_billed(name: str) -> bool:
    return name in BILLED or any(pattern.fullmatch(name) for pattern in BILLED_PATTERNS)


def test_every_property_of_a_provider_has_its_place() -> None:
    names = find_names()
    places: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        places[name] += ["billed"] if is_billed(name) else []
        places[name] += ["decides"] if name in DECIDES else []
        places[name] += ["figure"] if name in FIGURES else []
        places[name] += [pattern for pattern in NOT_BILLED if re.fullmatch(pattern, name)]
    assert {name: found for name, found in places.items() if len(found) != 1} == {}
    # A search that finds nothing proves nothing.
    assert len(names) > 50


@pytest.mark.parametrize("name", [name for name in find_names() if is_billed(name)])
def test_a_property_that_is_billed_is_a_line_of_the_estimate(name: str) -> None:
    units = {"text_cache_write": Units(input=9)}
    assert list_counts(units, {name: "3"}, "m") != list_counts(units, {}, "m")


@pytest.mark.parametrize("name", DECIDES)
def test_a_property_that_decides_changes_the_conditions(name: str) -> None:
    assert find_conditions({name: DECIDES[name]}, None) != find_conditions({}, None)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_the_provider_is_found(name: str) -> None:
    assert find_provider_figure({name: "5"}, None) is not None
