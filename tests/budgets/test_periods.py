"""Periods tile the time line in every zone, over both ends of daylight saving."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.budgets.periods import find_period, split_period
from payi_transport.config.budget_rules import BudgetPeriod
from payi_transport.values.zones import find_zone

KINDS: tuple[BudgetPeriod, ...] = get_args(BudgetPeriod)
ZONES = [
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Pacific/Apia",
]
# Years with changes at midnight (Beirut, Havana), at 0:01 (St. John's until 2011), and without the
# 30th of December (Apia, 2011).
moments = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc))


@given(moments, st.sampled_from(KINDS), st.sampled_from(ZONES))
@example(datetime(2011, 12, 30, 9, 59, tzinfo=timezone.utc), "day", "Pacific/Apia")
@example(datetime(2011, 12, 30, 10, tzinfo=timezone.utc), "day", "Pacific/Apia")
@example(datetime(2009, 11, 1, 2, 40, tzinfo=timezone.utc), "day", "America/St_Johns")
def test_every_moment_is_in_one_period_and_the_periods_leave_no_gap(
    moment: datetime, kind: BudgetPeriod, name: str
) -> None:
    zone = find_zone(name)
    period = find_period(kind, moment, zone)
    assert moment in period
    assert find_period(kind, period.start, zone) == period
    assert find_period(kind, period.end - timedelta(microseconds=1), zone) == period
    assert find_period(kind, period.end, zone).start == period.end


@given(moments, st.sampled_from(KINDS), st.sampled_from(ZONES))
def test_the_parts_of_a_period_leave_no_gap(moment: datetime, kind: BudgetPeriod, name: str) -> None:
    zone = find_zone(name)
    period = find_period(kind, moment, zone)
    parts = list(split_period(kind, period, zone))
    assert (parts[0].start, parts[-1].end) == period
    assert all(left.end == right.start for left, right in pairwise(parts))


def local(name: str, *parts: int) -> datetime:
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(name)).astimezone(timezone.utc)


@pytest.mark.parametrize(
    ("kind", "moment", "start", "end"),
    [
        ("hour", (2026, 3, 29, 1, 30), (2026, 3, 29, 1), (2026, 3, 29, 3)),
        ("day", (2026, 3, 29, 12), (2026, 3, 29), (2026, 3, 30)),
        ("day", (2026, 10, 25, 12), (2026, 10, 25), (2026, 10, 26)),
        ("week", (2026, 11, 1, 12), (2026, 10, 26), (2026, 11, 2)),
        ("month", (2026, 12, 31, 23), (2026, 12, 1), (2027, 1, 1)),
        ("month", (2024, 2, 29, 5), (2024, 2, 1), (2024, 3, 1)),
        ("quarter", (2026, 12, 31, 23), (2026, 10, 1), (2027, 1, 1)),
        ("quarter", (2026, 5, 1), (2026, 4, 1), (2026, 7, 1)),
        ("year", (2026, 5, 1), (2026, 1, 1), (2027, 1, 1)),
    ],
)
def test_a_period_starts_and_ends_by_the_clocks_of_its_zone(
    kind: BudgetPeriod, moment: tuple[int, ...], start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    zone = "Europe/Berlin"
    found = find_period(kind, local(zone, *moment), find_zone(zone))
    assert found == (local(zone, *start), local(zone, *end))


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 7, 1), 24)])
def test_a_day_has_as_many_hours_as_the_clocks_of_its_zone(day: tuple[int, int, int], hours: int) -> None:
    zone = find_zone("Europe/Berlin")
    period = find_period("day", local("Europe/Berlin", *day), zone)
    assert period.end - period.start == timedelta(hours=hours)
    assert len(list(split_period("day", period, zone))) == hours


def test_hours_of_a_zone_that_is_off_by_45_minutes_start_there() -> None:
    found = find_period(
        "hour", datetime(2026, 5, 1, 10, 20, tzinfo=timezone.utc), find_zone("Asia/Kathmandu")
    )
    assert found.start == datetime(2026, 5, 1, 10, 15, tzinfo=timezone.utc)


def test_a_day_whose_midnight_was_skipped_starts_where_the_day_before_ends() -> None:
    # Toronto put its clocks forward from 23:30 to 0:30, so its first half hour reads as the next date.
    zone = ZoneInfo("America/Toronto")
    moment = datetime(1919, 3, 31, 4, 40, tzinfo=timezone.utc)
    day = find_period("day", moment, zone)
    assert moment in day
    assert find_period("day", day.end, zone).start == day.end
    assert find_period("day", day.start - timedelta(minutes=1), zone).end == day.start
