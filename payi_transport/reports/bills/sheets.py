"""Tables in text, as consoles export them and as spreadsheets save them.

A spreadsheet separates columns by semicolons where its numbers have decimal commas, and by tabs in what it
calls Unicode text; another one keeps commas, and quotes the numbers. Consoles put the invoice's number, date,
and currency above the heading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TypeVar

from payi_transport.reports.bills.line import Table

__all__ = ["find_table"]

T = TypeVar("T")
# The heading is in one of these many lines.
_MAX_ABOVE = 40


def find_table(text: str, find_reader: Callable[[Table], T | None]) -> tuple[T, Table] | None:
    """Return the table in a text and its reader, None if no line is a heading that has one.

    Raises csv.Error.
    """
    delimiter = _find_delimiter(text)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    for number, heading in enumerate(rows[:_MAX_ABOVE]):
        names = [name.strip() for name in heading]
        reader = find_reader([dict.fromkeys(names, "")])
        if reader is not None:
            return reader, [dict(zip(names, row, strict=False)) for row in rows[number + 1 :] if row]
    return None


def _find_delimiter(text: str) -> str:
    """Return what most lines have, and of several what one line has most of."""
    lines = text.splitlines()[:_MAX_ABOVE]
    counts = {delimiter: [line.count(delimiter) for line in lines] for delimiter in ",;\t"}
    return max(
        counts, key=lambda delimiter: (sum(map(bool, counts[delimiter])), max(counts[delimiter], default=0))
    )
