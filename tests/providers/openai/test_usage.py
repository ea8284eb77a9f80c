"""OpenAI's usage: which units each of its counts becomes, and that they add up to what is billed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.usage import find_extras, map_usage
from tests.providers.completions import COMPLETION, read, usage_of
from tests.providers.shapes import Shown, show

# What each field of a usage does to the units.
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "totals": (usage_of(), {"text": (100, 50)}),
    "cached": (
        usage_of(prompt_details={"cached_tokens": 30}),
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cache write": (
        usage_of(prompt_details={"cache_write_tokens": 30}),
        {"text": (70, 50), "text_cache_write": (30, None)},
    ),
    "audio in": (usage_of(prompt_details={"audio_tokens": 30}), {"text": (70, 50), "audio": (30, None)}),
    "image in": (usage_of(prompt_details={"image_tokens": 30}), {"text": (70, 50), "vision": (30, None)}),
    "text in is the rest": (usage_of(prompt_details={"text_tokens": 30}), {"text": (100, 50)}),
    "reasoning": (
        usage_of(completion_details={"reasoning_tokens": 20}),
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
    "audio out": (
        usage_of(completion_details={"audio_tokens": 20}),
        {"text": (100, 30), "audio": (None, 20)},
    ),
    "image out": (
        usage_of(completion_details={"image_tokens": 20}),
        {"text": (100, 30), "image": (None, 20)},
    ),
    "text out is the rest": (usage_of(completion_details={"text_tokens": 20}), {"text": (100, 50)}),
    "predictions are in the completion": (
        usage_of(completion_details={"accepted_prediction_tokens": 5, "rejected_prediction_tokens": 9}),
        {"text": (100, 50)},
    ),
    "everything": (
        usage_of(
            prompt_details={
                "cached_tokens": 10,
                "cache_write_tokens": 5,
                "audio_tokens": 20,
                "image_tokens": 30,
                "text_tokens": 50,
            },
            completion_details={
                "reasoning_tokens": 10,
                "audio_tokens": 20,
                "text_tokens": 20,
                "accepted_prediction_tokens": 1,
                "rejected_prediction_tokens": 1,
            },
        ),
        {
            "text": (35, 20),
            "text_cache_read": (10, None),
            "text_cache_write": (5, None),
            "audio": (20, 20),
            "vision": (30, None),
            "reasoning": (None, 10),
        },
    ),
    "every detail null": (
        usage_of(
            prompt_details=dict.fromkeys(
                ["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens"]
            ),
            completion_details=dict.fromkeys(["reasoning_tokens", "audio_tokens", "image_tokens"]),
        ),
        {"text": (100, 50)},
    ),
    "empty details": (usage_of(prompt_details={}, completion_details={}), {"text": (100, 50)}),
    "details of another type": (usage_of(prompt_details=[1], completion_details="x"), {"text": (100, 50)}),
    "counts of another type": (
        usage_of(prompt_details={"cached_tokens": "x", "audio_tokens": True, "image_tokens": [3]}),
        {"text": (100, 50)},
    ),
    "a negative detail": (usage_of(prompt_details={"cached_tokens": -30}), {"text": (100, 50)}),
    "a fraction": (usage_of(prompt_details={"cached_tokens": 0.5}), {"text": (100, 50)}),
    "whole floats": (
        usage_of(100.0, 50.0, {"cached_tokens": 30.0}, {"reasoning_tokens": 20.0}),
        {"text": (70, 30), "text_cache_read": (30, None), "reasoning": (None, 20)},
    ),
    "a detail over its total": (
        usage_of(prompt_details={"cached_tokens": 500}),
        {"text": (0, 50), "text_cache_read": (100, None)},
    ),
    "details that overlap": (
        usage_of(prompt_details={"cached_tokens": 80, "audio_tokens": 90}),
        {"text": (0, 50), "text_cache_read": (80, None), "audio": (20, None)},
    ),
    "nothing used": (usage_of(0, 0), {"text": (0, 0)}),
    "no completion": (usage_of(completion=None), {"text": (100, None)}),
    "no prompt": (usage_of(prompt=None), {"text": (None, 50)}),
    "no totals": (
        usage_of(None, None, {"cached_tokens": 30}, {"reasoning_tokens": 20}),
        {},
    ),
    "a negative total": (usage_of(-1, 50), {"text": (None, 50)}),
    "an immense total": (usage_of(10**40, 50), {"text": (None, 50)}),
    "true for a total": (usage_of(True, 50), {"text": (None, 50)}),
    "nothing at all": ({}, {}),
    "cached, as DeepSeek tells": (
        {**usage_of(), "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 70},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cached, as Moonshot tells": (
        {**usage_of(), "cached_tokens": 30},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cached, told in OpenAI's place and beside it": (
        {**usage_of(prompt_details={"cached_tokens": 20}), "prompt_cache_hit_tokens": 30},
        {"text": (80, 50), "text_cache_read": (20, None)},
    ),
    "nothing cached in OpenAI's place": (
        {**usage_of(prompt_details={"cached_tokens": 0}), "cached_tokens": 30},
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "cached and images, as xAI tells them flat": (
        {**usage_of(), "cached_prompt_text_tokens": 30, "prompt_image_tokens": 20, "prompt_text_tokens": 80},
        {"text": (50, 50), "text_cache_read": (30, None), "vision": (20, None)},
    ),
    "flat names beside OpenAI's details": (
        {
            **usage_of(
                prompt_details={"cached_tokens": 20, "image_tokens": 10},
                completion_details={"reasoning_tokens": 5},
            ),
            "cached_prompt_text_tokens": 30,
            "prompt_image_tokens": 40,
            "reasoning_tokens": 20,
        },
        {"text": (70, 45), "text_cache_read": (20, None), "vision": (10, None), "reasoning": (None, 5)},
    ),
    "flat reasoning in the completion, as SGLang counts": (
        {**usage_of(), "reasoning_tokens": 20},
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
    "flat reasoning beside the completion, as xAI counts": (
        {**usage_of(), "reasoning_tokens": 20, "total_tokens": 170},
        {"text": (100, 50), "reasoning": (None, 20)},
    ),
    "flat reasoning that no grand total has, larger than the completion, as Perplexity counts": (
        {**usage_of(), "reasoning_tokens": 200},
        {"text": (100, 50), "reasoning": (None, 200)},
    ),
    "flat names null, and of another type": (
        {**usage_of(), "reasoning_tokens": None, "prompt_image_tokens": "x", "cached_prompt_text_tokens": []},
        {"text": (100, 50)},
    ),
    "names of the Responses API": (
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "input_tokens_details": {"cached_tokens": 30},
            "output_tokens_details": {"reasoning_tokens": 20},
        },
        {"text": (70, 30), "text_cache_read": (30, None), "reasoning": (None, 20)},
    ),
    "unknown fields": (
        {**usage_of(), "prompt_time": 0.1, "cost": 3, "cost_details": {"x": 1}, "num_sources_used": 4},
        {"text": (100, 50)},
    ),
    "reasoning beside the completion, as xAI counts": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": 170},
        {"text": (100, 50), "reasoning": (None, 20)},
    ),
    "reasoning beside the completion, by the other names": (
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "total_tokens": 170,
            "output_tokens_details": {"reasoning_tokens": 20},
        },
        {"text": (100, 50), "reasoning": (None, 20)},
    ),
    "reasoning beside, larger than the completion": (
        {**usage_of(completion_details={"reasoning_tokens": 200}), "total_tokens": 350},
        {"text": (100, 50), "reasoning": (None, 200)},
    ),
    "a grand total that fits neither way": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": 999},
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
    "no grand total": (
        {**usage_of(completion_details={"reasoning_tokens": 20}), "total_tokens": None},
        {"text": (100, 30), "reasoning": (None, 20)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_usage_becomes_units(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


def test_what_a_usage_reports_besides_token_counts_are_extras() -> None:
    counted = {**usage_of(), "prompt_cache_hit_tokens": 1, "cached_tokens": 1, "input_tokens": 3}
    extras = {"cost": 0.01, "is_byok": True, "cost_details": {"upstream": None}, "queue": "x"}
    assert (
        find_extras({**counted, **extras, "num_sources_used": 0, "prompt_time": 0.0, "no": False}) == extras
    )


def test_the_extras_of_a_usage_are_properties() -> None:
    usage = {**usage_of(), "cost": 0.01, "is_byok": True, "cost_details": {"upstream": None}, "queue": "x"}
    assert read({**COMPLETION, "usage": usage}).properties == {
        "provider.cost": "0.01",
        "provider.is_byok": "True",
        "provider.queue": "x",
    }


odd = (
    st.none()
    | st.integers(-5, 300)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=3)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
)
details = st.dictionaries(
    st.sampled_from(
        [
            "cached_tokens",
            "cache_write_tokens",
            "audio_tokens",
            "image_tokens",
            "reasoning_tokens",
            "text_tokens",
        ]
    ),
    odd,
)
usages = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": odd,
        "completion_tokens": odd,
        "total_tokens": odd,
        "prompt_tokens_details": odd | details,
        "completion_tokens_details": odd | details,
    },
)


def totals(units: Any) -> tuple[int, int]:
    return (
        sum(unit.input or 0 for unit in units.values()),
        sum(unit.output or 0 for unit in units.values()),
    )


@given(st.integers(0, 2**53), st.integers(0, 2**53), odd | details, odd | details)
def test_the_units_add_up_to_what_is_billed(
    prompt: int, completion: int, prompt_details: Any, completion_details: Any
) -> None:
    usage = usage_of(prompt, completion, prompt_details, completion_details)
    usage["total_tokens"] = prompt + completion
    assert totals(map_usage(usage)) == (prompt, completion)


@given(st.integers(0, 2**50), st.integers(0, 2**50), st.integers(1, 2**50))
def test_reasoning_in_addition_to_the_completion_adds_to_it(
    prompt: int, completion: int, reasoning: int
) -> None:
    usage = usage_of(prompt, completion, None, {"reasoning_tokens": reasoning})
    usage["total_tokens"] = prompt + completion + reasoning
    units = map_usage(usage)
    assert totals(units) == (prompt, completion + reasoning)
    assert units["reasoning"].output == reasoning


@given(usages)
def test_any_usage_gives_whole_units(usage: dict[str, Any]) -> None:
    for unit in map_usage(usage).values():
        for number in (unit.input, unit.output):
            assert number is None or (type(number) is int and number >= 0)


idle = st.sampled_from([{"cached_tokens": 0}, {"prompt_token_details": {}}, {"queue": 1}, {"at": {"x": 1}}])


@given(usages, idle)
def test_zeros_and_what_is_no_count_change_no_units(usage: dict[str, Any], more: dict[str, Any]) -> None:
    assert list(map_usage({**usage, **more}).items()) == list(map_usage(usage).items())
    extras = {name: value for name, value in more.items() if name in ("queue", "at")}
    assert find_extras({**usage, **more}) == {**find_extras(usage), **extras}
