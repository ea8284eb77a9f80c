"""A picture of one run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from benchmarks.samples import Row, read_size
from benchmarks.tables import format_number

__all__ = ["FORMATS", "draw", "save"]

# What a name of a file may end in.
FORMATS = (".png", ".svg")
_ACROSS = 3
# Of fields, in inches.
_WIDTH, _LINE, _FRAME, _SIDE = 11.0, 0.24, 0.8, 3.4
_PLAIN, _WITHIN, _MISSED = "#4c78a8", "#2f9e6e", "#d9534f"
_COLOURS = {"no budget": _PLAIN, "within budget": _WITHIN, "budget missed": _MISSED}
_QUARTILES = Line2D([], [], color="black", linewidth=1, label="quartiles")
_BUDGET = Line2D([], [], color="black", linestyle=":", label="budget")
_LINEAR = Line2D([], [], color="grey", linestyle="--", label="linear growth")
# µs: a logarithm needs something.
_LEAST = 1e-3


def save(rows: Sequence[Row], file: Path) -> None:
    """The format is that of the file's name, one of `FORMATS`."""
    # Text stays text in an SVG, so that it can be searched and does not double the file.
    with rc_context({"svg.fonttype": "none"}):
        draw(rows).savefig(file)


def draw(rows: Sequence[Row]) -> Figure:
    """Curves of the rows that are of several sizes, where there are such rows; else bars of all."""
    sized = [row for row in rows if read_size(row)]
    return _draw_curves(sized) if sized else _draw_bars(rows)


def _draw_bars(rows: Sequence[Row]) -> Figure:
    """A field for each unit of each first name of a case, with a scale of its own."""
    # A field of its own for each unit: microseconds and events a second have no scale in common.
    groups = _group_fields(rows)
    heights = [len(group) * _LINE + _FRAME for group in groups.values()]
    figure = Figure((_WIDTH, sum(heights) + _FRAME / 2), layout="constrained")
    fields = figure.subplots(len(groups), squeeze=False, height_ratios=heights)
    for axes, ((name, unit), group) in zip(fields.flat, groups.items(), strict=True):
        axes.set_title(f"{name}: {_tell_unit(unit, group)}", loc="left", fontsize="medium")
        _draw_field(axes, group)
    figure.legend(handles=_list_legend(rows), loc="outside upper left", ncols=5, frameon=False)
    return figure


def _group_fields(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """By first name and unit, in the order of the run's own."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.case.partition(" / ")[0], row.unit), []).append(row)
    return groups


def _tell_unit(unit: str, rows: Sequence[Row]) -> str:
    return unit if rows[0].bare is None else f"{unit}, added to the same without recording"


def _draw_field(axes: Axes, rows: Sequence[Row]) -> None:
    places, medians = range(len(rows)), [row.median for row in rows]
    bars = axes.barh(places, medians, xerr=_find_spread(rows), color=list(map(_find_colour, rows)))
    axes.bar_label(bars, [format_number(row.median, _find_sign(row)) for row in rows], padding=4)
    for place, row in enumerate(rows):
        if row.budget is not None:
            axes.vlines(row.budget, place - 0.5, place + 0.5, _BUDGET.get_color(), _BUDGET.get_linestyle())
    axes.set_yticks(places, [row.case.partition(" / ")[2] or row.case for row in rows])
    # matplotlib counts from the bottom, and the first case of the table belongs at the top.
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.spines[["top", "right"]].set_visible(False)


def _find_spread(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    """From the medians down and up to the quartiles."""
    return [row.median - row.low for row in rows], [row.high - row.median for row in rows]


def _find_colour(row: Row) -> str:
    if row.budget is None:
        return _PLAIN
    return _WITHIN if row.is_within else _MISSED


def _find_sign(row: Row) -> str:
    return "" if row.bare is None else "+"


def _list_legend(rows: Sequence[Row]) -> list[Patch | Line2D]:
    """Of what there is."""
    used = set(map(_find_colour, rows))
    if used == {_PLAIN}:
        return [_QUARTILES]
    patches = [Patch(color=colour, label=label) for label, colour in _COLOURS.items() if colour in used]
    return [*patches, _QUARTILES, _BUDGET]


def _draw_curves(rows: Sequence[Row]) -> Figure:
    """A field for each case, of what it costs at each of several sizes."""
    cases = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row.case)]
    lines = -(-len(cases) // _ACROSS)
    figure = Figure((_WIDTH, lines * _SIDE + _FRAME), layout="constrained")
    fields = list(figure.subplots(lines, _ACROSS, squeeze=False).flat)
    for axes in fields[len(cases) :]:
        axes.set_axis_off()
    for axes, (name, group) in zip(fields, cases, strict=False):
        _draw_curve(axes, name, group)
    figure.legend(handles=[_QUARTILES, _LINEAR], loc="outside upper left", ncols=2, frameon=False)
    figure.supylabel("µs CPU")
    return figure


def _draw_curve(axes: Axes, name: str, rows: Sequence[Row]) -> None:
    """Both axes are logarithmic: a flat line is no growth."""
    sizes, (costs, lows, highs) = list(map(read_size, rows)), _list_quartiles(rows)
    axes.loglog(sizes, costs, color=_PLAIN, marker="o")
    axes.vlines(sizes, lows, highs, _QUARTILES.get_color(), linewidth=1)
    axes.plot(
        sizes,
        [costs[0] * size / sizes[0] for size in sizes],
        color=_LINEAR.get_color(),
        linestyle=_LINEAR.get_linestyle(),
        zorder=0,
    )
    axes.set_title(name, fontsize="medium")
    axes.set_xlabel(name.partition(" / ")[0])


def _list_quartiles(rows: Sequence[Row]) -> tuple[list[float], ...]:
    """The medians first; what the clock can tell of them."""
    ends = zip(*((row.median, row.low, row.high) for row in rows), strict=True)
    return tuple([max(end, _LEAST) for end in quartile] for quartile in ends)
