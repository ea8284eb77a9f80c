"""Reading usage objects of which every field may be null, missing, huge or of another type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["count", "count_parts", "section", "take"]

# Beyond this a number is a fault of the server's, and no bill.
_MOST = 2**53


def count(usage: Mapping[str, Any], *names: str) -> int | None:
    """The first of the named fields that holds a count; None when none does."""
    for name in names:
        value = usage.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        # Not isinstance: True and False are no counts.
        if type(value) is int and 0 <= value <= _MOST:
            return value
    return None


def count_parts(usage: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, int]:
    """What the named fields count above 0, by unit; `fields` has the unit of each."""
    if not usage:
        return {}
    return {
        unit: value
        for name, unit in fields.items()
        # Most are 0 or missing, which is told faster so.
        if usage.get(name) and (value := count(usage, name))
    }


def section(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The first of the named fields that holds an object; else an empty one."""
    for name in names:
        value = usage.get(name)
        if isinstance(value, dict):
            return value
    return {}


def take(total: int, parts: Mapping[str, int | None]) -> tuple[dict[str, int], int]:
    """Parts of a total, and what is left of it. Parts that overlap give way in order, so the sum is exact."""
    taken: dict[str, int] = {}
    for name, part in parts.items():
        part = min(part or 0, total)
        if part:
            taken[name] = part
            total -= part
    return taken, total
