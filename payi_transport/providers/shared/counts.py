"""Reading numbers from usage objects.

A usage comes from a server, so any field may be missing, null, huge or of the wrong type. None of that may
raise or end up on a bill: a field that isn't a plausible count is treated as if it were missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["count", "count_parts", "section", "take"]

# A larger number is a mistake of the server, not a count.
_MAX = 2**53
_MAX_DIGITS = 16


def count(usage: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of the named fields that holds a count, None if none does.

    The names are those that one count has at different hosts. A host that has two of them may fill only one,
    so a 0 stands only if no other name has more.
    """
    found = None
    for name in names:
        value = usage.get(name)
        # Not isinstance(), which would accept True and False.
        if type(value) is not int:
            value = _read_number(value)
        if value is not None and 0 <= value <= _MAX:
            if value:
                return value
            found = 0
    return found


def _read_number(value: Any) -> int | None:
    """Return a whole number that is written in another way, None for anything else."""
    # Cohere writes counts as floats.
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    # Protobuf writes 64-bit integers as strings, and the SDKs that check types accept these.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        return int(value)
    return None


def count_parts(usage: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, int]:
    """Return the counts above 0 of the named fields, by unit; `fields` maps each name to its unit.

    Hosts repeat a count under several names. The largest is the unit's.
    """
    parts: dict[str, int] = {}
    # Most usages have none of the fields, and a shape of one host's has few.
    if not usage or fields.keys().isdisjoint(usage):
        return parts
    for name, unit in fields.items():
        # Most are 0 or missing, and this check is the faster one.
        if usage.get(name) and (value := count(usage, name)):
            parts[unit] = max(value, parts.get(unit, 0))
    return parts


def section(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the first of the named fields that holds an object, else an empty one."""
    for name in names:
        value = usage.get(name)
        if isinstance(value, dict):
            return value
    return {}


def take(total: int, parts: Mapping[str, int | None]) -> tuple[dict[str, int], int]:
    """Split a total into its parts and the rest.

    Parts may overlap, or exceed the total. Earlier parts win, so that parts and rest always add up to the
    total.
    """
    taken: dict[str, int] = {}
    for name, part in parts.items():
        # A part larger than what is left is a contradiction of the server's. Cutting it keeps the sum equal
        # to what is billed.
        part = min(part or 0, total)
        if part:
            taken[name] = part
            total -= part
    return taken, total
