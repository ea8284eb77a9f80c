"""Google's usage: parts of the totals by modality, what is counted in addition, and long prompts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.google.usage import describe_usage, map_usage
from tests.providers.shapes import Shown, objects_of, show


def tokens(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": name.upper(), "tokenCount": number} for name, number in counts.items()]


PROMPT = {"promptTokenCount": 1000}
MIXED = {
    **PROMPT,
    "promptTokensDetails": tokens(text=100, image=200, document=300, audio=150, video=250),
}
# What each field of a usage does to the units.
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "nothing": ({}, {}),
    "no details are text": ({**PROMPT, "candidatesTokenCount": 50}, {"text": (1000, 50)}),
    "no output": (PROMPT, {"text": (1000, None)}),
    "output alone": ({"candidatesTokenCount": 5}, {"text": (None, 5)}),
    "output, as live responses spell it": ({"responseTokenCount": 5}, {"text": (None, 5)}),
    "output by modality, as live responses spell it": (
        {"responseTokenCount": 50, "responseTokensDetails": tokens(audio=40)},
        {"text": (None, 10), "audio": (None, 40)},
    ),
    "thoughts are counted in addition": (
        {**PROMPT, "candidatesTokenCount": 50, "thoughtsTokenCount": 20},
        {"text": (1000, 50), "reasoning": (None, 20)},
    ),
    "thoughts alone": ({**PROMPT, "thoughtsTokenCount": 20}, {"text": (1000, None), "reasoning": (None, 20)}),
    "no thoughts": ({**PROMPT, "thoughtsTokenCount": 0}, {"text": (1000, None)}),
    "results of tools are text": ({**PROMPT, "toolUsePromptTokenCount": 7}, {"text": (1007, None)}),
    "results of tools alone": ({"toolUsePromptTokenCount": 7}, {"text": (7, None)}),
    "modalities": (
        MIXED,
        {"text": (100, None), "vision": (500, None), "audio": (150, None), "video": (250, None)},
    ),
    "an unknown modality is text": (
        {**PROMPT, "promptTokensDetails": tokens(smell=400, modality_unspecified=100, audio=1)},
        {"text": (999, None), "audio": (1, None)},
    ),
    "details for the prompt alone": (
        {**PROMPT, "promptTokensDetails": tokens(text=1000), "candidatesTokenCount": 50},
        {"text": (1000, 50)},
    ),
    "details of less than the total": (
        {**PROMPT, "promptTokensDetails": tokens(text=10, image=90)},
        {"text": (910, None), "vision": (90, None)},
    ),
    "a modality with no tokens": (
        {**PROMPT, "promptTokensDetails": tokens(text=1000, audio=0, image=0)},
        {"text": (1000, None)},
    ),
    "a modality whose count can't be read": (
        {
            **PROMPT,
            "promptTokensDetails": [
                {"modality": "AUDIO", "tokenCount": "x"},
                {"modality": "IMAGE"},
                {"modality": "VIDEO", "tokenCount": -1},
            ],
        },
        {"text": (1000, None)},
    ),
    "details of more than the total": (
        {**PROMPT, "promptTokensDetails": tokens(image=900, audio=900)},
        {"text": (0, None), "vision": (900, None), "audio": (100, None)},
    ),
    "output by modality": (
        {
            "candidatesTokenCount": 100,
            "candidatesTokensDetails": tokens(text=10, image=40, audio=30, video=20),
        },
        {"text": (None, 10), "image": (None, 40), "audio": (None, 30), "video": (None, 20)},
    ),
    "a document in the output is text": (
        {"candidatesTokenCount": 100, "candidatesTokensDetails": tokens(document=40)},
        {"text": (None, 100)},
    ),
    "cached, without details": (
        {**PROMPT, "cachedContentTokenCount": 400},
        {"text": (600, None), "text_cache_read": (400, None)},
    ),
    "all is cached": (
        {**PROMPT, "cachedContentTokenCount": 1000},
        {"text": (0, None), "text_cache_read": (1000, None)},
    ),
    "cached by modality": (
        {
            **MIXED,
            "cachedContentTokenCount": 600,
            "cacheTokensDetails": tokens(text=100, image=150, document=300, audio=50),
        },
        {
            "text": (0, None),
            "vision": (50, None),
            "audio": (100, None),
            "video": (250, None),
            "vision_cache_read": (450, None),
            "audio_cache_read": (50, None),
            "text_cache_read": (100, None),
        },
    ),
    "cached tokens without modalities": (
        {**MIXED, "cachedContentTokenCount": 650},
        {
            "text": (0, None),
            "audio": (100, None),
            "video": (250, None),
            "text_cache_read": (100, None),
            "vision_cache_read": (500, None),
            "audio_cache_read": (50, None),
        },
    ),
    "more cached than there was": (
        {"promptTokenCount": 10, "cachedContentTokenCount": 99, "cacheTokensDetails": tokens(image=9)},
        {"text": (0, None), "text_cache_read": (10, None)},
    ),
    "results of tools are never cached": (
        {"promptTokenCount": 10, "toolUsePromptTokenCount": 5, "cachedContentTokenCount": 99},
        {"text": (5, None), "text_cache_read": (10, None)},
    ),
    "nulls": (
        {
            **PROMPT,
            "candidatesTokenCount": None,
            "promptTokensDetails": None,
            "cacheTokensDetails": [None],
            "cachedContentTokenCount": None,
        },
        {"text": (1000, None)},
    ),
    "nonsense": (
        {
            "promptTokenCount": "many",
            "candidatesTokenCount": 3,
            "candidatesTokensDetails": {"modality": "IMAGE"},
        },
        {"text": (None, 3)},
    ),
    "an interaction": (
        {
            "total_input_tokens": 100,
            "input_tokens_by_modality": [
                {"modality": "text", "tokens": 40},
                {"modality": "image", "tokens": 60},
            ],
            "total_cached_tokens": 30,
            "cached_tokens_by_modality": [{"modality": "image", "tokens": 30}],
            "total_output_tokens": 50,
            "output_tokens_by_modality": [{"modality": "audio", "tokens": 50}],
            "total_thought_tokens": 7,
            "total_tool_use_tokens": 5,
        },
        {
            "text": (45, 0),
            "vision": (30, None),
            "vision_cache_read": (30, None),
            "audio": (None, 50),
            "reasoning": (None, 7),
        },
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_a_usage_makes_its_units(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage, "gemini-2.5-flash")) == units
    assert show(map_usage(usage, None)) == units


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_parts_never_overlap_and_nothing_is_left_out(usage: dict[str, Any], units: Shown) -> None:
    def total(*names: str) -> int:
        return sum(value for name in names if isinstance(value := usage.get(name), int))

    prompt = total(
        "promptTokenCount", "total_input_tokens", "toolUsePromptTokenCount", "total_tool_use_tokens"
    )
    output = total(
        *("candidatesTokenCount", "responseTokenCount", "total_output_tokens"),
        *("thoughtsTokenCount", "total_thought_tokens"),
    )
    assert sum(unit[0] or 0 for unit in units.values()) == prompt
    assert sum(unit[1] or 0 for unit in units.values()) == output


def test_every_unit_of_a_long_prompt_says_so() -> None:
    usage = {
        "promptTokenCount": 300_000,
        "cachedContentTokenCount": 100_000,
        "candidatesTokenCount": 50,
        "thoughtsTokenCount": 20,
        "promptTokensDetails": tokens(text=299_000, video=1000),
        "cacheTokensDetails": tokens(text=99_500, video=500),
        "candidatesTokensDetails": tokens(image=40),
    }
    units = show(map_usage(usage, "gemini-3-pro-image-preview"))
    short = show(map_usage(usage, "gemini-3-flash"))
    assert units == {f"{name}_large_context": unit for name, unit in short.items()}


@pytest.mark.parametrize(
    ("usage", "tier", "properties"),
    [
        ({}, None, {}),
        ({"trafficType": "ON_DEMAND"}, None, {"provider.traffic_type": "ON_DEMAND"}),
        ({"serviceTier": "flex"}, None, {"provider.service_tier": "flex"}),
        ({"serviceTier": "flex"}, "priority", {"provider.service_tier": "priority"}),
        ({"serviceTier": "standard"}, None, {}),
        ({}, "standard", {}),
        ({}, "unspecified", {}),
        ({"serviceTier": [3], "trafficType": {}}, None, {}),
        (
            {"grounding_tool_count": [{"type": "google_search", "count": 2}, {"type": "google_maps"}, {}, 3]},
            None,
            {"provider.grounding_tool_count.google_search": "2"},
        ),
        ({"grounding_tool_count": "google_search"}, None, {}),
    ],
    ids=repr,
)
def test_what_the_price_depends_on_is_in_properties(
    usage: dict[str, Any], tier: Any, properties: dict[str, str]
) -> None:
    assert describe_usage(usage, tier) == properties


NAMES = (
    *("promptTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount"),
    *("toolUsePromptTokenCount", "promptTokensDetails", "cacheTokensDetails", "candidatesTokensDetails"),
    *(
        "modality",
        "tokenCount",
        "IMAGE",
        "trafficType",
        "serviceTier",
        "grounding_tool_count",
        "type",
        "count",
    ),
)


@given(objects_of(NAMES))
def test_any_object_raises_nothing(usage: dict[str, Any]) -> None:
    assert all(unit != (None, None) for unit in show(map_usage(usage, "gemini-2.5-pro")).values())
    assert all(isinstance(value, str) for value in describe_usage(usage, usage.get("type")).values())
