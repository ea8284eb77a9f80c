"""Time zones by name, and the machine's own."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from payi_transport.values.zones import find_zone


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
