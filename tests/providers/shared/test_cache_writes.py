"""Tokens written to a cache, by how long they are kept: one rule for every provider's names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.shared.cache_writes import describe_lifetimes, find_lifetimes, split_writes

NAMES: list[tuple[dict[str, Any], dict[int, int]]] = [
    ({"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 7}, {5: 3, 60: 7}),
    ({"ttl_30m_tokens": 3, "ttl_12h_tokens": 7}, {30: 3, 720: 7}),
    ({"1h": 3, "60m": 4}, {60: 7}),
    ({"ttl_tokens": 3, "1day": 4, "ttl_1hour": 5, "v1h2": 6}, {}),
    ({"ttl_1h_tokens": None, "ttl_5m_tokens": "x", "ttl_30m_tokens": 0, "ttl_2h_tokens": -1}, {}),
    ({"ttl_99999h_tokens": 1}, {}),
]


@pytest.mark.parametrize(("counts", "lifetimes"), NAMES, ids=lambda value: str(value)[:40])
def test_a_name_states_the_lifetime_of_its_tokens(counts: dict[str, Any], lifetimes: dict[int, int]) -> None:
    assert find_lifetimes(counts) == lifetimes


@pytest.mark.parametrize(
    ("total", "lifetimes", "units"),
    [
        (10, {}, {"text_cache_write": 10}),
        (10, {60: 4}, {"text_cache_write": 6, "text_cache_write_1h": 4}),
        (10, {60: 40}, {"text_cache_write_1h": 10}),
        (10, {5: 3, 720: 7}, {"text_cache_write": 10}),
        (None, {5: 3, 60: 4}, {"text_cache_write": 3, "text_cache_write_1h": 4}),
        (0, {60: 4}, {"text_cache_write_1h": 4}),
        (0, {5: 3, 60: 4}, {"text_cache_write": 3, "text_cache_write_1h": 4}),
        (0, {}, {}),
        (None, {}, {}),
    ],
)
def test_an_hour_has_a_unit_of_its_own(total: int | None, lifetimes: dict[int, int], units: Any) -> None:
    assert split_writes(total, lifetimes) == units


def test_longer_lifetimes_are_reported() -> None:
    assert describe_lifetimes({5: 3, 60: 4, 720: 7, 1440: 9}) == {
        "cache_write": {"12h_tokens": 7, "24h_tokens": 9}
    }
    assert describe_lifetimes({5: 3, 60: 4}) == {}
    assert describe_lifetimes({60: 4, 120: 5}) == {"cache_write": {"2h_tokens": 5}}


@given(st.integers(0, 2**53), st.dictionaries(st.integers(0, 10_000), st.integers(0, 2**53)))
def test_the_units_add_up_to_the_total(total: int, lifetimes: dict[int, int]) -> None:
    assert sum(split_writes(total, lifetimes).values()) == (total or sum(lifetimes.values()))
