"""The day of a moment in each zone that a bill may be cut in."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

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


def test_a_zone_is_described_by_its_offsets() -> None:
    assert describe_zone(WEST, *MARCH) == "UTC-08:00"
    berlin = describe_zone(ZoneInfo("Europe/Berlin"), *MARCH)
    assert berlin == "Europe/Berlin (UTC+01:00, then UTC+02:00)"
