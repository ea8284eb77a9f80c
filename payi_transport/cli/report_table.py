"""Print a report as a table, or as a list if the terminal is too narrow for one.

Calls have any number of units, so the table has a row for each unit rather than a column. Figures are never
truncated: if they don't fit next to names of a readable width, the list takes over.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, JustifyMethod, RenderableType
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from payi_transport.cli.report import Report, Summary
from payi_transport.values.event import Units

__all__ = ["print_report"]

# Names folded into a narrower column are unreadable.
_MIN_NAME_WIDTH = 12


def print_report(report: Report, console: Console) -> None:
    """Print a report to the console, in the layout that fits its width."""
    if not report.total.calls:
        console.print("The file holds no calls.")
    else:
        narrowest = _make_table(report, _MIN_NAME_WIDTH)
        # Measure with a width that is never reached: rich clamps a measurement to the console's.
        needed = console.measure(narrowest, options=console.options.update(max_width=10_000)).minimum
        console.print(_make_table(report) if needed <= console.width else _make_list(report))
    if report.skipped:
        items = (
            "1 item that isn't an event"
            if report.skipped == 1
            else f"{report.skipped:,} items that aren't events"
        )
        console.print(f"Skipped {items}.")


def _make_table(report: Report, name_width: int | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(report.by.replace("_", " ").capitalize(), overflow="fold", width=name_width)
    for heading in ("Calls", "Errors", "p50 ms", "p95 ms", "Unit", "Input", "Output"):
        justify: JustifyMethod = "left" if heading == "Unit" else "right"
        # Without a minimum width, rich allows for one word of a heading only.
        table.add_column(heading, justify=justify, no_wrap=True, min_width=len(heading))
    for name, summary, style in _list_summaries(report):
        for row in _make_rows(name, summary):
            table.add_row(*row, style=style)
        table.add_section()
    return table


def _make_rows(name: Text, summary: Summary) -> Iterator[list[RenderableType]]:
    head: list[RenderableType] = [name, *map(_format, _list_figures(summary))]
    for unit, units in summary.units.items() or [("", Units())]:
        amounts = [_format(units.input), _format(units.output)] if unit else ["", ""]
        yield [*head, _make_printable(unit), *amounts]
        # The figures of a group are on its first line only; repeated, they would look like further calls.
        head = [""] * len(head)


def _make_list(report: Report) -> Lines:
    lines: list[RenderableType] = []
    for name, summary, style in _list_summaries(report):
        calls, errors, p50, p95 = map(_format, _list_figures(summary))
        name.stylize(style or "bold")
        lines += [name, f"  calls {calls}, errors {errors}", f"  p50 {p50} ms, p95 {p95} ms"]
        for unit, units in summary.units.items():
            amounts = f"input {_format(units.input)}, output {_format(units.output)}"
            lines.append(_make_printable(f"  {unit}: {amounts}"))
    return Lines(*lines)


def _list_summaries(report: Report) -> Iterator[tuple[Text, Summary, str | None]]:
    """Yield the name, the summary and the style of each group, and of the total."""
    for group in report.groups:
        yield _make_printable(group.name or "(none)"), group, None
    yield Text("Total"), report.total, "bold"


def _list_figures(summary: Summary) -> tuple[int | None, ...]:
    return summary.calls, summary.errors, summary.latency_p50_ms, summary.latency_p95_ms


def _format(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _make_printable(text: str) -> Text:
    """Return text from a file without anything that a terminal would act on, such as an escape sequence."""
    return Text("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
