"""What a later report has beyond an earlier one, so that both together are the later one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode.more_units import add_units, find_more_units, has_units, subtract_numbers
from payi_transport.values.event import Units

Shown = dict[str, Units]
TOKENS = ("text", "text_cache_read", "text_large_context", "reasoning", "vision", "audio")
OTHERS = ("web_search_request", "guardrail_topic")
counts = st.none() | st.integers(0, 50)
mappings = st.dictionaries(st.sampled_from(TOKENS + OTHERS), st.builds(Units, counts, counts))


@pytest.mark.parametrize(
    ("reported", "units", "more"),
    [
        # The usage so far, of a session and of a stream, and tokens that were counted here.
        ({"audio": Units(10)}, {"audio": Units(600)}, {"audio": Units(590)}),
        ({"text": Units(1000, 5)}, {"text": Units(1000, 5000)}, {"text": Units(None, 4995)}),
        ({"text": Units(None, 2)}, {"text": Units(1000, 2000)}, {"text": Units(1000, 1998)}),
        ({"text": Units(5, 5)}, {"text": Units(5, 5)}, {}),
        ({"text": Units(5, 9)}, {"text": Units(4, 8)}, {}),
        ({"text": Units(5, 9)}, {"text": Units(7, 8)}, {"text": Units(2)}),
        ({}, {"text": Units(0, 1)}, {"text": Units(None, 1)}),
        # Tokens that turn out to be of another kind.
        ({"text": Units(1000)}, {"text": Units(400), "text_cache_read": Units(600)}, {}),
        (
            {"text": Units(None, 30)},
            {"text": Units(9, 10), "reasoning": Units(None, 90)},
            {"text": Units(9), "reasoning": Units(None, 70)},
        ),
        (
            {"text": Units(1000, 5)},
            {"text_large_context": Units(250_000, 50)},
            {"text_large_context": Units(249_000, 45)},
        ),
        ({"text": Units(100), "vision": Units(20)}, {"text": Units(120)}, {}),
        # What is no token doesn't become one.
        (
            {"text": Units(None, 30)},
            {"text": Units(None, 20), "web_search_request": Units(None, 2)},
            {"web_search_request": Units(None, 2)},
        ),
        (
            {"web_search_request": Units(None, 2)},
            {"text": Units(None, 20)},
            {"text": Units(None, 20)},
        ),
    ],
)
def test_more_is_what_is_beyond_what_was_reported(reported: Shown, units: Shown, more: Shown) -> None:
    assert find_more_units(units, reported) == more


def add_up(units: Shown, names: tuple[str, ...] = TOKENS) -> tuple[int, int]:
    rows = [unit for name, unit in units.items() if name in names]
    return sum(unit.input or 0 for unit in rows), sum(unit.output or 0 for unit in rows)


@given(mappings, mappings)
def test_both_reports_together_have_the_tokens_of_the_fuller_one(reported: Shown, units: Shown) -> None:
    more = find_more_units(units, reported)
    both = add_units(reported, more)
    assert add_up(both) == tuple(map(max, add_up(reported), add_up(units)))
    for name in OTHERS:
        assert add_up(both, (name,)) == tuple(map(max, add_up(reported, (name,)), add_up(units, (name,))))
    assert find_more_units(units, both) == {}
    assert more == {} or has_units(more)


@pytest.mark.parametrize(
    ("units", "has_any"),
    [
        ({}, False),
        ({"text": Units()}, False),
        ({"text": Units(0, 0), "reasoning": Units(None, 0)}, False),
        ({"text": Units(0, 0), "reasoning": Units(None, 1)}, True),
        ({"audio": Units(1)}, True),
    ],
)
def test_zeros_are_no_units(units: Shown, has_any: bool) -> None:
    assert has_units(units) == has_any


def test_counts_of_the_provider_are_less_by_what_was_reported() -> None:
    reported = {"provider.a": "2", "provider.b": "2", "provider.c": "2", "provider.d": "x", "user": "2"}
    later = {
        "provider.a": "5",
        "provider.b": "2",
        "provider.c": "1",
        "provider.d": "x",
        "provider.e": "5",
        "user": "2",
    }
    assert subtract_numbers(later, reported) == {
        "provider.a": "3",
        "provider.d": "x",
        "provider.e": "5",
        "user": "2",
    }
    # A time, and what is too long to be a count, stay.
    odd = {"provider.time": "0.5", "provider.long": "9" * 20}
    assert subtract_numbers(odd, odd) == odd
    longest = {"provider.long": "9" * 19}
    assert subtract_numbers(longest, longest) == {}
