"""Bedrock's token counts, in every spelling, and none counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.bedrock.usage import (
    complete_units,
    describe_service,
    map_usage,
    read_header_usage,
    undo_double_count,
)
from payi_transport.values.event import Units
from tests.providers.shapes import Shown, objects_of, show

USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "Converse": ({"inputTokens": 14, "outputTokens": 26, "totalTokens": 40}, {"text": (14, 26)}),
    "the metrics of a stream": ({"inputTokenCount": 14, "outputTokenCount": 26}, {"text": (14, 26)}),
    "nothing written is told": ({"inputTokens": 0, "outputTokens": 0}, {"text": (0, 0)}),
    "the prompt alone": ({"inputTokens": 5}, {"text": (5, None)}),
    "no count at all": ({"totalTokens": 5}, {}),
    "caches beside the input": (
        {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 30, "cacheWriteInputTokens": 40},
        {"text": (1, 2), "text_cache_read": (30, None), "text_cache_write": (40, None)},
    ),
    "caches in the other spelling": (
        {
            "inputTokens": 1,
            "outputTokens": 2,
            "cacheReadInputTokenCount": 30,
            "cacheWriteInputTokenCount": 40,
        },
        {"text": (1, 2), "text_cache_read": (30, None), "text_cache_write": (40, None)},
    ),
    "caches in both spellings": (
        {
            "inputTokens": 1,
            "outputTokens": 2,
            "cacheReadInputTokens": 30,
            "cacheReadInputTokenCount": 30,
            "cacheWriteInputTokens": 40,
            "cacheWriteInputTokenCount": 40,
        },
        {"text": (1, 2), "text_cache_read": (30, None), "text_cache_write": (40, None)},
    ),
    "empty caches": ({"inputTokens": 1, "cacheReadInputTokens": 0, "cacheDetails": []}, {"text": (1, None)}),
    "written for an hour": (
        {"cacheWriteInputTokens": 40, "cacheDetails": [{"ttl": "1h", "inputTokens": 40}]},
        {"text_cache_write_1h": (40, None)},
    ),
    "written for an hour and for less": (
        {
            "cacheWriteInputTokens": 40,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}],
        },
        {"text_cache_write": (10, None), "text_cache_write_1h": (30, None)},
    ),
    "details without their sum": (
        {"cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}]},
        {"text_cache_write": (10, None), "text_cache_write_1h": (30, None)},
    ),
    "a lifetime that is not known, without their sum": (
        {"cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "2d", "inputTokens": 10}]},
        {"text_cache_write": (10, None), "text_cache_write_1h": (30, None)},
    ),
    "details over their sum": (
        {"cacheWriteInputTokens": 20, "cacheDetails": [{"ttl": "1h", "inputTokens": 30}]},
        {"text_cache_write_1h": (20, None)},
    ),
    "details of other kinds": (
        {
            "cacheWriteInputTokens": 20,
            "cacheDetails": [None, 7, {"ttl": "2d", "inputTokens": 3}, {"ttl": "1h"}, {"inputTokens": 4}],
        },
        {"text_cache_write": (20, None)},
    ),
    "details that are no list": (
        {"cacheWriteInputTokens": 20, "cacheDetails": {}},
        {"text_cache_write": (20, None)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_the_units_of_a_usage(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


@given(
    objects_of(
        (
            "inputTokens",
            "outputTokenCount",
            "cacheReadInputTokens",
            "cacheWriteInputTokens",
            "cacheDetails",
            "ttl",
        )
    )
)
def test_counts_of_any_type_raise_nothing(usage: dict[str, Any]) -> None:
    map_usage(usage)
    map_usage(undo_double_count(usage))


@pytest.mark.parametrize(
    ("headers", "units"),
    [
        (
            {"x-amzn-bedrock-input-token-count": "14", "x-amzn-bedrock-output-token-count": "26"},
            {"text": (14, 26)},
        ),
        ({"x-amzn-bedrock-input-token-count": "14"}, {"text": (14, None)}),
        (
            {
                "x-amzn-bedrock-input-token-count": "14",
                "x-amzn-bedrock-cache-read-input-token-count": "3",
                "x-amzn-bedrock-cache-write-input-token-count": "4",
            },
            {"text": (14, None), "text_cache_read": (3, None), "text_cache_write": (4, None)},
        ),
        ({}, {}),
        ({"x-amzn-bedrock-input-token-count": ""}, {}),
        ({"x-amzn-bedrock-input-token-count": "-1"}, {}),
        ({"x-amzn-bedrock-input-token-count": "1.5"}, {}),
        ({"x-amzn-bedrock-input-token-count": "14, 14"}, {}),
        ({"x-amzn-bedrock-input-token-count": "9" * 5000}, {}),
        ({"x-amzn-bedrock-input-token-count": "²"}, {}),
    ],
)
def test_the_units_that_headers_tell(headers: dict[str, str], units: Shown) -> None:
    assert show(read_header_usage(headers)) == units


TOLD: Shown = {"text": (14, 26), "text_cache_read": (3, None)}


@pytest.mark.parametrize(
    ("units", "completed"),
    [
        ({}, TOLD),
        ({"text": (1, 2)}, {"text": (1, 2)}),
        ({"text": (0, 0)}, {"text": (0, 0)}),
        ({"text": (None, 2)}, {"text": (14, 2), "text_cache_read": (3, None)}),
        ({"text": (1, None)}, {"text": (1, 26)}),
        ({"text_cache_read": (9, None)}, {"text_cache_read": (9, None), "text": (None, 26)}),
        (
            {"text": (None, 2), "text_cache_write": (9, None)},
            {"text": (None, 2), "text_cache_write": (9, None)},
        ),
        (
            {"reasoning": (None, 2)},
            {"reasoning": (None, 2), "text": (14, None), "text_cache_read": (3, None)},
        ),
        ({"text_large_context": (200_001, None)}, {"text_large_context": (200_001, 26)}),
        (
            {"text_cache_read_large_context": (200_001, None)},
            {"text_cache_read_large_context": (200_001, None), "text_large_context": (None, 26)},
        ),
    ],
)
def test_input_or_output_without_a_count_is_filled_in_and_no_token_counts_twice(
    units: Shown, completed: Shown
) -> None:
    assert show(complete_units(make(units), make(TOLD))) == completed


def make(shown: Shown) -> dict[str, Units]:
    return {name: Units(*sides) for name, sides in shown.items()}


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        (
            {"inputTokens": 4995, "outputTokens": 19, "cacheWriteInputTokens": 4993},
            {"text": (2, 19), "text_cache_write": (4993, None)},
        ),
        (
            {"inputTokens": 4995, "outputTokens": 19, "totalTokens": 10007, "cacheWriteInputTokens": 4993},
            {"text": (2, 19), "text_cache_write": (4993, None)},
        ),
        (
            {"inputTokens": 100, "cacheReadInputTokens": 60, "cacheWriteInputTokens": 40},
            {"text": (0, None), "text_cache_read": (60, None), "text_cache_write": (40, None)},
        ),
        ({"inputTokens": 2, "cacheReadInputTokens": 60}, {"text": (2, None), "text_cache_read": (60, None)}),
        ({"inputTokens": 100}, {"text": (100, None)}),
        ({"cacheReadInputTokens": 60}, {"text_cache_read": (60, None)}),
    ],
)
def test_what_was_cached_is_taken_off_an_input_that_holds_it(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(undo_double_count(usage))) == units


@pytest.mark.parametrize(
    ("told", "properties"),
    [
        ((None, None, None), {}),
        (("default", None, None), {}),
        (("flex", None, None), {"provider.service_tier": "flex"}),
        (
            ("reserved", "optimized", 12),
            {
                "provider.service_tier": "reserved",
                "provider.performanceConfig.latency": "optimized",
                "provider.metrics.latencyMs": "12",
            },
        ),
        (([], {}, None), {}),
    ],
)
def test_tier_and_latencies_are_properties(told: tuple[Any, Any, Any], properties: dict[str, str]) -> None:
    assert describe_service(*told) == properties


def test_what_is_kept_for_longer_than_a_unit_says_is_reported() -> None:
    usage = {"cacheDetails": [{"ttl": "12h", "inputTokens": 7}, {"ttl": "1h", "inputTokens": 2}]}
    assert describe_service(None, None, None, usage) == {"provider.cache_write.12h_tokens": "7"}
