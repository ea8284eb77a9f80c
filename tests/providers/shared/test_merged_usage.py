"""Several usages of one response: the fullest counts, and zeros take nothing back without a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.shared.merged_usage import fuller_usage, merge_usage

READ, WRITTEN = "cache_read_input_tokens", "cache_creation_input_tokens"
USED = {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40}
DETAILED = {**USED, "prompt_tokens_details": {"cached_tokens": 5}}


@pytest.mark.parametrize(
    ("earlier", "later", "merged"),
    [
        ({"input_tokens": 15}, {"output_tokens": 7}, {"input_tokens": 15, "output_tokens": 7}),
        ({"input_tokens": 15}, {"input_tokens": 18}, {"input_tokens": 18}),
        # envoyproxy/ai-gateway#1631, sgl-project/sglang#20830
        ({"input_tokens": 15}, {"input_tokens": 0}, {"input_tokens": 15}),
        ({"input_tokens": 15}, {"input_tokens": None}, {"input_tokens": 15}),
        ({"output_tokens": 7}, {"output_tokens": 0}, {"output_tokens": 7}),
        ({}, {"input_tokens": 0, "output_tokens": None}, {"input_tokens": 0}),
        ({"input_tokens": None}, {"input_tokens": 0}, {"input_tokens": 0}),
        # What was counted as input is in the cache after all.
        ({"input_tokens": 8834}, {"input_tokens": 0, READ: 8831}, {"input_tokens": 0, READ: 8831}),
        ({"input_tokens": 8834}, {"input_tokens": 18, READ: 8831}, {"input_tokens": 18, READ: 8831}),
        ({"input_tokens": 15, READ: 0}, {"input_tokens": 0, READ: 900}, {"input_tokens": 0, READ: 900}),
        ({WRITTEN: 500, READ: 0}, {WRITTEN: 0, READ: 500}, {WRITTEN: 0, READ: 500}),
        # The cache says nothing new, so it explains nothing.
        ({"input_tokens": 15, READ: 900}, {"input_tokens": 0, READ: 900}, {"input_tokens": 15, READ: 900}),
        ({"input_tokens": 1500}, {"input_tokens": 0, READ: 10}, {"input_tokens": 1500, READ: 10}),
        ({READ: 900}, {READ: 0}, {READ: 900}),
        (
            {WRITTEN: 9, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            {WRITTEN: 0, "cache_creation": {"ephemeral_1h_input_tokens": 0}},
            {WRITTEN: 9, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
        ),
        (
            {WRITTEN: 9, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            {WRITTEN: 0, READ: 9, "cache_creation": {"ephemeral_1h_input_tokens": 0}},
            {WRITTEN: 0, READ: 9, "cache_creation": {"ephemeral_1h_input_tokens": 0}},
        ),
        # The lifetimes are not repeated.
        (
            {WRITTEN: 9, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            {WRITTEN: 0, READ: 9},
            {WRITTEN: 0, READ: 9},
        ),
        (
            {"cacheWriteInputTokens": 9, "cacheDetails": [{"ttl": "1h", "inputTokens": 9}]},
            {"cacheWriteInputTokens": 0, "cacheReadInputTokens": 9},
            {"cacheWriteInputTokens": 0, "cacheReadInputTokens": 9},
        ),
        ({WRITTEN: 9}, {WRITTEN: 0, READ: 9}, {WRITTEN: 0, READ: 9}),
        (
            {WRITTEN: 0, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            {WRITTEN: 0, READ: 9},
            {WRITTEN: 0, READ: 9, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
        ),
        (
            {"server_tool_use": {"web_search_requests": 2}},
            {"server_tool_use": None},
            {"server_tool_use": {"web_search_requests": 2}},
        ),
        ({"iterations": [1]}, {"iterations": []}, {"iterations": [1]}),
        ({"iterations": [1]}, {"iterations": [2]}, {"iterations": [2]}),
        # A sum is that of the counts beside it.
        (USED, {"completion_tokens": 22}, {"prompt_tokens": 19, "completion_tokens": 22}),
        (USED, {"completion_tokens": 21}, USED),
        (USED, {"prompt_tokens": 20}, {"prompt_tokens": 20, "completion_tokens": 21}),
        (
            USED,
            {"completion_tokens": 22, "total_tokens": 41},
            {**USED, "completion_tokens": 22, "total_tokens": 41},
        ),
        (
            {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
            {"output_tokens": 3},
            {"input_tokens": 5, "output_tokens": 3},
        ),
        (
            {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
            {"input_tokens": 6, "total_tokens": 0},
            {"input_tokens": 6, "output_tokens": 2},
        ),
        # Estimates of what is in the cache differ by as much as there is, and no more.
        ({"input_tokens": 20}, {"input_tokens": 0, READ: 10}, {"input_tokens": 0, READ: 10}),
        ({"input_tokens": 21}, {"input_tokens": 0, READ: 10}, {"input_tokens": 21, READ: 10}),
        ({"prompt_tokens": 9}, {"prompt_tokens": 0, WRITTEN: 9}, {"prompt_tokens": 0, WRITTEN: 9}),
        (
            {"inputTokens": 9, "cacheWriteInputTokens": 5},
            {"inputTokens": 0, "cacheWriteInputTokens": 0, "cacheReadInputTokens": 14},
            {"inputTokens": 0, "cacheWriteInputTokens": 0, "cacheReadInputTokens": 14},
        ),
        (
            {"inputTokens": 9, "cacheReadInputTokens": 5},
            {"inputTokens": 0, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 14},
            {"inputTokens": 0, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 14},
        ),
        # What the cache has less of explains nothing, either.
        (
            {"input_tokens": 9, READ: 9, WRITTEN: 0},
            {"input_tokens": 0, READ: 4, WRITTEN: 3},
            {"input_tokens": 9, READ: 4, WRITTEN: 3},
        ),
        (USED, dict.fromkeys(USED, 0), USED),
    ],
    ids=str,
)
def test_the_last_value_of_a_field_counts_if_it_says_something(earlier: Any, later: Any, merged: Any) -> None:
    assert merge_usage(earlier, later) == merged


@pytest.mark.parametrize(
    ("earlier", "later", "fuller"),
    [
        (DETAILED, {"prompt_tokens": 19}, {"prompt_tokens": 19}),
        # What is left out may be a 0.
        (DETAILED, {"completion_tokens": 22}, {"completion_tokens": 22}),
        (DETAILED, dict.fromkeys(USED, 0), DETAILED),
        (DETAILED, dict.fromkeys(USED), DETAILED),
        (DETAILED, {}, DETAILED),
        (DETAILED, {"cost": 0.5}, {**DETAILED, "cost": 0.5}),
        (DETAILED, {**USED, "prompt_tokens_details": {"cached_tokens": 0}}, DETAILED),
        (DETAILED, {**USED, "prompt_tokens_details": None}, DETAILED),
        (DETAILED, {**USED, "prompt_tokens": 0}, DETAILED),
        # The sum is that of all counts, also of those that are left out.
        (
            {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14},
            {"promptTokenCount": 9, "totalTokenCount": 9},
            {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14},
        ),
        (
            {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14},
            {"inputTokens": 9, "totalTokens": 9},
            {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14},
        ),
        (
            {"promptTokenCount": 9, "thoughtsTokenCount": 5, "totalTokenCount": 14},
            {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14},
            {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14},
        ),
        ({}, USED, USED),
        ({"trafficType": "ON_DEMAND"}, {"promptTokenCount": 3}, {"promptTokenCount": 3}),
        (
            {"promptTokenCount": 3},
            {"trafficType": "ON_DEMAND"},
            {"promptTokenCount": 3, "trafficType": "ON_DEMAND"},
        ),
    ],
    ids=str,
)
def test_the_later_usage_counts_unless_it_contradicts_the_earlier(
    earlier: Any, later: Any, fuller: Any
) -> None:
    assert fuller_usage(earlier, later) == fuller


def nest(value: Any, levels: int) -> dict[str, Any]:
    for _ in range(levels):
        value = {"a": value}
    return {**USED, "details": value}


@pytest.mark.parametrize("levels", [20, 400])
def test_a_usage_that_nests_very_deep_is_still_counted(levels: int) -> None:
    earlier, later = nest(1, levels), {**nest(2, levels), "completion_tokens": 22, "total_tokens": 41}
    assert fuller_usage(earlier, later) is not later
    for merge in (fuller_usage, merge_usage):
        merged = merge(earlier, later)
        assert {name: merged[name] for name in USED} == {**USED, "completion_tokens": 22, "total_tokens": 41}
        # Beyond a level that no usage has, the later value counts as a whole.
        assert merge(earlier, {"details": 0, "total_tokens": 0})["details"] is earlier["details"]
        assert merged["details"].keys() == {"a"}


names = st.sampled_from(
    ["input_tokens", "output_tokens", READ, WRITTEN, "cache_creation", "total_tokens", "x"]
)
values = st.recursive(
    st.none() | st.integers(-2, 9) | st.booleans() | st.text(max_size=1) | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
usages = st.dictionaries(names, values)


@given(usages, usages)
def test_any_usages_can_be_merged(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    merged = merge_usage(earlier, later)
    assert set(fuller_usage(earlier, later)) | set(merged) <= {*earlier, *later}
    for name, value in earlier.items():
        if name not in ("total_tokens", "cache_creation") and later.get(name) is None:
            assert merged[name] is value
