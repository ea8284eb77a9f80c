"""Anthropic's usage: which counts add up, when a context is large, and what becomes properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.providers.anthropic.usage import (
    describe_usage,
    find_scope,
    find_served_model,
    map_usage,
)
from tests.providers.shapes import Shown, objects_of, show

# A model that has another price for long prompts.
MODEL = "claude-sonnet-4-5"


def usage_of(
    text: Any = 100, output: Any = 50, read: Any = 0, written: Any = 0, **more: Any
) -> dict[str, Any]:
    return {
        "input_tokens": text,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        **more,
    }


def lifetimes(minutes: Any, hour: Any) -> dict[str, Any]:
    return {"cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}}


# What each field of a usage does to the units.
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "totals": (usage_of(), {"text": (100, 50)}),
    "cache read": (usage_of(read=30), {"text": (100, 50), "text_cache_read": (30, None)}),
    "cache write": (usage_of(written=30), {"text": (100, 50), "text_cache_write": (30, None)}),
    "cache write by lifetime": (
        usage_of(written=30, **lifetimes(20, 10)),
        {"text": (100, 50), "text_cache_write": (20, None), "text_cache_write_1h": (10, None)},
    ),
    "cache write for an hour alone": (
        usage_of(written=30, **lifetimes(0, 30)),
        {"text": (100, 50), "text_cache_write_1h": (30, None)},
    ),
    "lifetimes without their sum": (
        usage_of(written=None, **lifetimes(20, 10)),
        {"text": (100, 50), "text_cache_write": (20, None), "text_cache_write_1h": (10, None)},
    ),
    "a sum that went on behind its lifetimes": (
        usage_of(written=50, **lifetimes(20, 10)),
        {"text": (100, 50), "text_cache_write": (40, None), "text_cache_write_1h": (10, None)},
    ),
    "a lifetime over the sum": (
        usage_of(written=5, **lifetimes(0, 10)),
        {"text": (100, 50), "text_cache_write_1h": (5, None)},
    ),
    "lifetimes beside a sum of 0": (
        usage_of(written=0, **lifetimes(0, 500)),
        {"text": (100, 50), "text_cache_write_1h": (500, None)},
    ),
    "every detail null": (
        usage_of(read=None, written=None, cache_creation=None, server_tool_use=None, iterations=None),
        {"text": (100, 50)},
    ),
    "lifetimes null": (usage_of(**lifetimes(None, None)), {"text": (100, 50)}),
    "of another type": (
        usage_of(read="x", written=True, cache_creation=[1], server_tool_use="x", iterations={"type": 1}),
        {"text": (100, 50)},
    ),
    "whole floats": (usage_of(100.0, 50.0, 30.0), {"text": (100, 50), "text_cache_read": (30, None)}),
    "thinking is in the output": (
        usage_of(output_tokens_details={"thinking_tokens": 40}),
        {"text": (100, 50)},
    ),
    "searches": (
        usage_of(server_tool_use={"web_search_requests": 3, "web_fetch_requests": 2}),
        {"text": (100, 50), "web_search_request": (None, 3)},
    ),
    "no searches": (usage_of(server_tool_use={"web_search_requests": 0}), {"text": (100, 50)}),
    "nothing used": (usage_of(0, 0), {"text": (0, 0)}),
    "input alone": (usage_of(output=None), {"text": (100, None)}),
    "output alone": (usage_of(text=None), {"text": (None, 50)}),
    "caches alone": (usage_of(None, None, 30), {"text_cache_read": (30, None)}),
    "a negative total": (usage_of(-1), {"text": (None, 50)}),
    "an immense total": (usage_of(10**40), {"text": (None, 50)}),
    "nothing at all": ({}, {}),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_usage_becomes_units(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage, MODEL)) == units


@pytest.mark.parametrize(
    ("usage", "large"),
    [
        (usage_of(200_000), False),
        (usage_of(200_001), True),
        (usage_of(0, 50, 200_000), False),
        (usage_of(1, 50, 200_000), True),
        (usage_of(100_000, 50, 50_000, 50_001), True),
        (usage_of(100_000, 50, 50_000, None, **lifetimes(25_000, 25_001)), True),
        (usage_of(100_000, 50, 50_000, None, **lifetimes(25_000, 25_000)), False),
        (usage_of(100, 900_000), False),
    ],
    ids=repr,
)
def test_the_whole_input_decides_the_price_of_every_text_unit(usage: dict[str, Any], large: bool) -> None:
    units = map_usage({**usage, "server_tool_use": {"web_search_requests": 1}}, MODEL)
    assert all(name.endswith("_large_context") is large for name in units if name.startswith("text"))
    assert units["web_search_request"].output == 1


counts = st.none() | st.integers(0, 2**40)


@given(counts, counts, counts, counts, st.none() | st.tuples(counts, counts))
def test_the_units_add_up_to_what_is_billed(
    text: int | None, output: int | None, read: int | None, written: int, lived: Any
) -> None:
    usage = usage_of(text, output, read, written, **(lifetimes(*lived) if lived else {}))
    units = map_usage(usage, MODEL).values()
    told = written or sum(filter(None, lived or ()))
    assert sum(unit.input or 0 for unit in units) == (text or 0) + (read or 0) + told
    assert sum(unit.output or 0 for unit in units) == (output or 0)


def iteration(kind: str, text: int, output: int, model: str | None = None, **more: Any) -> dict[str, Any]:
    named = {"model": model} if model else {}
    return {"type": kind, **named, **usage_of(text, output, **more)}


@pytest.mark.parametrize(
    ("iterations", "units"),
    [
        ([iteration("message", 100, 50)], {"text": (100, 50)}),
        ([iteration("compaction", 10, 5), iteration("message", 100, 50)], {"text": (110, 55)}),
        (
            [iteration("compaction", 10, 5, read=7), iteration("compaction", 1, 2, written=3)],
            {"text": (111, 57), "text_cache_read": (7, None), "text_cache_write": (3, None)},
        ),
        # Neither request was large, though both together are.
        ([iteration("compaction", 200_000, 5)], {"text": (200_100, 55)}),
        (
            [iteration("compaction", 200_001, 5)],
            {"text": (100, 50), "text_large_context": (200_001, 5)},
        ),
        ([iteration("message", 60, 20), iteration("message", 40, 30)], {"text": (100, 50)}),
        ([iteration("advisor_message", 10, 5, "claude-other")], {"text": (100, 50)}),
        ([iteration("advisor_message", 10, 5, MODEL)], {"text": (110, 55)}),
        ([iteration("fallback_message", 100, 50, MODEL)], {"text": (100, 50)}),
        ([iteration("something_new", 10, 5)], {"text": (100, 50)}),
        ([{"type": "compaction"}, 7, None, "compaction", {"type": ["compaction"]}], {"text": (100, 50)}),
        ([{"type": "compaction", "output_tokens": 5}], {"text": (100, 55)}),
    ],
    ids=repr,
)
def test_what_is_not_in_the_totals_adds_to_them(iterations: list[Any], units: Shown) -> None:
    assert show(map_usage(usage_of(iterations=iterations), MODEL)) == units


@pytest.mark.parametrize(
    ("prompts", "units"),
    [
        ([90_000, 90_000, 90_000], {"text": (270_000, 3)}),
        ([90_000, 210_000], {"text": (90_000, 1), "text_large_context": (210_000, 1)}),
        # They don't add up to the totals.
        ([90_000, 90_000], {"text_large_context": (270_000, 3)}),
    ],
)
def test_each_prompt_of_a_response_decides_its_own_price(prompts: list[int], units: Shown) -> None:
    total = max(sum(prompts), 270_000)
    iterations = [iteration("message", prompt, 1) for prompt in prompts]
    usage = usage_of(total, 2 if total > 270_000 else 3, iterations=iterations)
    assert show(map_usage(usage, MODEL)) == units


@pytest.mark.parametrize(
    ("more", "properties"),
    [
        (
            {"cache_creation": {"ephemeral_12h_input_tokens": 7, "ephemeral_1h_input_tokens": 2}},
            {"provider.cache_write.12h_tokens": "7"},
        ),
        ({}, {}),
        ({"service_tier": "standard", "speed": "standard", "inference_geo": "global"}, {}),
        ({"service_tier": None, "speed": None, "inference_geo": "not_available"}, {}),
        ({"service_tier": "batch"}, {"provider.service_tier": "batch"}),
        ({"speed": "fast"}, {"provider.speed": "fast"}),
        ({"inference_geo": "us"}, {"provider.inference_geo": "us"}),
        ({"output_tokens_details": {"thinking_tokens": 7}}, {"provider.thinking_tokens": "7"}),
        ({"output_tokens_details": {"thinking_tokens": 0}}, {}),
        ({"server_tool_use": {"web_fetch_requests": 2}}, {"provider.web_fetch_requests": "2"}),
        (
            {"fallback_credit": {"status": {"type": "not_applied", "reason": "expired"}}},
            {
                "provider.fallback_credit.status.type": "not_applied",
                "provider.fallback_credit.status.reason": "expired",
            },
        ),
        ({"cost": 0.25}, {"provider.cost": "0.25"}),
        ({"iterations": [iteration("message", 1, 2), iteration("message", 1, 2, MODEL)]}, {}),
        ({"iterations": [iteration("advisor_message", 1, 2, MODEL)]}, {}),
        (
            {"iterations": [iteration("message", 1, 2), iteration("advisor_message", 3, 4, "other", read=5)]},
            {
                "provider.iterations.2.type": "advisor_message",
                "provider.iterations.2.model": "other",
                "provider.iterations.2.text.input": "3",
                "provider.iterations.2.text.output": "4",
                "provider.iterations.2.text_cache_read.input": "5",
            },
        ),
    ],
    ids=repr,
)
def test_what_becomes_no_unit_is_a_property(more: dict[str, Any], properties: dict[str, str]) -> None:
    assert describe_usage(usage_of(**more), MODEL) == properties


@pytest.mark.parametrize(
    ("iterations", "model"),
    [
        (None, None),
        ([iteration("message", 1, 2, MODEL)], None),
        ([iteration("message", 1, 2, MODEL), iteration("fallback_message", 1, 2, "other")], "other"),
        ([iteration("fallback_message", 1, 2)], None),
        ([{"type": "fallback_message", "model": 7}], None),
    ],
    ids=repr,
)
def test_the_model_that_stood_in_for_another_is_the_one_to_price(iterations: Any, model: str | None) -> None:
    assert find_served_model({"iterations": iterations}) == model


@pytest.mark.parametrize(
    ("place", "category", "scope"),
    [
        ("us", "system.anthropic", "datazone.us"),
        ("global", "system.anthropic", None),
        ("not_available", "system.anthropic", None),
        (None, "system.anthropic", None),
        ("", "system.anthropic", None),
        (["us"], "system.anthropic", None),
        ("us", "system.google.vertex", None),
        ("us", "system.azure", None),
    ],
)
def test_where_anthropic_processed_a_request_is_its_scope(
    place: Any, category: str, scope: str | None
) -> None:
    assert find_scope({"inference_geo": place}, category) == scope


NAMES = (
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("cache_creation", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "server_tool_use"),
    *("web_search_requests", "iterations", "type", "model", "compaction", "advisor_message", "inference_geo"),
    *("service_tier", "output_tokens_details", "thinking_tokens", "fallback_message"),
)


@example({"iterations": [{"input_tokens": 100_001, "model": True}]}, None)
@given(objects_of(NAMES), st.none() | st.sampled_from(NAMES))
def test_any_usage_raises_nothing(usage: dict[str, Any], model: str | None) -> None:
    for unit in map_usage(usage, model).values():
        assert (unit.input or 0) >= 0 and (unit.output or 0) >= 0
    assert all(isinstance(value, str) for value in describe_usage(usage, model).values())
    find_served_model(usage)
    find_scope(usage, "system.anthropic")
