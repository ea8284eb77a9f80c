"""The zone of a bill's days is found, and UTC is believed unless another zone is far closer."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.reconcile_cells import OurCalls, add_bill
from payi_transport.reports.reconcile_zones import find_stated_zone, find_zones
from payi_transport.reports.zones import Zones
from tests.reports.support import NOON, make_call

UTC = timezone.utc


def fixed(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes)) if minutes else UTC


def make(days: int, start: datetime = NOON, model: str = "gpt-4.1") -> list[Any]:
    chance = random.Random(1)
    return [
        make_call(
            {"text": (chance.randint(1, 9999), 0)},
            {"text input": "2"},
            resource=model,
            event_timestamp=start + timedelta(days=chance.random() * days),
        )
        for _ in range(400)
    ]


def bill(
    calls: list[Any], zone: tzinfo, *, costs: bool = False, factor: str = "1", model: str = "gpt-4.1"
) -> list[BillLine]:
    days: Counter[Any] = Counter()
    for call in calls:
        days[call.event.event_timestamp.astimezone(zone).date()] += call.event.units["text"].input
    return [
        BillLine(
            provider="openai",
            start=datetime(day.year, day.month, day.day, tzinfo=UTC),
            model=model,
            kind="input",
            quantity=None if costs else Decimal(factor) * count,
            cost=Decimal(2 * count),
        )
        for day, count in days.items()
    ]


def find(lines: list[BillLine], calls: list[Any]) -> Zones:
    return find_zones(add_bill(lines, {}), OurCalls(calls, {"openai"}))


@pytest.mark.parametrize("minutes", [0, 60, -480, 330, 345, 540, -210, 765])
@pytest.mark.parametrize("costs", [False, True])
def test_the_zone_is_found(minutes: int, costs: bool) -> None:
    calls = make(12)
    found = find(bill(calls, fixed(minutes), costs=costs), calls)
    assert (found.main, found.own) == (fixed(minutes), {})


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("America/Los_Angeles", 3),
        ("America/New_York", 11),
        ("Europe/Berlin", 3),
        ("Europe/London", 10),
        ("Australia/Sydney", 4),
        ("Pacific/Auckland", 9),
    ],
)
def test_a_zone_with_daylight_saving_is_found_where_clocks_change(name: str, month: int) -> None:
    calls = make(30, datetime(2026, month, 2, tzinfo=UTC))
    found = find(bill(calls, ZoneInfo(name)), calls)
    days = {call.event.event_timestamp for call in calls}
    quarters = {int(moment.timestamp()) // 900 for moment in days}
    assert all(found.find_day(quarter) == Zones(ZoneInfo(name)).find_day(quarter) for quarter in quarters)


def test_one_model_may_be_cut_in_another_zone() -> None:
    usual, other = make(12), make(12, model="o3")
    lines = [*bill(usual, UTC), *bill(other, fixed(-480), model="o3")]

    found = find(lines, [*usual, *other])
    assert found.main == UTC
    assert set(found.own.values()) == {fixed(-480)}


def test_another_quantity_is_no_other_zone() -> None:
    calls = make(12)
    assert find(bill(calls, UTC, factor="1.3"), calls).main == UTC


def test_days_without_a_pattern_are_utc() -> None:
    calls = make(12)
    shuffled = bill(calls, UTC)
    costs = [line.quantity for line in shuffled]
    random.Random(3).shuffle(costs)
    lines = [
        BillLine(
            provider="openai",
            start=line.start,
            model="gpt-4.1",
            kind="input",
            quantity=quantity,
            cost=line.cost,
        )
        for line, quantity in zip(shuffled, costs, strict=True)
    ]
    found = find(lines, calls)
    assert (found.main, found.own) == (UTC, {})


def test_few_days_and_bills_of_other_models_say_nothing() -> None:
    calls = make(1)
    assert find(bill(calls, fixed(480)), calls).main == UTC
    assert find(bill(make(12), fixed(480)), []).main == UTC


def test_a_model_of_few_days_has_no_zone_of_its_own() -> None:
    usual, other = make(12), make(1, model="o3")[:40]
    found = find([*bill(usual, UTC), *bill(other, fixed(-480), model="o3")], [*usual, *other])
    assert (found.main, found.own) == (UTC, {})


def test_a_model_without_usage_in_the_period_says_nothing() -> None:
    calls = make(12)
    later = [
        make_call({"text": (5, 0)}, {"text input": "2"}, event_timestamp=NOON + timedelta(days=90))
        for _ in range(3)
    ]
    assert find(bill(calls, fixed(480)), later).main == UTC


def state(*starts: datetime, hours: int = 24) -> tzinfo:
    return find_stated_zone(
        [BillLine(provider="aws", start=start, end=start + timedelta(hours=hours)) for start in starts]
    )


def test_a_bill_whose_days_start_at_another_hour_says_its_zone() -> None:
    first = datetime(2026, 3, 7, 8, tzinfo=UTC)
    assert state(first) == fixed(-480)
    assert str(state(first, datetime(2026, 3, 9, 7, tzinfo=UTC))) == "America/Los_Angeles"
    assert state(datetime(2026, 3, 6, 18, 30, tzinfo=UTC)) == fixed(330)
    assert state(datetime(2026, 3, 7, tzinfo=fixed(120))) == fixed(120)


def test_hours_and_days_that_start_anywhere_state_nothing() -> None:
    day = datetime(2026, 3, 7, tzinfo=UTC)
    assert state(day) == UTC
    assert state(day.replace(hour=7), hours=1) == UTC
    assert state(day.replace(hour=7, minute=1)) == UTC
    assert find_stated_zone([BillLine(provider="aws", start=day.replace(hour=7))]) == UTC


@pytest.mark.parametrize(("hours", "offset"), [(22, 0), (23, -480), (24, -480), (25, -480)])
def test_a_day_on_which_clocks_change_states_a_zone(hours: int, offset: int) -> None:
    assert state(datetime(2026, 3, 7, 8, tzinfo=UTC), hours=hours) == fixed(offset)


@pytest.mark.parametrize(("days", "offset"), [(2, 0), (3, -480)])
def test_three_days_are_enough_to_find_a_zone(days: int, offset: int) -> None:
    calls = [
        make_call({"text": (7**day * (hour + 1), 0)}, {"text input": "2"}, event_timestamp=start)
        for day in range(days)
        for hour in range(24)
        for start in [NOON.replace(hour=8) + timedelta(days=day, hours=hour)]
    ]
    lines = bill(calls, fixed(-480))
    assert len(lines) == days
    assert find(lines, calls).main == fixed(offset)
