"""The chart of cost over time, and the colors of what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import msgspec
from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.elements import Cell, Column, table, text
from payi_transport.serve.views import Line, Series

__all__ = ["Colors", "show_costs"]

# Tol's "bright" and two of "muted", which people with color blindness can tell apart:
# https://personal.sron.nl/~pault/
_SCALE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#332288")
_OTHER = "#8a8f98"
# JavaScript, which ECharts calls.
_WRITE_AXIS = "cost => '$' + cost.toLocaleString('en', {minimumFractionDigits: cost % 1 ? 2 : 0})"
_WRITE_COST = "cost => '$' + Number(cost).toLocaleString('en', {maximumSignificantDigits: 4})"


class Colors:
    """Colors by name. A name keeps its color on every screen, for as long as the service runs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def of(self, dimension: str, name: str | None) -> str:
        """Return the color of a value of a dimension. What has no name, and the rest, are grey."""
        if not name:
            return _OTHER
        used = sum(known == dimension for known, _ in self._known)
        return self._known.setdefault((dimension, name), _SCALE[used % len(_SCALE)])


def title_of(line: Line) -> str:
    """Return what a line is called."""
    return "other" if line.name is None else line.name or "none"


def show_costs(series: Series, dimension: str, colors: Colors, zone: tzinfo, opened: set[str]) -> None:
    """Show cost over time, stacked, with its numbers as a table below, which a reader unfolds."""
    # The rest may be empty.
    lines = [line for line in series.lines if any(sums.calls for sums in line.sums)]
    series = msgspec.structs.replace(series, lines=lines)
    times = [formats.short_time(start, zone, series.step) for start in series.starts]
    chart = ui.echart(_options(series, dimension, colors, times), renderer="svg").classes("chart")
    chart.props('role=img aria-label="Cost over time. The same numbers are in the table below."')
    with _details("numbers", opened):
        text("summary", "Numbers of this chart")
        columns = [Column("Start", is_number=False), *(Column(title_of(line)) for line in series.lines)]
        rows = [
            [Cell(time, start.isoformat()), *(_cell(line, index) for line in series.lines)]
            for index, (time, start) in enumerate(zip(times, series.starts, strict=True))
        ]
        table("cost-over-time", columns, rows, "Cost over time")


def _details(name: str, opened: set[str]) -> ui.element:
    made = ui.element("details")
    made.props["open"] = name in opened

    def note_toggle(event: Any) -> None:
        (opened.add if event.args else opened.discard)(name)

    made.on("toggle", note_toggle, js_handler="(event) => emit(event.target.open)")
    return made


def _cell(line: Line, index: int) -> Cell:
    cost = line.sums[index].cost
    return Cell(formats.money(cost), formats.exact_money(cost))


def _options(series: Series, dimension: str, colors: Colors, times: Sequence[str]) -> dict[str, Any]:
    axis = {"axisLine": {"show": False}, "axisTick": {"show": False}, "axisLabel": {"color": "#7a808a"}}
    return {
        "animation": False,
        "grid": {"left": 4, "right": 4, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"type": "scroll", "top": 0, "left": 0, "icon": "rect", "itemWidth": 10, "itemHeight": 10}
        | {"textStyle": {"color": "#7a808a"}},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow"},
            "confine": True,
            ":valueFormatter": _WRITE_COST,
        },
        "xAxis": {"type": "category", "data": list(times), **axis},
        "yAxis": {
            "type": "value",
            **axis,
            "splitLine": {"lineStyle": {"color": "#8a8f9833"}},
            "axisLabel": {"color": "#7a808a", ":formatter": _WRITE_AXIS},
        },
        "series": [_bars(line, dimension, colors) for line in series.lines],
    }


def _bars(line: Line, dimension: str, colors: Colors) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": title_of(line),
        "stack": "cost",
        "barCategoryGap": "25%",
        "itemStyle": {"color": colors.of(dimension, line.name)},
        # A chart has no use for more digits than a float has; the table has them all.
        "data": [float(sums.cost) for sums in line.sums],
    }
