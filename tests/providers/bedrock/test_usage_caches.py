"""What Bedrock tells of the cache: tokens of unknown lifetimes, and inputs that hold what was cached."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.bedrock.usage import find_lifetimes, map_usage, undo_double_count
from tests.providers.shapes import Shown, show


@pytest.mark.parametrize(
    ("details", "lifetimes"),
    [
        ([{"ttl": "5m", "inputTokens": 3}, {"ttl": "1h", "inputTokens": 4}], {5: 3, 60: 4}),
        ([{"ttl": "1h", "inputTokens": 3}, {"ttl": "1h", "inputTokens": 4}], {60: 7}),
        ([{"ttl": "long", "inputTokens": 3}, {"inputTokens": 4}], {0: 7}),
        ([{"ttl": "long"}], {0: 0}),
        ([{"ttl": "1h"}, {"ttl": "1h", "inputTokens": "x"}], {0: 0}),
        ([7, None, "x"], {}),
        ({"ttl": "1h", "inputTokens": 3}, {}),
        (None, {}),
    ],
    ids=repr,
)
def test_what_was_written_is_told_by_lifetime(details: Any, lifetimes: dict[int, int]) -> None:
    assert find_lifetimes({"cacheDetails": details}) == lifetimes


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({"cacheDetails": [{"ttl": "long"}]}, {}),
        ({"cacheDetails": [{"ttl": "long", "inputTokens": 3}]}, {"text_cache_write": (3, None)}),
        (
            {"cacheWriteInputTokens": 9, "cacheDetails": [{"ttl": "1h", "inputTokens": 3}]},
            {"text_cache_write": (6, None), "text_cache_write_1h": (3, None)},
        ),
    ],
)
def test_no_token_that_was_written_is_lost_or_made_up(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


@pytest.mark.parametrize(
    ("prompt", "read", "written", "left"),
    [
        (5, 5, None, 0),
        (5, None, 5, 0),
        (5, 3, 2, 0),
        (5, 2, 1, 2),
        (5, 3, 3, 5),
        (5, 6, None, 5),
        (5, 0, 0, 5),
        (5, None, None, 5),
        (None, 1, None, None),
        (0, None, 1, 0),
    ],
)
def test_the_cache_is_taken_off_an_input_that_can_hold_it(
    prompt: int | None, read: int | None, written: int | None, left: int | None
) -> None:
    usage = {"inputTokens": prompt, "cacheReadInputTokens": read, "cacheWriteInputTokens": written}
    undone = undo_double_count({name: value for name, value in usage.items() if value is not None})
    assert undone.get("inputTokens") == left
