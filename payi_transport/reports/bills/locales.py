"""How a file writes numbers and dates, which depends on the country that somebody's spreadsheet is set to.

`1,234` is a thousand in one country and a little more than one in another, and `10/05/2026` is in October or
in May. So a value alone doesn't say. The other values of its column do, or else most other columns: `1,50`
has a decimal comma, `12.5` a point, and `31/10/2026` its day first. The delimiter says nothing: a spreadsheet
writes decimal commas between semicolons, tabs, and, in quotes, commas.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from payi_transport.reports.bills.line import Table
from payi_transport.reports.bills.numbers import list_marks, swap_marks
from payi_transport.reports.bills.times import list_dates

__all__ = ["make_plain"]

# What comes first where no value of the file says it: months in the US, and days where points are usual.
_USUAL_ORDERS = {"/": "month", ".": "day"}


def make_plain(table: Table) -> Table:
    """Return a table whose numbers have decimal points, and whose dates have the year first.

    A date stays as it is if its column has some with the day and some with the month first, or if nothing
    says which is first. All other values stay as they are, too.
    """
    columns: defaultdict[str, set[str]] = defaultdict(set)
    for row in table:
        for name, value in row.items():
            if isinstance(value, str):
                columns[name].add(value)
    marks, orders = (_find_styles(columns, list_styles) for list_styles in (list_marks, list_dates))
    changes = {
        name: {text: plain for text in texts if (plain := _make_plain(text, marks[name], orders[name]))}
        for name, texts in columns.items()
    }
    changes = {name: found for name, found in changes.items() if found}
    return [_change(row, changes) for row in table] if changes else table


def _find_styles(
    columns: Mapping[str, Iterable[str]], list_styles: Callable[[str], Collection[str]]
) -> dict[str, set[str]]:
    """Return by column how its values are written, as those of them say that can only be written so.

    A column in which no value says it is written as most others are.
    """
    certain = {
        name: {only for text in texts if len(found := list_styles(text)) == 1 for only in found}
        for name, texts in columns.items()
    }
    counts = Counter(style for found in certain.values() if len(found) == 1 for style in found)
    usual = {style for style, count in counts.items() if count == max(counts.values())}
    return {name: found or usual for name, found in certain.items()}


def _make_plain(text: str, marks: set[str], orders: set[str]) -> str | None:
    if "," in marks and "," in list_marks(text):
        return swap_marks(text)
    dates = list_dates(text)
    if len(set(dates.values())) == 1:
        return next(iter(dates.values()))
    mark = text.strip().lstrip("0123456789")[:1]
    possible = orders or {_USUAL_ORDERS.get(mark, "")}
    return dates.get(next(iter(possible))) if len(possible) == 1 else None


def _change(row: Mapping[str, Any], changes: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    changed = {
        name: texts[value]
        for name, texts in changes.items()
        if isinstance(value := row.get(name), str) and value in texts
    }
    return {**row, **changed}
