"""The change between two periods is split into parts that add up to it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.change import PARTS, Change, PeriodSums, explain_change
from tests.reports.support import exact, make_call

RATES = {
    "text input": "2",
    "text output": "8",
    "text_cache_read input": "1",
    "web_search_request output": "10",
    "gpt-5 text input": "20",
    "gpt-5 text output": "80",
}


def period(*calls: Any, rates: Any = RATES) -> PeriodSums:
    return PeriodSums([make_call(units, rates, **fields) for units, fields in calls])


def named(change: Change) -> dict[str, Fraction]:
    """The parts that are not zero."""
    assert sum(change.parts.values()) == change.after - change.before
    assert list(change.parts) == list(PARTS)
    return {name: part for name, part in change.parts.items() if part}


ONE: Any = ({"text": (100, 10)}, {})


def test_more_calls_are_volume() -> None:
    assert named(explain_change(period(ONE), period(ONE, ONE))) == {"volume": 280}


def test_another_model_is_mix() -> None:
    other = (ONE[0], {"resource": "gpt-5"})
    assert named(explain_change(period(ONE, ONE), period(ONE, other))) == {"model mix": 2800 - 280}


def test_longer_prompts() -> None:
    assert named(explain_change(period(ONE), period(({"text": (150, 10)}, {})))) == {"prompt size": 100}


def test_longer_responses() -> None:
    assert named(explain_change(period(ONE), period(({"text": (100, 15)}, {})))) == {"response size": 40}


def test_more_of_the_prompt_cached() -> None:
    cached: Any = ({"text": (50, 10), "text_cache_read": (50, 0)}, {})
    assert named(explain_change(period(ONE), period(cached))) == {"cache rate": -50}


def test_searches_are_other_units() -> None:
    searched: Any = ({"text": (100, 10), "web_search_request": (0, 2)}, {})
    assert named(explain_change(period(ONE), period(searched))) == {"other units": 20}


def test_another_price() -> None:
    cheaper = period(ONE, rates={**RATES, "text output": "5"})
    assert named(explain_change(period(ONE), cheaper)) == {"price": -30}


def test_retried_calls_are_apart() -> None:
    retried = (ONE[0], {"properties": {"system.retry": "1"}})
    first = (ONE[0], {"properties": {"system.retry": "0"}})
    assert named(explain_change(period(ONE), period(first, retried))) == {"retries": 280}


def test_from_nothing_and_to_nothing_is_volume() -> None:
    assert named(explain_change(period(), period(ONE))) == {"volume": 280}
    assert named(explain_change(period(ONE), period())) == {"volume": -280}
    assert named(explain_change(period(), period())) == {}


def test_calls_without_a_price_are_counted() -> None:
    sums = period(ONE, ({"text": (5, 5)}, {}), rates={"text input": "2", "text output": None})
    assert exact(sums.calls, sums.unpriced, sums.cost) == (2, 2, 210)


calls = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {"text": st.tuples(st.integers(0, 999), st.integers(0, 99))},
            optional={
                "text_cache_read": st.tuples(st.integers(0, 999), st.just(0)),
                "web_search_request": st.tuples(st.just(0), st.integers(0, 3)),
            },
        ),
        st.fixed_dictionaries(
            {},
            optional={
                "resource": st.sampled_from(["gpt-5", "o3"]),
                "properties": st.sampled_from([None, {"system.retry": "2"}]),
            },
        ),
    ),
    max_size=12,
)


@given(calls, calls, st.sampled_from(["1", "2.5"]))
def test_the_parts_add_up_to_the_change(before: list[Any], after: list[Any], price: str) -> None:
    old, new = period(*before), period(*after, rates={**RATES, "text output": price})
    change = explain_change(old, new)
    named(change)
    assert (change.before, change.after) == (old.cost, new.cost)


def test_parts_have_words() -> None:
    assert PARTS == {
        "volume": "more or fewer calls",
        "model mix": "other models",
        "prompt size": "longer or shorter prompts",
        "cache rate": "more or less of the prompts cached",
        "response size": "longer or shorter responses",
        "other units": "searches, images, audio, …",
        "price": "other prices",
        "retries": "calls that were repeated",
    }


@pytest.mark.parametrize("unit", ["text_cache_read", "text_cache_write", "text_cache_write_1h"])
def test_what_is_read_from_or_written_to_a_cache_is_a_part_of_the_prompt(unit: str) -> None:
    rates = {**RATES, f"{unit} input": "4"}
    old = period(({"text": (50, 10), unit: (50, 0)}, {}), rates=rates)
    longer = period(({"text": (100, 10), unit: (100, 0)}, {}), rates=rates)
    assert named(explain_change(old, longer)) == {"prompt size": 300}
    cached = period(({"text": (25, 10), unit: (75, 0)}, {}), rates=rates)
    assert named(explain_change(old, cached)) == {"cache rate": 50}


def test_parts_are_found_one_after_the_other() -> None:
    before = period(ONE, ONE)
    rates = {**RATES, "text input": "3"}
    after = period(*[({"text": (150, 20), "web_search_request": (0, 1)}, {})] * 3, rates=rates)
    assert named(explain_change(before, after)) == {
        "volume": 280,
        "prompt size": 3 * 100,
        "response size": 3 * 80,
        "other units": 3 * 10,
        "price": 3 * 150,
    }


def test_names_of_a_model_with_and_without_a_date_are_one_model() -> None:
    dated = period((ONE[0], {"resource": "gpt-4.1-2025-04-14"}), ONE)
    assert named(explain_change(period(ONE), dated)) == {"volume": 280}


def test_a_call_that_a_subscription_includes_lacks_no_price() -> None:
    call = make_call(ONE[0], {})
    covered = call._replace(estimate=msgspec.structs.replace(call.estimate, status="included", total=None))
    assert exact(PeriodSums([covered]).unpriced, PeriodSums([call]).unpriced) == (0, 1)
