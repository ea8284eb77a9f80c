"""What calls can be grouped by: fields of their scope, what they called, properties, and time in a zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from payi_transport.errors import PayiError
from payi_transport.prices import Estimate
from payi_transport.reports.stored_event import StoredEvent

__all__ = ["Dimension", "find_dimensions", "list_names"]

Values = tuple["str | None", ...]
_NONE: Values = (None,)
_MAX_LEVELS = 2


class Dimension(NamedTuple):
    """How calls are grouped: the name that users write, and the groups that a call is in.

    `is_list` says whether a call may be in several, and `is_time` whether groups have an order of their own.
    """

    name: str
    read: Callable[[StoredEvent, Estimate], Values]
    is_list: bool = False
    is_time: bool = False


# The names that users write, and the fields of an event.
_FIELDS = {
    "category": "category",
    "resource": "resource",
    "model": "resource",
    "use_case": "use_case_name",
    "use_case_name": "use_case_name",
    "use_case_id": "use_case_id",
    "use_case_step": "use_case_step",
    "use_case_version": "use_case_version",
    "user": "user_id",
    "user_id": "user_id",
    "account": "account_name",
    "account_name": "account_name",
    "customer": "account_name",
    "scope": "scope",
    "status": "http_status_code",
}
_LISTS = {
    "tag": "request_tags",
    "request_tags": "request_tags",
    "limit": "limit_ids",
    "limit_ids": "limit_ids",
}
_PROPERTIES = {"property.": "properties", "use_case_property.": "use_case_properties"}
# How the start of each period is written.
_TIMES = {"hour": "%Y-%m-%d %H:00%z", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


def list_names() -> list[str]:
    """Return everything that calls can be grouped by, as users write it."""
    names = [*_FIELDS, *_LISTS, "source", "host", *_TIMES]
    return [*names, *(f"{prefix}<name>" for prefix in _PROPERTIES)]


def find_dimensions(names: str, zone: tzinfo) -> tuple[Dimension, ...]:
    """Return the dimensions that a text names, separated by a comma. Raises PayiError for an unknown one."""
    found = tuple(_find(name.strip(), zone) for name in names.split(","))
    if len(found) > _MAX_LEVELS:
        raise PayiError(f"--by: expected at most {_MAX_LEVELS} names, got {names!r}")
    return found


def _find(name: str, zone: tzinfo) -> Dimension:
    if name in _FIELDS:
        return Dimension(name, _make_field_reader(_FIELDS[name]))
    if name in _LISTS:
        return Dimension(name, _make_list_reader(_LISTS[name]), is_list=True)
    if name in _TIMES:
        return Dimension(name, _make_time_reader(_TIMES[name], zone), is_time=True)
    if name == "source":
        return Dimension(name, lambda event, estimate: (_name_source(estimate),))
    if name == "host":
        return Dimension(name, lambda event, estimate: (_read_host(event.provider_uri or ""),))
    for prefix, field in _PROPERTIES.items():
        if name.startswith(prefix) and name != prefix:
            return Dimension(name, _make_property_reader(field, name.removeprefix(prefix)))
    raise PayiError(f"--by: expected one of {', '.join(list_names())}, got {name!r}")


def _name_source(estimate: Estimate) -> str:
    # A call of which nothing is billed has no price from anywhere.
    return estimate.source or ("free" if estimate.status == "priced" else estimate.status)


def _make_field_reader(field: str) -> Callable[[StoredEvent, Estimate], Values]:
    def read(event: StoredEvent, estimate: Estimate) -> Values:
        value = getattr(event, field)
        return _NONE if value in (None, "") else (str(value),)

    return read


def _make_list_reader(field: str) -> Callable[[StoredEvent, Estimate], Values]:
    def read(event: StoredEvent, estimate: Estimate) -> Values:
        return tuple(dict.fromkeys(getattr(event, field) or ())) or _NONE

    return read


def _make_property_reader(field: str, name: str) -> Callable[[StoredEvent, Estimate], Values]:
    def read(event: StoredEvent, estimate: Estimate) -> Values:
        properties: Any = getattr(event, field) or {}
        return (properties.get(name) or None,)

    return read


def _make_time_reader(form: str, zone: tzinfo) -> Callable[[StoredEvent, Estimate], Values]:
    # Zones are offset by multiples of 15 minutes, so all moments between two of them have the same name.
    names: dict[float, Values] = {}

    def read(event: StoredEvent, estimate: Estimate) -> Values:
        moment = event.event_timestamp
        if moment is None:
            return _NONE
        quarter = moment.timestamp() // 900
        name = names.get(quarter)
        if name is None:
            name = names[quarter] = (_name_time(moment.astimezone(zone), form),)
        return name

    return read


def _name_time(moment: datetime, form: str) -> str:
    name = moment.strftime(form)
    # An hour comes twice where clocks are put back, so it needs its offset: +02:00.
    return f"{name[:-2]}:{name[-2:]}" if form.endswith("%z") else name


@lru_cache(maxsize=4096)
def _read_host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None
