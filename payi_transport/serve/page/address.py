"""What a page shows, as its address holds it: the span of time, the breakdown, and the filters.

Everything that a reader chooses is a link, so it can be bookmarked, shared, and undone with the browser's
back button. Values that can't be used are left out, because addresses are typed by people.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec

from payi_transport.serve.views import Dimension, Filters, Span
from payi_transport.values.zones import find_zone

__all__ = ["DIMENSION_NAMES", "FILTER_NAMES", "SPANS", "Address", "find_machine_zone"]

# Name, days, and words of each span of time.
SPANS: Mapping[str, tuple[int, str]] = {
    "24h": (1, "24 hours"),
    "7d": (7, "7 days"),
    "30d": (30, "30 days"),
    "90d": (90, "90 days"),
}
DIMENSION_NAMES: Mapping[str, str] = {
    "use_case": "Use case",
    "account": "Customer",
    "model": "Model",
    "user": "User",
    "category": "Provider",
    "environment": "Environment",
    "step": "Step",
    "tag": "Tag",
    "limit": "Limit",
}
FILTER_NAMES: Mapping[str, str] = {**DIMENSION_NAMES, "run": "Run", "status": "Status"}
_SWITCHES = ("failed", "unpriced")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the page. `zone` is the name of a time zone, None for the machine's."""

    path: str = "/"
    span_name: str = "7d"
    zone: str | None = None
    by: Dimension = "use_case"
    sort: str = "time"
    cursor: str | None = None
    filters: Filters = Filters()

    @classmethod
    def read(cls, path: str, query: Mapping[str, str]) -> Address:
        """Return the state that a path and a query ask for."""
        span_name, by = query.get("span", "7d"), query.get("by", "use_case")
        return cls(
            path=path,
            span_name=span_name if span_name in SPANS else "7d",
            zone=_read_zone(query.get("zone")),
            by=by if by in get_args(Dimension) else "use_case",  # type: ignore[arg-type]
            sort="cost" if query.get("sort") == "cost" else "time",
            cursor=query.get("cursor"),
            filters=_read_filters(query),
        )

    def link(self, path: str | None = None, **changes: Any) -> str:
        """Return the address of another state. Filters are changed by their names, and None removes one."""
        names = Filters.__struct_fields__
        filters = {name: changes.pop(name) for name in names if name in changes}
        other = msgspec.structs.replace(
            self,
            path=self.path if path is None else path,
            # Another list starts at its top.
            cursor=changes.pop("cursor", None),
            filters=msgspec.structs.replace(self.filters, **filters),
            **changes,
        )
        query = urlencode(other._query())
        return f"{other.path}?{query}" if query else other.path

    def _query(self) -> dict[str, str]:
        chosen = {"span": self.span_name, "zone": self.zone, "by": self.by, "sort": self.sort}
        usual = {"span": "7d", "zone": None, "by": "use_case", "sort": "time"}
        query = {name: str(value) for name, value in chosen.items() if value != usual[name]}
        if self.cursor:
            query["cursor"] = self.cursor
        for name, value in self.active_filters().items():
            query[name] = "1" if value is True else str(value)
        return query

    def active_filters(self) -> dict[str, Any]:
        """Return the filters that are set."""
        values = msgspec.structs.asdict(self.filters)
        return {name: value for name, value in values.items() if value is not None and value is not False}

    @property
    def zone_name(self) -> str:
        """The name of the zone in which days begin and times are shown."""
        return self.zone or find_machine_zone(os.environ.get("TZ"), Path("/etc/localtime"))

    def time_zone(self) -> tzinfo:
        """Return that zone."""
        return find_zone(self.zone_name)

    def span(self, now: datetime) -> Span:
        """Return the span of time up to now. Spans of several days begin at midnight."""
        days, _ = SPANS[self.span_name]
        zone = self.time_zone()
        start = now - timedelta(days=1)
        if days > 1:
            midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            start = (midnight - timedelta(days=days - 1)).replace(tzinfo=zone)
        return Span(start.astimezone(timezone.utc), now, self.zone_name)


def find_machine_zone(variable: str | None, link: Path) -> str:
    """Return the name of the machine's zone: `TZ`, or the name of the file that `link` points to, or UTC."""
    linked = str(link.resolve()).partition("/zoneinfo/")[2]
    found = next((name for name in (variable, linked) if name and _read_zone(name)), "UTC")
    return "UTC" if found == "Etc/UTC" else found


def _read_zone(name: str | None) -> str | None:
    try:
        find_zone(name)
    except ValueError:
        return None
    return name


def _read_filters(query: Mapping[str, str]) -> Filters:
    values: dict[str, Any] = {
        name: query[name]
        for name in Filters.__struct_fields__
        if name in query and name not in (*_SWITCHES, "status")
    }
    status = query.get("status", "")
    if status.isdecimal():
        values["status"] = int(status[:4])
    values |= {name: True for name in _SWITCHES if query.get(name) == "1"}
    return Filters(**values)
