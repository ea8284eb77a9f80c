"""The period of a report, and the one before it, by the clocks of a zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from payi_transport.budgets.periods import Period, find_period
from payi_transport.config.budget_rules import BudgetPeriod
from payi_transport.errors import PayiError

__all__ = ["ALWAYS", "Window", "read_window"]

_EXPECTED = (
    "expected a day (2026-11-01), a month (2026-11), a year (2026), a time (2026-11-01T09:00), today,"
    " yesterday, or how long ago (36h, 7d, 2w)"
)
_CALENDAR = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_AGO = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 168}


class Window(NamedTuple):
    """From `start` until before `end`, where None is open. The period before begins at `before`."""

    start: datetime | None = None
    end: datetime | None = None
    before: datetime | None = None

    def place(self, moment: datetime | None) -> int | None:
        """Return 0 for a moment in the period, -1 for one in the period before, and None for any other."""
        if moment is None:
            return 0 if self.start is None and self.end is None else None
        if self.end is not None and moment >= self.end:
            return None
        if self.start is None or moment >= self.start:
            return 0
        return -1 if self.before is not None and moment >= self.before else None


ALWAYS = Window()


def read_window(since: str | None, until: str | None, zone: tzinfo, now: datetime) -> Window:
    """Return the period from `since` through `until`; a day, a month, or a year in `until` is included.

    The period before has as many months if the period is of whole months, as many days if it is of whole
    days, and is as long in any other case. It needs a start, and there is none before the year 1. Raises
    PayiError.
    """
    start = None if since is None else _read(since, "--since", zone, now).start
    end = None if until is None else _read(until, "--until", zone, now).end
    if start is None:
        return Window(None, end)
    last = end or now
    if start >= last:
        raise PayiError(f"--since: {since!r} is not before {until if until else 'now'}")
    try:
        before = _find_before(start, last, zone)
    except (ValueError, OverflowError):
        before = None
    return Window(start, end, before)


def _read(text: str, option: str, zone: tzinfo, now: datetime) -> Period:
    found, ago = _CALENDAR.fullmatch(text.strip()), _AGO.fullmatch(text.strip())
    if text in ("today", "yesterday"):
        today = find_period("day", now, zone)
        return today if text == "today" else find_period("day", today.start - timedelta(hours=1), zone)
    try:
        if found is not None:
            return _read_calendar(found, zone)
        if ago is not None:
            moment = now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
        else:
            moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        # By the clocks of the zone, too, a moment is between the years 1 and 9999.
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(zone)
        moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise PayiError(f"{option}: {_EXPECTED}, got {text!r}") from None
    return Period(moment, moment)


def _read_calendar(found: re.Match[str], zone: tzinfo) -> Period:
    year, month, day = found.groups()
    kind: BudgetPeriod = "day" if day else "month" if month else "year"
    # At noon, which exists in every zone on every day.
    noon = datetime(int(year), int(month or 1), int(day or 1), 12, tzinfo=zone)
    return find_period(kind, noon.astimezone(timezone.utc), zone)


def _find_before(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    """Return where the period before begins. Raises ValueError or OverflowError if that is in no year."""
    as_long = start - (end - start)
    months = _count_periods("month", start, end, zone)
    days = _count_periods("day", start, end, zone)
    kind: BudgetPeriod = "month" if months else "day"
    moment = start
    for _ in range(months or days):
        moment = find_period(kind, moment - timedelta(hours=1), zone).start
    return moment if months or days else as_long


def _count_periods(kind: BudgetPeriod, start: datetime, end: datetime, zone: tzinfo) -> int:
    """Return how many whole periods there are from `start` to `end`, 0 if these aren't their bounds."""
    if find_period(kind, end, zone).start != end:
        return 0
    count, moment = 0, start
    while moment < end:
        period = find_period(kind, moment, zone)
        if period.start != moment:
            return 0
        count, moment = count + 1, period.end
    return count
