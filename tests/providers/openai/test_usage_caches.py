"""The cache in a usage of OpenAI's shape: other names and places, lifetimes, parts of other modalities.

Sources: LiteLLM's documentation of prompt caching and BerriAI/litellm#11364,
databricks/databricks-ai-bridge#446, Alibaba's page on Qwen's context cache, and OpenAI's SDK 3.57.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.usage import find_extras, map_total, map_usage
from tests.providers.completions import usage_of
from tests.providers.shapes import Shown, show

LITELLM = {
    "prompt_tokens": 98805,
    "completion_tokens": 5120,
    "total_tokens": 103925,
    "prompt_tokens_details": {"cached_tokens": 66360, "cache_creation_tokens": 32435},
    "cache_creation_input_tokens": 32435,
    "cache_read_input_tokens": 66360,
}


def flat(total: Any = 150, prompt: int = 100, completion: int = 50, **counts: Any) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        **counts,
    }


ANTHROPIC = {"cache_read_input_tokens": 30, "cache_creation_input_tokens": 20}
SPLIT: Shown = {"text": (50, 50), "text_cache_read": (30, None), "text_cache_write": (20, None)}
BESIDE: Shown = {"text": (100, 50), "text_cache_read": (30, None), "text_cache_write": (20, None)}
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "LiteLLM": (
        LITELLM,
        {"text": (10, 5120), "text_cache_read": (66360, None), "text_cache_write": (32435, None)},
    ),
    "LiteLLM, for an hour": (
        usage_of(
            prompt_details={
                "cache_creation_tokens": 30,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 10,
                    "ephemeral_1h_input_tokens": 20,
                },
            }
        ),
        {"text": (70, 50), "text_cache_write": (10, None), "text_cache_write_1h": (20, None)},
    ),
    "Qwen": (
        usage_of(
            prompt_details={
                "cached_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 30},
                "cache_creation_input_tokens": 30,
                "cache_type": "ephemeral",
            }
        ),
        {"text": (70, 50), "text_cache_write": (30, None)},
    ),
    "Databricks": (flat(**ANTHROPIC), SPLIT),
    "a gateway that has Anthropic's lifetimes at the top": (
        flat(**ANTHROPIC, cache_creation={"ephemeral_1h_input_tokens": 20, "ephemeral_5m_input_tokens": 0}),
        {"text": (50, 50), "text_cache_read": (30, None), "text_cache_write_1h": (20, None)},
    ),
    "OpenAI, for twelve hours": (
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "input_tokens_details": {
                "cache_write_tokens": 30,
                "cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_12h_tokens": 20},
            },
        },
        {"text": (70, 50), "text_cache_write": (30, None)},
    ),
    "lifetimes without their sum": (
        usage_of(prompt_details={"cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_1h_tokens": 20}}),
        {"text": (70, 50), "text_cache_write": (10, None), "text_cache_write_1h": (20, None)},
    ),
    "names in the details": (
        usage_of(prompt_details={"cache_read_input_tokens": 30, "cache_creation_input_tokens": 20}),
        SPLIT,
    ),
    "details in the singular": (
        {**usage_of(), "prompt_token_details": {"cached_tokens": 30, "cache_write_tokens": 20}},
        SPLIT,
    ),
    "the grand total has them beside the prompt": (flat(200, **ANTHROPIC), BESIDE),
    "the grand total has the details beside the prompt": (
        {**usage_of(prompt_details=ANTHROPIC), "total_tokens": 200},
        BESIDE,
    ),
    "the grand total has only what was read beside the prompt": (
        flat(180, **ANTHROPIC),
        {"text": (80, 50), "text_cache_read": (30, None), "text_cache_write": (20, None)},
    ),
    "the grand total has only what was written beside the prompt": (
        flat(170, **ANTHROPIC),
        {"text": (70, 50), "text_cache_read": (30, None), "text_cache_write": (20, None)},
    ),
    "the grand total has the cache and the reasoning beside": (
        flat(207, **ANTHROPIC, reasoning_tokens=7),
        {**BESIDE, "reasoning": (None, 7)},
    ),
    "no grand total": (flat(None, **ANTHROPIC), SPLIT),
    "no grand total, and more than the prompt": (
        flat(None, prompt=10, **ANTHROPIC),
        {"text": (10, 50), "text_cache_read": (30, None), "text_cache_write": (20, None)},
    ),
    "a grand total that fits neither way": (flat(999, **ANTHROPIC), SPLIT),
    "more than the prompt, which the grand total says has them": (
        flat(60, prompt=10, **ANTHROPIC),
        {"text": (0, 50), "text_cache_read": (10, None)},
    ),
    "counts of other types": (
        flat(cache_read_input_tokens="x", cache_creation_input_tokens=None, cache_creation=[1]),
        {"text": (100, 50)},
    ),
    "cached audio": (
        {
            "prompt_tokens": 1459,
            "completion_tokens": 1,
            "total_tokens": 1460,
            "prompt_tokens_details": {
                "cached_tokens": 1408,
                "text_tokens": 1349,
                "audio_tokens": 110,
                "cached_tokens_details": {"text_tokens": 1344, "audio_tokens": 64},
            },
        },
        {
            "text": (5, 1),
            "text_cache_read": (1344, None),
            "audio": (46, None),
            "audio_cache_read": (64, None),
        },
    ),
    "cached images, by the name that image tools have": (
        usage_of(
            prompt_details={
                "cached_tokens": 30,
                "image_tokens": 40,
                "cached_tokens_details": {"cached_text_tokens": 10, "cached_image_tokens": 20},
            }
        ),
        {
            "text": (50, 50),
            "text_cache_read": (10, None),
            "vision": (20, None),
            "vision_cache_read": (20, None),
        },
    ),
    "cached audio beside its sum": (
        usage_of(prompt_details={"cached_tokens": 30, "cached_audio_tokens": 20, "audio_tokens": 40}),
        {
            "text": (50, 50),
            "text_cache_read": (10, None),
            "audio": (20, None),
            "audio_cache_read": (20, None),
        },
    ),
    "Qwen's list": (
        {
            "input_tokens": 1524,
            "output_tokens": 9,
            "x_details": [
                None,
                {"prompt_tokens_details": {"cached_tokens": 1305, "cache_creation_input_tokens": 213}},
            ],
        },
        {"text": (6, 9), "text_cache_read": (1305, None), "text_cache_write": (213, None)},
    ),
    "Qwen's list, of another type": ({**usage_of(), "x_details": {"cached_tokens": 1}}, {"text": (100, 50)}),
    "cached parts without their sum": (
        usage_of(
            prompt_details={
                "audio_tokens": 40,
                "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 20},
            }
        ),
        {
            "text": (50, 50),
            "text_cache_read": (10, None),
            "audio": (20, None),
            "audio_cache_read": (20, None),
        },
    ),
    "more cached audio than audio": (
        usage_of(
            prompt_details={
                "cached_tokens": 30,
                "audio_tokens": 5,
                "cached_tokens_details": {"audio_tokens": 30},
            }
        ),
        {"text": (70, 50), "text_cache_read": (25, None), "audio_cache_read": (5, None)},
    ),
    "cached parts of other types": (
        usage_of(
            prompt_details={"cached_tokens": 30, "cached_tokens_details": {"device": 30, "audio_tokens": "x"}}
        ),
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_the_cache_has_units_of_its_own(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


def list_of(*details: dict[str, Any]) -> dict[str, Any]:
    return {**usage_of(), "x_details": [{"prompt_tokens_details": item} for item in details]}


def test_the_first_item_of_qwens_list_that_has_a_detail_says_it() -> None:
    usage = list_of({"cached_tokens": 30}, {"cached_tokens": 20, "cache_creation_input_tokens": 10})
    expected = {"text": (60, 50), "text_cache_read": (30, None), "text_cache_write": (10, None)}
    assert show(map_usage(usage)) == expected
    usage["prompt_tokens_details"] = {"cached_tokens": 0}
    assert show(map_usage(usage)) == {"text": (90, 50), "text_cache_write": (10, None)}


def test_of_a_very_long_list_the_beginning_is_read() -> None:
    others = [{f"x{number}": 1} for number in range(100_000)]
    started = time.thread_time()
    assert show(map_usage(list_of(*others, {"cached_tokens": 30}))) == {"text": (100, 50)}
    assert find_extras(list_of(*others)) == {}
    assert time.thread_time() - started < 5
    assert "text_cache_read" in map_usage(list_of(*others[:99], {"cached_tokens": 30}))


def test_what_became_units_is_no_property() -> None:
    assert find_extras(LITELLM) == find_extras(flat(**ANTHROPIC, cache_creation={"x": 1})) == {}


def test_writes_that_are_kept_for_longer_than_a_unit_says_are_reported() -> None:
    details = {"cache_write_tokens": 30, "cache_write_tokens_details": {"ttl_12h_tokens": 20}}
    assert find_extras({"input_tokens": 100, "input_tokens_details": details}) == {
        "cache_write": {"12h_tokens": 20}
    }


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({"total_tokens": 8}, {"text": (8, None)}),
        ({"prompt_tokens": 0, "total_tokens": 8}, {"text": (8, None)}),
        ({"prompt_tokens": None, "total_tokens": 8}, {"text": (8, None)}),
        ({"prompt_tokens": 5, "total_tokens": 8}, {"text": (5, None)}),
        ({"input_tokens": 5, "total_tokens": 8}, {"text": (5, None)}),
        ({"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8}, {"text": (8, 0)}),
        ({"total_tokens": "8"}, {"text": (8, None)}),
        ({"total_tokens": "x"}, {}),
        ({}, {}),
    ],
)
def test_a_total_alone_is_input(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_total(usage)) == units


names = st.sampled_from(
    [
        *("cached_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation_tokens"),
        *("cache_write_tokens", "audio_tokens", "image_tokens", "text_tokens", "reasoning_tokens"),
    ]
)
counts = st.dictionaries(names, st.none() | st.integers(-2, 200) | st.text(max_size=1))
lifetimes = st.dictionaries(
    st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "ttl_12h_tokens"]),
    st.integers(0, 200),
)
places = st.sampled_from(["cache_creation", "cache_write_tokens_details", "cached_tokens_details"])
details = st.builds(lambda a, b: {**a, **b}, counts, st.dictionaries(places, lifetimes | counts))


@given(st.integers(0, 100), st.integers(0, 100), details, details)
def test_the_units_add_up_to_the_grand_total(
    prompt: int, completion: int, prompt_details: Any, more: Any
) -> None:
    more.pop("reasoning_tokens", None)
    usage = {**more, **usage_of(prompt, completion, prompt_details), "total_tokens": prompt + completion}
    units = map_usage(usage).values()
    assert sum(unit.input or 0 for unit in units) == prompt
    assert sum(unit.output or 0 for unit in units) == completion
    assert all((unit.input or 0) >= 0 for unit in units)
