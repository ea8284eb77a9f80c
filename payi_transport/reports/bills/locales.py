"""How a file writes numbers, which depends on the country that somebody's spreadsheet is set to.

`1,234` is a thousand in one country and a little more than one in another, so a value alone doesn't say. The
other values of its column do, or else most other columns: `1,50` has a decimal comma, and `12.5` a point.
Where nothing says it, numbers have points. The delimiter says nothing: a spreadsheet writes decimal commas
between semicolons, tabs, and, in quotes, commas.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from payi_transport.reports.bills.line import Table
from payi_transport.reports.bills.numbers import list_marks, swap_marks

__all__ = ["make_plain"]


def make_plain(table: Table) -> Table:
    """Return a table whose numbers all have decimal points. All other values stay as they are."""
    columns: defaultdict[str, set[str]] = defaultdict(set)
    for row in table:
        for name, value in row.items():
            if isinstance(value, str):
                columns[name].add(value)
    changes = {name: found for name, found in _swap_commas(columns).items() if found}
    return [_change(row, changes) for row in table] if changes else table


def _swap_commas(columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
    """Return by column which texts are numbers with a decimal comma, and what they are with a point."""
    marks = {name: {text: list_marks(text) for text in texts} for name, texts in columns.items()}
    certain = {name: _find_certain(texts.values()) for name, texts in marks.items()}
    usual = Counter(mark for found in certain.values() if len(found) == 1 for mark in found)
    default = "," if usual[","] > usual["."] else "."
    return {
        name: {text: swap_marks(text) for text, possible in texts.items() if "," in possible}
        for name, texts in marks.items()
        if "," in (certain[name] or default)
    }


def _find_certain(values: Iterable[set[str]]) -> set[str]:
    """Return what those values say that leave no choice."""
    return {only for value in values if len(value) == 1 for only in value}


def _change(row: Mapping[str, Any], changes: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    changed = {
        name: texts[value]
        for name, texts in changes.items()
        if isinstance(value := row.get(name), str) and value in texts
    }
    return {**row, **changed}
