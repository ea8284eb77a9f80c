"""The periods of a budget: hours, days, weeks, months, quarters, and years in one time zone.

The periods of a kind tile the time line: every moment is in exactly one, also where the clocks of the zone
change. A day starts at the first midnight of its date. Where midnight does not exist, because clocks were
put forward over it, the day starts at the change. An hour counts from the start of its local day, so the
zones that are off by 30 or 45 minutes have hours of their own, and a day of 24.5 hours ends with a short
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from payi_transport.config.budget_rules import BudgetPeriod

__all__ = ["Period", "find_part", "find_period", "split_period"]

_HOUR = timedelta(hours=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Period(NamedTuple):
    """From `start` until before `end`, both in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.start <= moment < self.end


def find_period(kind: BudgetPeriod, moment: datetime, zone: tzinfo) -> Period:
    """Return the period of a kind that an aware moment is in."""
    moment = moment.astimezone(timezone.utc)
    if kind == "hour":
        return _find_hour(moment, find_period("day", moment, zone))
    first = _find_first_day(kind, moment.astimezone(zone).date())
    period = _make_period(kind, first, zone)
    # Where clocks are put back over midnight, a date comes twice, and where a date line moves, never. The
    # date alone may then lead to a neighbor of the period.
    while moment < period.start:
        first = _find_first_day(kind, first - timedelta(days=1))
        period = _make_period(kind, first, zone)
    while moment >= period.end:
        first = _find_next(kind, first)
        period = _make_period(kind, first, zone)
    return period


def split_period(kind: BudgetPeriod, period: Period, zone: tzinfo) -> Iterator[Period]:
    """Yield the parts of a period by which its pace is measured: days, or hours of a day."""
    moment = period.start
    while moment < period.end:
        part = find_part(kind, moment, zone)
        yield part
        moment = part.end


def find_part(kind: BudgetPeriod, moment: datetime, zone: tzinfo) -> Period:
    """Return the part of a period of this kind that a moment is in: a day, or an hour of a day."""
    return find_period("hour" if kind in ("hour", "day") else "day", moment, zone)


def _find_hour(moment: datetime, day: Period) -> Period:
    start = day.start + (moment - day.start) // _HOUR * _HOUR
    return Period(start, min(start + _HOUR, day.end))


def _make_period(kind: BudgetPeriod, first: date, zone: tzinfo) -> Period:
    return Period(_find_start(first, zone), _find_start(_find_next(kind, first), zone))


def _find_start(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a date."""
    # `fold=0` reads a midnight that comes twice as the first, and one that never comes as the change.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(timezone.utc)


def _find_first_day(kind: BudgetPeriod, day: date) -> date:
    if kind == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS.get(kind)
    return day if months is None else date(day.year, (day.month - 1) // months * months + 1, 1)


def _find_next(kind: BudgetPeriod, first: date) -> date:
    """Return the first day of the period after the one that starts at `first`."""
    months = _MONTHS.get(kind)
    if months is None:
        return first + timedelta(days=7 if kind == "week" else 1)
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
