"""The zones in which a bill may cut its days, and the day of a moment in each.

Calls are added up by quarters of an hour, since every zone is ahead of UTC by a multiple of it. Most zones
are offsets that never change. Of those with daylight saving one place each is tried, where a bill's days are
on both sides of a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo

from payi_transport.values.zones import find_zone

__all__ = ["QUARTER", "Zones", "describe_zone", "list_zones"]

QUARTER = 900
# Only few of the multiples of 15 minutes are the offset of a zone.
_MINUTES = (
    *range(-12 * 60, 14 * 60 + 1, 60),
    *(-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825),
)
_OFFSETS = sorted((timedelta(minutes=minutes) for minutes in _MINUTES), key=abs)
_PLACES = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Halifax"),
    *("America/Anchorage", "America/St_Johns", "America/Havana", "America/Santiago", "Atlantic/Azores"),
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "Africa/Cairo", "Asia/Jerusalem", "Asia/Beirut"),
    *("Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham"),
)


class Zones:
    """The zone of a bill, and those of models whose days are cut otherwise."""

    def __init__(self, main: tzinfo = timezone.utc, own: Mapping[str, tzinfo] | None = None) -> None:
        self.main = main
        self.own = dict(own or {})
        self._days: dict[tuple[tzinfo, int], date] = {}

    def find_day(self, quarter: int, model: str = "") -> date:
        """Return the day of a quarter of an hour by the days of a model."""
        zone = self.own.get(model, self.main)
        day = self._days.get((zone, quarter))
        if day is None:
            day = self._days[zone, quarter] = datetime.fromtimestamp(quarter * QUARTER, zone).date()
        return day


def list_zones(first: date, last: date) -> Iterator[tzinfo]:
    """Yield every zone that differs from all others between two days: UTC first, and those near it."""
    yield timezone.utc
    yield from (timezone(offset) for offset in _OFFSETS if offset)
    for name in _PLACES:
        try:
            zone = find_zone(name)
        except ValueError:
            # This machine has no data on time zones.
            return
        if len(_list_offsets(zone, first, last)) > 1:
            yield zone


def _list_offsets(zone: tzinfo, first: date, last: date) -> list[timedelta]:
    """Return the offsets of a zone between two days, each once."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 2))
    found = (datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() for day in days)
    return list(dict.fromkeys(offset or timedelta() for offset in found))


def describe_zone(zone: tzinfo, first: date, last: date) -> str:
    """Return the name of a zone: "UTC-07:00", or "America/Los_Angeles (UTC-08:00, then UTC-07:00)"."""
    offsets = ", then ".join(map(_format_offset, _list_offsets(zone, first, last)))
    return offsets if isinstance(zone, timezone) else f"{zone} ({offsets})"


def _format_offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
