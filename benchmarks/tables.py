"""Rows as text for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.samples import Row

__all__ = ["format_number", "format_rows", "format_table"]

_TITLES = ("case", "unit", "bare", "median", "quartiles", "budget", "")


def format_rows(rows: Iterable[Row], *, markdown: bool = False) -> str:
    """The table of one run."""
    return format_table(_TITLES, map(_to_cells, rows), markdown=markdown)


def _to_cells(row: Row) -> tuple[str, ...]:
    sign = "" if row.bare is None else "+"
    rating = "" if row.budget is None else "within" if row.is_within else "MISSED"
    return (
        row.case,
        row.unit,
        "-" if row.bare is None else format_number(row.bare),
        format_number(row.median, sign),
        f"{format_number(row.low, sign)} to {format_number(row.high, sign)}",
        "-" if row.budget is None else f"{row.budget:,g}",
        rating,
    )


def format_number(value: float, sign: str = "") -> str:
    """Three digits that say something, and no exponent."""
    size = abs(value)
    # Numbers in a column differ by orders of magnitude, so a fixed number of decimals would be noise in one
    # row and hide all of another.
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:{sign},.{digits}f}"


def format_table(titles: Sequence[str], lines: Iterable[Sequence[str]], *, markdown: bool = False) -> str:
    """Columns as wide as their widest cell; from the third on they are numbers, which go to the right."""
    table = [titles, *lines]
    # Markdown's rule below the titles needs three characters.
    widths = [max(3, *map(len, column)) for column in zip(*table, strict=True)]
    padded = [
        [
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in table
    ]
    if not markdown:
        return "\n".join("  ".join(line).rstrip() for line in padded)
    rule = ["-" * width if index < 2 else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))
