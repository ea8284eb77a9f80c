"""Print rows as a table, or one below the other where the terminal is too narrow for a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Heading", "make_console", "make_printable", "print_rows"]


class Heading(NamedTuple):
    """A column. Texts may be folded at its right side, figures never are."""

    name: str
    is_figure: bool = True


# Texts folded into a narrower column are unreadable.
_LEAST = 12
# Wider than any line.
_WIDE = 100_000


def make_console() -> Console:
    """Return the console of standard output: as wide as its terminal, or as `COLUMNS` says.

    In a file or a pipe nothing is folded, so that names can be found there.
    """
    is_free = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    # Without markup: names in brackets, such as [[prices.own]], are text.
    return Console(highlight=False, markup=False, width=_WIDE if is_free else None)


def print_rows(
    console: Console, headings: Sequence[Heading], rows: Sequence[Sequence[str]], *, has_total: bool = False
) -> None:
    """Print rows of texts. With `has_total`, the last one stands apart."""
    narrowest = _make_table(headings, rows, has_total, _LEAST)
    # Measure with a width that is never reached: rich clamps a measurement to the console's.
    needed = console.measure(narrowest, options=console.options.update(max_width=10_000)).minimum
    if needed <= console.width:
        console.print(_make_table(headings, rows, has_total, None))
        return
    for number, row in enumerate(rows):
        is_total = has_total and number == len(rows) - 1
        named = [
            (heading, cell)
            for heading, cell in zip(headings, row, strict=True)
            if cell and not heading.is_figure
        ]
        console.print(
            make_printable(", ".join(cell for _, cell in named)), style="bold" if is_total else None
        )
        for heading, cell in zip(headings, row, strict=True):
            if cell and heading.is_figure:
                console.print(make_printable(f"  {heading.name}: {cell}"))


def _make_table(
    headings: Sequence[Heading], rows: Sequence[Sequence[str]], has_total: bool, width: int | None
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        if heading.is_figure:
            table.add_column(heading.name, justify="right", no_wrap=True, min_width=len(heading.name))
        else:
            table.add_column(heading.name, overflow="fold", width=width)
    for number, row in enumerate(rows):
        is_total = has_total and number == len(rows) - 1
        if is_total:
            table.add_section()
        table.add_row(*map(make_printable, row), style="bold" if is_total else None)
    return table


def make_printable(text: str) -> Text:
    """Return text from a file without anything that a terminal would act on, such as an escape sequence."""
    return Text("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
