"""Time zones by name, and the machine's own."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from payi_transport.values.zones import find_local_name, find_zone


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "/etc/passwd", "../zone", "Europe", "a" * 500, "\0"])
def test_an_unknown_zone_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(ValueError, match="expected a time zone such as 'Europe/Berlin'"):
        find_zone(name)


def test_utc_needs_no_time_zone_data() -> None:
    assert find_zone("utc") is timezone.utc


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Kolkata"])
def test_the_zone_of_the_machine_follows_its_daylight_saving(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    try:
        zone = find_zone(None)
        for month in range(1, 13):
            moment = datetime(2026, month, 8, 7, tzinfo=timezone.utc)
            assert moment.astimezone(zone).utcoffset() == moment.astimezone(ZoneInfo(name)).utcoffset()
            local = moment.astimezone(ZoneInfo(name)).replace(tzinfo=zone)
            assert local.astimezone(timezone.utc) == moment
        assert (
            datetime(2026, 7, 1, tzinfo=zone).tzname() == datetime(2026, 7, 1, tzinfo=ZoneInfo(name)).tzname()
        )
        assert zone.utcoffset(None) is None
        assert zone.tzname(None) is None
        assert zone.dst(None) is None
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("variable", "linked", "name"),
    [
        ("Asia/Kolkata", "/usr/share/zoneinfo/UTC", "Asia/Kolkata"),
        (":Asia/Kolkata", "/usr/share/zoneinfo/UTC", "Asia/Kolkata"),
        (None, "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        (None, "/etc/localtime", "UTC"),
        ("IST-5:30", "/usr/share/zoneinfo/UTC", "+0530"),
    ],
)
def test_the_zone_of_the_machine_has_a_name_to_be_used(
    variable: str | None, linked: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.realpath", lambda path: linked)
    monkeypatch.setenv("TZ", variable or "UTC0")
    time.tzset()
    try:
        if variable is None:
            monkeypatch.delenv("TZ")
        assert find_local_name() == name
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("name", ["UTC", "z", "Z"])
def test_utc_has_a_short_name_too(name: str) -> None:
    assert find_zone(name) is timezone.utc


def test_an_unknown_zone_is_reported_with_what_may_be_missing() -> None:
    with pytest.raises(ValueError) as error:
        find_zone("Mars/Olympus")
    assert str(error.value) == (
        "expected a time zone such as 'Europe/Berlin' or 'UTC', got 'Mars/Olympus' (or this machine has no"
        " time zone data: pip install tzdata)"
    )
