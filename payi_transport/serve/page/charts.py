"""The chart of cost over time, and the colors of what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import msgspec
from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.costs import sums_cell
from payi_transport.serve.page.elements import Cell, Column, table, text
from payi_transport.serve.periods import in_ms
from payi_transport.serve.views import Line, Series, Span

__all__ = ["NONE", "OTHER", "Colors", "find_partial", "show_costs"]

# The names of colors in style.css. A chart has fewer lines than there are colors.
_SCALE = tuple(f"c{number}" for number in range(8))
OTHER, NONE = "other", "none"
_LENGTHS = {
    "15m": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(1),
    "week": timedelta(7),
}


class Colors:
    """Colors by name, for as long as the service runs: a name keeps its color on every screen.

    Only what a chart shows has one. Once all are in use, a new name takes that of the one that has not been
    shown for the longest time.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}

    def assign(self, dimension: str, names: list[str | None]) -> dict[str, str]:
        """Return the colors of a chart's lines by name. What has no name, and the rest, have greys."""
        known = self._known.setdefault(dimension, {})
        shown = [name for name in names if name]
        for name in [name for name in shown if name in known]:
            known[name] = known.pop(name)
        for name in [name for name in shown if name not in known]:
            free = [color for color in _SCALE if color not in known.values()]
            known[name] = free[0] if free else known.pop(next(iter(known)))
        return {name: known[name] for name in shown}


class _Chart(ui.echart, component="chart.js"):
    """ECharts without anything that needs eval. See chart.js for the properties."""

    def __init__(self, labels: list[str], lines: list[dict[str, Any]], partial: list[int]) -> None:
        # Not the constructor of ui.echart, whose properties are those of its own component.
        ui.element.__init__(self)
        for name, value in (("labels", labels), ("lines", lines), ("partial", partial)):
            self.props[name] = value


def title_of(line: Line) -> str:
    """Return what a line is called."""
    return "other" if line.name is None else line.name or "none"


def find_partial(series: Series, span: Span, zone: tzinfo) -> dict[int, str]:
    """Return the steps that a span has only a part of, and what to say of them.

    These are the step that is not over yet, and the first one where the span begins within it.
    """
    partial: dict[int, str] = {}
    if series.starts[0].timestamp() * 1000 < in_ms(span)[0]:
        partial[0] = "in part"
    if span.end < _find_end(series.starts[-1], series.step, zone):
        partial[len(series.starts) - 1] = "so far"
    return partial


def _find_end(start: datetime, step: str, zone: tzinfo) -> datetime:
    if step in ("15m", "hour"):
        return start + _LENGTHS[step]
    # Days have 23 or 25 hours where the clock changes.
    local = start.astimezone(zone).replace(tzinfo=None) + _LENGTHS[step]
    return local.replace(tzinfo=zone).astimezone(timezone.utc)


def show_costs(
    series: Series, dimension: str, colors: Colors, span: Span, zone: tzinfo, opened: set[str]
) -> Mapping[str, str]:
    """Show cost over time, stacked, with its numbers as a table below, which a reader unfolds.

    Returns the colors of the lines by name.
    """
    # The rest may be empty.
    lines = [line for line in series.lines if any(sums.calls for sums in line.sums)]
    series = msgspec.structs.replace(series, lines=lines)
    used = colors.assign(dimension, [line.name for line in lines])
    partial = find_partial(series, span, zone)
    times = [formats.short_time(start, zone, series.step) for start in series.starts]
    _draw(series, used, times, partial)
    with _details("numbers", opened):
        text("summary", "Numbers of this chart")
        columns = [Column("Start", is_number=False), *(Column(title_of(line)) for line in series.lines)]
        rows = [
            [
                Cell(f"{time}, {partial[index]}" if index in partial else time, start.isoformat()),
                *(sums_cell(line.sums[index]) for line in series.lines),
            ]
            for index, (time, start) in enumerate(zip(times, series.starts, strict=True))
        ]
        table("cost-over-time", columns, rows, "Cost over time")
    return used


def _draw(series: Series, used: Mapping[str, str], times: list[str], partial: Mapping[int, str]) -> None:
    labels = [f"{time}\n{partial[index]}" if index in partial else time for index, time in enumerate(times)]
    lines = [
        {
            "name": title_of(line),
            "color": OTHER if line.name is None else used.get(line.name, NONE),
            # A chart has no use for more digits than a float has; the table has them all.
            "costs": [float(sums.cost) for sums in line.sums],
        }
        for line in series.lines
    ]
    chart = _Chart(labels, lines, list(partial)).classes("chart")
    chart.props["role"] = "img"
    chart.props["aria-label"] = "Cost over time. The same numbers are in the table below."


def _details(name: str, opened: set[str]) -> ui.element:
    made = ui.element("details")
    made.props["open"] = name in opened

    def note_toggle(event: Any) -> None:
        (opened.add if event.args["newState"] == "open" else opened.discard)(name)

    made.on("toggle", note_toggle, args=["newState"])
    return made
