"""From filters to SQL, and to the rollup that covers them where one does."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from payi_transport.serve.names import find_number
from payi_transport.serve.views import Filters

__all__ = ["HAS_TAG", "NAMED", "Selection", "select"]

# The filters by name, each a column of events with the same name.
NAMED = ("use_case", "model", "account", "user", "category", "environment", "step", "run")
# Whether a call has a tag.
HAS_TAG = "EXISTS (SELECT 1 FROM tags WHERE tag = ? AND tags.at = events.at AND event = events.id)"
# A number that no name has, so that an unknown one selects nothing.
_NOTHING = -1


class Selection(NamedTuple):
    """Which events to read. `dimension` and `key` name the rollup that covers them, None where none does."""

    where: str
    parameters: tuple[Any, ...]
    dimension: str | None
    key: int
    # The number of each name that is asked for, by dimension.
    keys: Mapping[str, int] = {}
    # The measures that must not be 0.
    switches: Sequence[str] = ()


def select(connection: sqlite3.Connection, filters: Filters) -> Selection:
    """Return what selects the calls that filters name. The clause expects a table `events`."""
    clauses: list[str] = []
    parameters: list[Any] = []
    keys: dict[str, int] = {}
    for name in NAMED:
        value = getattr(filters, name)
        if value is not None:
            keys[name] = _number(connection, value)
            clauses.append(f"events.{name} = ?")
            parameters.append(keys[name])
    if filters.tag is not None:
        keys["tag"] = _number(connection, filters.tag)
        clauses.append(HAS_TAG)
        parameters.append(keys["tag"])
    if filters.status is not None:
        clauses.append("events.status = ?")
        parameters.append(filters.status)
    clauses += [f"events.{column} > 0" for column in _switches(filters)]
    dimension, key = _find_rollup(filters, keys)
    return Selection(
        " AND ".join(clauses) or "1", tuple(parameters), dimension, key, keys, _switches(filters)
    )


def _switches(filters: Filters) -> list[str]:
    switches = {"errors": filters.failed, "unpriced": filters.unpriced}
    return [column for column, is_on in switches.items() if is_on]


def _find_rollup(filters: Filters, keys: dict[str, int]) -> tuple[str | None, int]:
    if filters.status is not None or _switches(filters) or len(keys) > 1 or "run" in keys:
        return None, 0
    return next(iter(keys.items()), ("total", 0))


def _number(connection: sqlite3.Connection, text: str) -> int:
    return (find_number(connection, text) or _NOTHING) if text else 0
