"""Where a budget is heading, with a range that holds what comes in four of five cases."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.budgets.forecast import make_forecast
from payi_transport.budgets.periods import find_period, split_period
from tests.reports.support import exact

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
MONTH = find_period("month", START, timezone.utc)
DAYS = list(split_period("month", MONTH, timezone.utc))


def spent(*costs: float) -> dict[float, Decimal]:
    return {(START + timedelta(days=day)).timestamp(): Decimal(str(cost)) for day, cost in enumerate(costs)}


def test_equal_days_leave_no_doubt() -> None:
    found = make_forecast(Decimal(100), spent(*[2] * 10), DAYS, START + timedelta(days=10))
    assert exact(found.expected, found.low, found.high) == (60, 60, 60)
    assert found.reached is None


def test_the_day_on_which_the_amount_is_spent_is_named() -> None:
    found = make_forecast(Decimal(50), spent(*[2] * 10), DAYS, START + timedelta(days=10))
    assert found.reached == START + timedelta(days=25)


def test_different_days_make_a_range() -> None:
    found = make_forecast(Decimal(100), spent(*[1, 3] * 5), DAYS, START + timedelta(days=10))
    assert found.low is not None and found.high is not None
    assert found.low < found.expected == 60 < found.high


def test_the_range_is_that_of_the_days_that_are_left_and_of_the_average() -> None:
    found = make_forecast(Decimal(100), spent(*[1, 3] * 5), DAYS, START + timedelta(days=10))
    # Each day differs by the square root of 10/9, 20 are left, and the average of 10 is that of any day:
    # 1.28 * sqrt(10/9 * 20 + 10/9 / 10 * 20**2).
    assert exact(found.low, found.high) == (Decimal("49.548844"), Decimal("70.451156"))


def test_three_days_are_enough_for_a_range() -> None:
    found = make_forecast(Decimal(100), spent(1, 2, 3), DAYS, START + timedelta(days=3))
    # 6 + 2 * 27, and 1.28 * sqrt(27 + 27**2 / 3).
    assert exact(*found[:3]) == (60, Decimal("38.967454"), Decimal("81.032546"))


def test_a_day_counts_once_it_is_over_and_what_is_left_of_it_is_still_to_come() -> None:
    found = make_forecast(Decimal(100), spent(2, 2, 2, 1), DAYS, START + timedelta(days=3, hours=6))
    # 7 so far, and 2 for each of 26.75 days.
    assert exact(found.expected, found.low) == (Decimal("60.5"), Decimal("60.5"))


@pytest.mark.parametrize(
    ("amount", "reached"),
    [
        # Spent already, during a day, at its end, at the end of the month, and after it.
        ("19", None),
        ("20", None),
        ("21", timedelta(days=10, hours=12)),
        ("22", timedelta(days=11)),
        ("60", timedelta(days=30)),
        ("60.01", None),
    ],
)
def test_an_amount_is_reached_within_the_period_or_not(amount: str, reached: timedelta | None) -> None:
    found = make_forecast(Decimal(amount), spent(*[2] * 10), DAYS, START + timedelta(days=10))
    assert found.reached == (None if reached is None else START + reached)


def test_the_rest_of_a_day_is_spent_at_the_pace_of_a_day() -> None:
    now = START + timedelta(days=10, hours=12)
    found = make_forecast(Decimal("20.5"), spent(*[2] * 10), DAYS, now)
    assert found.reached == now + timedelta(hours=6)


@pytest.mark.parametrize(
    ("amount", "reached"),
    [
        ("3", None),
        ("4", None),
        ("6", timedelta(days=3)),
        ("59", timedelta(days=29, hours=12)),
        ("60", None),
        ("100", None),
    ],
)
def test_a_young_period_reaches_its_amount_at_the_pace_since_its_first_call(
    amount: str, reached: timedelta | None
) -> None:
    found = make_forecast(Decimal(amount), spent(2, 2), DAYS, START + timedelta(days=2))
    assert found.reached == (None if reached is None else START + reached)


def test_a_first_call_of_this_moment_has_no_pace() -> None:
    found = make_forecast(Decimal(100), spent(2), DAYS, START)
    assert exact(*found) == (2, None, None, None)


def test_it_is_never_less_than_what_is_spent() -> None:
    found = make_forecast(Decimal(100), spent(0, 0, 30), DAYS, START + timedelta(days=3))
    assert found.low == 30


def test_two_days_say_nothing_of_the_range() -> None:
    found = make_forecast(Decimal(100), spent(2, 2), DAYS, START + timedelta(days=2))
    assert exact(found.expected, found.low, found.high, found.reached) == (60, None, None, None)
    found = make_forecast(Decimal(10), spent(2, 2), DAYS, START + timedelta(days=2))
    assert found.reached == START + timedelta(days=5)


def test_days_before_the_first_call_do_not_count() -> None:
    costs = {(START + timedelta(days=day)).timestamp(): Decimal(2) for day in range(10, 20)}
    found = make_forecast(Decimal(100), costs, DAYS, START + timedelta(days=20))
    assert found.expected == 40


def test_nothing_was_spent_yet() -> None:
    found = make_forecast(Decimal(100), {}, DAYS, START + timedelta(days=2))
    assert exact(*found) == (0, None, None, None)


def test_four_of_five_periods_end_within_the_range() -> None:
    chance = random.Random(5)
    within = 0
    for _ in range(400):
        costs = [chance.gauss(10, 3) for _ in range(30)]
        found = make_forecast(Decimal(9999), spent(*costs[:15]), DAYS, START + timedelta(days=15))
        assert found.low is not None and found.high is not None
        within += found.low <= Decimal(str(sum(costs))) <= found.high
    assert 290 <= within <= 350


@given(
    st.lists(st.floats(0, 1e6), max_size=30),
    st.floats(0, 29.9),
    st.decimals("0.01", 10**9, places=2),
)
def test_forecasts_are_in_order(costs: list[float], days: float, amount: Decimal) -> None:
    now = START + timedelta(days=days)
    found = make_forecast(amount, spent(*costs[: int(days) + 1]), DAYS, now)
    total = sum(spent(*costs[: int(days) + 1]).values(), Decimal(0))
    assert found.expected >= total - Decimal("0.01")
    if found.low is not None and found.high is not None:
        assert found.low <= found.expected <= found.high
    assert found.reached is None or now <= found.reached <= MONTH.end
