"""Where a budget is heading, with a range that holds what comes in four of five cases."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

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
