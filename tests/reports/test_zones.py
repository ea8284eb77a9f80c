"""The day of a moment in each zone that a bill may be cut in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest

from payi_transport.reports import zones as module
from payi_transport.reports.zones import Zones, describe_zone, list_zones

MARCH = date(2026, 3, 1), date(2026, 3, 31)
JUNE = date(2026, 6, 1), date(2026, 6, 30)
WEST = timezone(timedelta(hours=-8))


def test_models_may_have_zones_of_their_own() -> None:
    zones = Zones(timezone.utc, {"m": WEST})
    quarter = int(datetime(2026, 3, 5, 3, tzinfo=timezone.utc).timestamp()) // 900
    for _ in range(2):
        assert zones.find_day(quarter) == date(2026, 3, 5)
        assert zones.find_day(quarter, "m") == date(2026, 3, 4)


def test_places_are_tried_only_where_their_clocks_change() -> None:
    assert next(list_zones(*JUNE)) == timezone.utc
    assert all(isinstance(zone, timezone) for zone in list_zones(*JUNE))
    places = {str(zone) for zone in list_zones(*MARCH) if not isinstance(zone, timezone)}
    assert {"America/Los_Angeles", "Europe/Berlin"} <= places
    assert "Australia/Sydney" not in places


def test_a_machine_without_data_on_zones_tries_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr(module, "find_zone", fail)
    assert all(isinstance(zone, timezone) for zone in list_zones(*MARCH))


def test_every_offset_of_a_zone_whose_clocks_stay_is_tried() -> None:
    for first, last in ((date(2026, 1, 5), date(2026, 1, 20)), (date(2026, 6, 5), date(2026, 6, 20))):
        tried = {describe_zone(zone, first, last) for zone in list_zones(first, last)}
        of_places = {describe_zone(ZoneInfo(name), first, last) for name in available_timezones()}
        # "Asia/Kathmandu (UTC+05:45)"
        offsets = {described.rpartition("(")[2].rstrip(")") for described in of_places}
        assert {offset for offset in offsets if ", then" not in offset} <= tried


def test_offsets_that_are_near_utc_are_tried_first_and_each_once() -> None:
    offsets = [zone.utcoffset(None) for zone in list_zones(*JUNE)]
    assert offsets == sorted(set(offsets), key=lambda offset: (abs(offset or timedelta()), offset))
    assert (min(offsets, key=lambda each: each or timedelta()), len(offsets)) == (timedelta(hours=-12), 40)
    assert max(offsets, key=lambda each: each or timedelta()) == timedelta(hours=14)


def test_every_place_whose_clocks_change_between_two_days_is_tried_once() -> None:
    for first, last in (
        MARCH,
        (date(2026, 4, 1), date(2026, 4, 30)),
        (date(2026, 10, 1), date(2026, 11, 30)),
    ):
        tried = {
            tuple(changes(zone, first, last))
            for zone in list_zones(first, last)
            if not isinstance(zone, timezone)
        }
        of_places = {tuple(changes(ZoneInfo(name), first, last)) for name in NEWER}
        assert of_places - {()} <= tried


# A place of each rule of daylight saving.
NEWER = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Halifax"),
    *("America/Anchorage", "America/St_Johns", "America/Havana", "America/Santiago", "Atlantic/Azores"),
    *("Europe/London", "Europe/Paris", "Europe/Kyiv", "Africa/Cairo", "Asia/Jerusalem", "Asia/Beirut"),
    *("Australia/Melbourne", "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham"),
)


def changes(zone: tzinfo, first: date, last: date) -> Iterator[tuple[date, timedelta | None]]:
    """The days on which the offset of a zone is another one, with the new one, and the one before."""
    before = None
    days = (last - first).days + 1
    for day in (first + timedelta(days=number) for number in range(days)):
        offset = datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()
        if before is not None and offset != before:
            yield from ((first, before), (day, offset))
        before = offset


@pytest.mark.parametrize(("last", "is_tried"), [(7, True), (6, False)])
def test_clocks_that_change_on_the_day_after_the_last_one_count(last: int, is_tried: bool) -> None:
    # Those of Los Angeles change on the 8th.
    zones = map(str, list_zones(date(2026, 3, 1), date(2026, 3, last)))
    assert ("America/Los_Angeles" in zones) is is_tried


@pytest.mark.parametrize(
    ("minutes", "name"),
    [(0, "UTC+00:00"), (345, "UTC+05:45"), (-210, "UTC-03:30"), (-15, "UTC-00:15"), (840, "UTC+14:00")],
)
def test_an_offset_has_hours_and_minutes(minutes: int, name: str) -> None:
    assert describe_zone(timezone(timedelta(minutes=minutes)), *MARCH) == name


def test_a_zone_is_described_by_its_offsets() -> None:
    assert describe_zone(WEST, *MARCH) == "UTC-08:00"
    berlin = describe_zone(ZoneInfo("Europe/Berlin"), *MARCH)
    assert berlin == "Europe/Berlin (UTC+01:00, then UTC+02:00)"
