"""Find the required fields that a call has no value for, so that spending without an owner can be found.

A call is never refused for it: its event says which fields are missing, `payi_stats()` counts them, and
reports and `payi-transport doctor` show the counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.context.frame import Frame, event_fields, event_properties
from payi_transport.values.names import MISSING_FIELDS_PROPERTY

__all__ = ["describe_missing_fields", "find_missing_fields", "read_missing_fields"]


def find_missing_fields(frame: Frame, required: tuple[str, ...]) -> list[str]:
    """Return the names in `required` that a call in this frame has no value for, in their order."""
    if not required:
        return []
    values = {**event_fields(frame), "request_properties": event_properties(frame)}
    return [name for name in required if not _has(values, name)]


def _has(values: Mapping[str, Any], name: str) -> bool:
    field, dot, key = name.partition(".")
    value = values.get(field)
    return key in (value or {}) if dot else value is not None


def describe_missing_fields(missing: list[str]) -> dict[str, str]:
    """Return the property of an event that names them, empty if nothing is missing."""
    return {MISSING_FIELDS_PROPERTY: ",".join(missing)} if missing else {}


def read_missing_fields(properties: Mapping[str, str] | None) -> list[str]:
    """Return the names in the properties of an event."""
    text = (properties or {}).get(MISSING_FIELDS_PROPERTY, "")
    return text.split(",") if text else []
