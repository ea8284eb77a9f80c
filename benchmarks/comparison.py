"""Two runs of one benchmark, row by row: `python -m benchmarks --compare BEFORE AFTER`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.samples import Row
from benchmarks.tables import format_number, format_table

__all__ = ["compare", "read_rows"]

_TITLES = ("case", "unit", "before", "after", "change", "")


def read_rows(file: Path) -> dict[tuple[str, str], Row]:
    """The rows that a run kept, by case and unit. Raises ValueError for another kind of file."""
    try:
        rows = [Row(**row) for row in json.loads(file.read_text())["rows"]]
    except (KeyError, TypeError) as exc:
        raise ValueError(f"{file} is not what --output writes") from exc
    return {(row.case, row.unit): row for row in rows}


def compare(before: Path, after: Path, *, markdown: bool = False) -> str:
    """A table of what both files have. Raises ValueError where that is nothing."""
    lines = list(_compare_rows(read_rows(before), read_rows(after)))
    if not lines:
        raise ValueError(f"{before} and {after} have no row in common")
    return format_table(_TITLES, lines, markdown=markdown)


def _compare_rows(
    before: Mapping[tuple[str, str], Row], after: Mapping[tuple[str, str], Row]
) -> Iterator[tuple[str, ...]]:
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            continue
        sign = "" if old.bare is None else "+"
        yield (
            *key,
            format_number(old.median, sign),
            format_number(new.median, sign),
            # An added cost can be 0 or, by noise, below it, and then a ratio means nothing.
            f"{new.median / old.median - 1:+.0%}" if old.median > 0 else "-",
            _judge(old, new),
        )


def _judge(old: Row, new: Row) -> str:
    """Quartiles that overlap tell of no difference."""
    if new.low <= old.high and old.low <= new.high:
        return ""
    return "better" if (new.median > old.median) == old.is_rate else "WORSE"
