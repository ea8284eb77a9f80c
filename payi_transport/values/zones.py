"""Time zones: by their IANA name, or the machine's own."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone, tzinfo

from payi_transport.values.shown import show

__all__ = ["find_local_name", "find_zone"]


def find_zone(name: str | None) -> tzinfo:
    """Return the time zone of an IANA name, by default the machine's. Raises ValueError if it is unknown."""
    if name is None:
        return _LocalZone()
    # Also where the machine has no time zone data, as slim images of containers do not.
    if name.upper() in ("UTC", "Z"):
        return timezone.utc
    # Most programs name no time zone, and this import takes longer than that of all of `values`.
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    # Depending on the name: not found, not a relative path, a directory, not a zone's file.
    except (LookupError, ValueError, OSError):
        raise ValueError(
            f"expected a time zone such as 'Europe/Berlin' or 'UTC', got {show(name)} (or this machine has no"
            " time zone data: pip install tzdata)"
        ) from None


def find_local_name() -> str:
    """Return a name of the machine's zone that `find_zone` knows, or, where it has none, its offset now."""
    try:
        # Of most machines, a link to the file of the zone.
        linked = os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]
        name = os.environ.get("TZ", linked).removeprefix(":")
        # A form such as CET-1CEST is a zone of the C library alone.
        find_zone(name)
    except ValueError:
        now = datetime.now().astimezone()
        return "UTC" if not now.utcoffset() else f"{now:%z}"
    return name


class _LocalZone(tzinfo):
    """The zone of the C library. `datetime.astimezone()` without one has a fixed offset instead."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=timezone.utc).astimezone()
        return local.replace(tzinfo=self)
