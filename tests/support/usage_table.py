"""The table of usage fields, tests/wire/fields: what the library makes of each field of an SDK's types.

A file per SDK has `calls`. Each names the types whose usages it holds, the call that shows them, with
"$usage" where the usage goes, the counts that are there without the field (`base`), and the `fields`, which
other calls may share by name (`uses`). `unrecorded` names the types of what is not an LLM call or not
recorded, with the reason.

What becomes of a field is one of:
- `text.input`: its count is added there
- `text.input > audio.input`: its count moves from one to the other, since it is a part of a total
- `property NAME`: it is a property of that name
- `scope`: it becomes the scope
- `free: reason`: it changes nothing that is billed
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PRIME", "Row", "Table", "load_table"]

# No sum of other counts in the tables is this number.
PRIME = 97
_FOLDER = Path(__file__).parents[1] / "wire" / "fields"


@dataclass(frozen=True)
class Row:
    """One field of one call, and what becomes of it."""

    place: str
    path: str
    becomes: str
    call: Mapping[str, Any]
    base: Mapping[str, Any]

    @property
    def value(self) -> Any:
        _, limited, value = self.path.partition("=")
        return value if limited else PRIME

    def make_calls(self) -> tuple[Any, Any]:
        """Return the call without the field and the call with it."""
        name = self.path.partition("=")[0]
        # A usage that is one value, such as a service tier, is there or not.
        within = copy.deepcopy(dict(self.base)) if name else self.value
        if name:
            _set(within, name.split("."), self.value)
        without = {key: value for key, value in self.base.items() if key != name} if name else None
        return _fill(self.call, without), _fill(self.call, within)


@dataclass(frozen=True)
class Table:
    """What is known of an SDK's usage fields: rows, and which fields each usage has one for."""

    rows: tuple[Row, ...]
    known: Mapping[str, frozenset[str]]
    unrecorded: Mapping[str, str]


def load_table(name: str) -> Table:
    """Return the table of an SDK."""
    written = json.loads((_FOLDER / f"{name}.json").read_text())
    rows: list[Row] = []
    known: dict[str, frozenset[str]] = {}
    for call in written["calls"]:
        shared = [written["shared"][use] for use in call.get("uses", ())]
        fields = {path: row for group in (*shared, call.get("fields", {})) for path, row in group.items()}
        rows += _make_rows(call, fields)
        known.update((usage, frozenset(fields)) for usage in call["types"])
    return Table(tuple(rows), known, written["unrecorded"])


def _make_rows(call: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[Row]:
    sent = {
        name: call[name] for name in ("url", "request", "response", "sse", "aws", "headers") if name in call
    }
    for path, row in fields.items():
        becomes, besides = (row, {}) if isinstance(row, str) else (row["is"], row["with"])
        base = copy.deepcopy(call.get("base", {}))
        for name, value in besides.items():
            _set(base, name.split("."), value)
        yield Row(call["types"][0], path, becomes, sent, base)


def _set(usage: dict[str, Any], path: list[str], value: Any) -> None:
    """Set the field at a path, in the first item of each list on the way, or at some name in a mapping."""
    name, mapped, _ = path[0].partition("{}")
    if mapped:
        usage[name] = {"any": value}
        return
    name, listed, _ = name.partition("[]")
    if len(path) == 1:
        usage[name] = [value] if listed else value
        return
    inner: dict[str, Any] = usage.setdefault(name, [{}])[0] if listed else usage.setdefault(name, {})
    _set(inner, path[1:], value)


def _fill(value: Any, usage: Any) -> Any:
    if value == "$usage":
        return usage
    if isinstance(value, Mapping):
        return {name: _fill(inner, usage) for name, inner in value.items()}
    return [_fill(inner, usage) for inner in value] if isinstance(value, list) else value
