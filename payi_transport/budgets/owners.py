"""Whom a call counts for: the values of the scope fields that a budget is by.

Before a call is sent, its values come from the frame of the scopes around it. Afterwards they come from its
event, also from one that was read from a file. Both name the same things, with two exceptions in the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

__all__ = ["EVERYBODY", "find_owners", "matches", "read_event_field", "read_frame_field"]

# The owner of a budget that is not by any field.
EVERYBODY = ""
# Between the values of a budget by several fields.
SEPARATOR = " / "

# The value of a field, for a call.
Reader = Callable[[str], object]


def read_frame_field(frame: Any, field: str) -> object:
    """Return the value of a field in the frame of a call that is yet to be sent."""
    return _read(frame, field, {})


def read_event_field(event: Any, field: str) -> object:
    """Return the value of a field in an event."""
    return _read(event, field, {"resource_scope": "scope", "request_properties": "properties"})


def _read(holder: Any, field: str, names: Mapping[str, str]) -> object:
    section, dot, key = field.partition(".")
    value = getattr(holder, names.get(section, section), None)
    if not dot:
        return value
    return value.get(key) if isinstance(value, Mapping) else None


def matches(read: Reader, wanted: Mapping[str, str]) -> bool:
    """Return whether a call has all of these values. A list has to contain the value."""
    return all(value in _list_texts(read(field)) for field, value in wanted.items())


def find_owners(read: Reader, fields: Iterable[str]) -> list[str]:
    """Return whom a call counts for; nobody, if it lacks a field, and each of several tags."""
    values = [_list_texts(read(field)) for field in fields]
    return [SEPARATOR.join(combined) for combined in product(*values)] if values else [EVERYBODY]


def _list_texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return list(dict.fromkeys(str(item) for item in value if item not in (None, "")))
    return [] if value in (None, "") else [str(value)]
