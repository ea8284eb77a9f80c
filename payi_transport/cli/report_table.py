"""Print a report as a table, or as a list if the terminal is too narrow for one.

Figures are never truncated. If they don't fit next to names of a readable width, tokens are shown in
thousands and millions. Then latencies are left out, then everything but money, which a line says, and then
the list takes over.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from payi_transport.cli.columns import Heading, make_printable, print_rows
from payi_transport.cli.report_notes import Reading, list_notes, make_title
from payi_transport.cli.report_rows import (
    Row,
    list_columns,
    list_commitment_rows,
    list_rows,
    list_unit_rows,
    make_cells,
)
from payi_transport.reports.commitments import Commitment
from payi_transport.reports.report import Report

__all__ = ["make_printable", "print_report"]

# Names folded into a narrower column are unreadable.
_MIN_NAME_WIDTH = 12
_MONEY = ("Cost", "Included", "Unpriced", "Change", "Calls")
# Figures that stand on a line together in the list.
_LINES = (
    ("Cost", "Change", "Unpriced", "Included"),
    ("Calls", "Errors"),
    ("Input", "Output"),
    ("p50 ms", "p95 ms"),
)


def print_report(report: Report, reading: Reading, console: Console) -> None:
    """Print a report to the console, in the layout that fits its width."""
    if not report.total.summary.calls and not report.groups:
        console.print("There are no calls to report.")
    else:
        console.print(make_printable(make_title(report, reading)), style="bold")
        console.print()
        _print_rows(report, console)
        _print_units(report, console)
    for commitment in reading.commitments:
        _print_commitment(commitment, report.by[0], console)
    for note in list_notes(report, reading):
        # A reason stands below the note that it belongs to.
        indent = len(note) - len(note.lstrip())
        console.print(Padding(make_printable(note.strip()), (0, 0, 0, indent), expand=False))


def _print_rows(report: Report, console: Console) -> None:
    columns, rows = list_columns(report), list(list_rows(report))
    heading = report.by[0].replace("_", " ").capitalize()
    without_latencies = [column for column in columns if not column.endswith(" ms")]
    money = [column for column in columns if column in _MONEY]
    for shown, rounded in ((columns, False), (columns, True), (without_latencies, True), (money, True)):
        if _fits(_make_table(heading, shown, rows, rounded, _MIN_NAME_WIDTH), console):
            console.print(_make_table(heading, shown, rows, rounded))
            left_out = [column for column in columns if column not in shown]
            if left_out:
                console.print(f"Too narrow for: {', '.join(left_out)}.")
            console.print()
            return
    for row in rows:
        _print_as_list(row, columns, console)
    console.print()


def _print_as_list(row: Row, columns: Sequence[str], console: Console) -> None:
    cells = dict(zip(columns, make_cells(row.group, columns, rounded=True), strict=True))
    console.print(Padding(make_printable(row.name), (0, 0, 0, row.depth * 2), expand=False), style="bold")
    for line in _LINES:
        parts = [f"{name.lower()} {cells[name]}" for name in line if name in cells]
        console.print(Padding(Text(", ".join(parts)), (0, 0, 0, row.depth * 2 + 2), expand=False))


def _print_units(report: Report, console: Console) -> None:
    rows = list(list_unit_rows(report.total.summary))
    if not rows:
        return
    table = _start_table("Unit", ("Input", "Output", "Cost"))
    for name, *cells in rows:
        table.add_row(make_printable(name), *cells)
    if _fits(table, console):
        console.print(table)
    else:
        for name, given, taken, cost in rows:
            console.print(make_printable(name), style="bold")
            console.print(f"  input {given}, output {taken}, cost {cost}")
    console.print()


def _print_commitment(commitment: Commitment, by: str, console: Console) -> None:
    console.print(
        make_printable(f"Commitment {commitment.name}, beside the costs above, by tokens used"), style="bold"
    )
    headings = [Heading(by.replace("_", " ").capitalize(), False), Heading("Tokens"), Heading("Cost")]
    print_rows(console, headings, list(list_commitment_rows(commitment)), has_total=True)
    console.print()


def _make_table(
    heading: str, columns: Sequence[str], rows: Sequence[Row], rounded: bool, width: int | None = None
) -> Table:
    table = _start_table(heading, columns, width)
    for row in rows:
        if row.is_total:
            table.add_section()
        style = "bold" if row.is_total or (row.depth == 0 and row.group.groups) else None
        name = make_printable(row.name)
        name.pad_left(row.depth * 2)
        table.add_row(name, *make_cells(row.group, columns, rounded=rounded), style=style)
    return table


def _start_table(heading: str, columns: Sequence[str], width: int | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(heading, overflow="fold", width=width)
    for column in columns:
        # Without a minimum width, rich allows for one word of a heading only.
        table.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    return table


def _fits(table: Table, console: Console) -> bool:
    # Measure with a width that is never reached: rich clamps a measurement to the console's.
    needed = console.measure(table, options=console.options.update(max_width=10_000)).minimum
    return needed <= console.width
