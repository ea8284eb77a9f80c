"""Reading counts that may be null, missing, huge or of another type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.shared.counts import count, count_parts, section, take

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (0.0, 0),
        (-0.0, 0),
        (2**53, 2**53),
        (float(2**53), 2**53),
        ("7", 7),
        ("0", 0),
        ("9007199254740992", 2**53),
    ],
)
def test_a_whole_number_is_a_count(value: object, read: int) -> None:
    counted = count({"n": value}, "n")
    assert counted == read
    assert type(counted) is int


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        "",
        "7.5",
        "-7",
        "\u0667",
        " 7",
        "1" * 17,
        b"7",
        [7],
        {"n": 7},
        -1,
        -7.0,
        7.5,
        2**53 + 1,
        10**40,
        1e300,
        float("nan"),
        float("inf"),
        -float("inf"),
    ],
)
def test_anything_else_is_none(value: object) -> None:
    assert count({"n": value}, "n") is None


def test_the_first_name_that_holds_a_count_counts() -> None:
    assert count({"a": 1, "b": 2}, "a", "b") == 1
    assert count({"a": None, "b": 2}, "a", "b") == 2
    assert count({"b": 2}, "a", "b") == 2
    assert count({}, "a", "b") is None
    assert count({"a": 1}) is None


def test_a_zero_counts_where_no_other_name_has_more() -> None:
    assert count({"a": 0, "b": 2}, "a", "b") == 2
    assert count({"a": 2, "b": 0}, "a", "b") == 2
    assert count({"a": 0, "b": None}, "a", "b") == 0
    assert count({"a": None, "b": 0}, "a", "b") == 0
    assert count({"a": 0, "b": -1}, "a", "b") == 0


FIELDS = {"cached": "read", "cache_read": "read", "written": "write"}


@pytest.mark.parametrize(
    ("usage", "parts"),
    [
        ({}, {}),
        ({"other": 7}, {}),
        ({"cached": 7, "other": 9}, {"read": 7}),
        # Hosts repeat a count under several names.
        ({"cached": 7, "cache_read": 9, "written": 1}, {"read": 9, "write": 1}),
        ({"cached": 9, "cache_read": 7}, {"read": 9}),
        ({"cached": 0, "cache_read": 7, "written": 0}, {"read": 7}),
        ({"cached": 7, "cache_read": 0, "written": -1}, {"read": 7}),
        ({"cached": "x", "cache_read": None, "written": "5"}, {"write": 5}),
    ],
    ids=repr,
)
def test_of_the_fields_of_a_unit_the_largest_counts(usage: dict[str, Any], parts: dict[str, int]) -> None:
    assert count_parts(usage, FIELDS) == parts


@pytest.mark.parametrize("value", [None, [], "x", 7, True])
def test_a_section_that_is_none_is_empty(value: object) -> None:
    assert section({"a": value}, "a") == {}
    assert section({}, "a") == {}
    assert section({"a": value, "b": {"n": 1}}, "a", "b") == {"n": 1}


def test_the_first_section_counts() -> None:
    assert section({"a": {"n": 1}, "b": {"n": 2}}, "a", "b") == {"n": 1}


@pytest.mark.parametrize(
    ("total", "parts", "taken", "rest"),
    [
        (10, {"a": 3, "b": 4}, {"a": 3, "b": 4}, 3),
        (10, {"a": None, "b": 0}, {}, 10),
        (10, {}, {}, 10),
        (10, {"a": 10}, {"a": 10}, 0),
        (10, {"a": 8, "b": 8, "c": 8}, {"a": 8, "b": 2}, 0),
        (10, {"a": 99}, {"a": 10}, 0),
        (0, {"a": 5}, {}, 0),
    ],
)
def test_parts_are_taken_off_a_total(
    total: int, parts: dict[str, int | None], taken: dict[str, int], rest: int
) -> None:
    assert take(total, parts) == (taken, rest)


@given(
    st.integers(0, 2**53),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers(0, 2**53), max_size=6),
)
def test_parts_and_rest_are_the_total(total: int, parts: dict[str, int | None]) -> None:
    taken, rest = take(total, parts)
    assert sum(taken.values()) + rest == total
    assert rest >= 0
    assert all(0 < taken[name] <= (parts[name] or 0) for name in taken)


@given(st.dictionaries(st.sampled_from("abc"), json_values))
def test_arbitrary_values_raise_nothing(usage: dict[str, Any]) -> None:
    counted = count(usage, "a", "b")
    assert counted is None or 0 <= counted <= 2**53
    assert isinstance(section(usage, "a", "b"), dict)
