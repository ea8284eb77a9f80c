"""Curves: a field for each case, of what it costs at each of several sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from benchmarks.samples import Row, read_size
from benchmarks.svg import AXIS, GRID, MUTED, TEXT, draw_line, tell_short, write, write_document
from benchmarks.tables import format_number

__all__ = ["draw_curves"]

_WIDTH, _ACROSS, _LEGEND = 960, 3, 40
# The side of a field, and what is left and above it for its name and numbers.
_SIDE, _LEFT, _ABOVE, _BELOW = 240, 60, 34, 46
_COLOUR = "#4c78a8"
_LINEAR = f'stroke="{AXIS}" stroke-dasharray="4 3"'
_CURVE = f'fill="none" stroke="{_COLOUR}" stroke-width="2"'


class _Field(NamedTuple):
    """A square of so many decades, whose lower left corner is the smallest size and cost."""

    left: float
    bottom: float
    size: float
    cost: float
    decades: float

    def place(self, size: float, cost: float) -> tuple[float, float]:
        """Logarithms, of both."""
        unit = _SIDE / self.decades
        return self.left + (size - self.size) * unit, self.bottom - (cost - self.cost) * unit


def draw_curves(rows: Sequence[Row]) -> str:
    """Both axes are logarithmic and of one scale: a flat line is no growth, a diagonal one is linear."""
    cases = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row.case)]
    parts = list(_draw_legend())
    for index, (name, group) in enumerate(cases):
        left = index % _ACROSS * (_WIDTH / _ACROSS) + _LEFT
        top = _LEGEND + index // _ACROSS * (_ABOVE + _SIDE + _BELOW) + _ABOVE
        parts.append(write(left, top - 12, name, 'font-weight="bold"'))
        parts.append(_draw_frame(left, top))
        parts.extend(_draw_field(group, left, top + _SIDE))
        parts.append(_center(left + _SIDE / 2, top + _SIDE + 30, name.partition(" / ")[0]))
    return write_document(
        _WIDTH, _LEGEND + math.ceil(len(cases) / _ACROSS) * (_ABOVE + _SIDE + _BELOW), parts
    )


def _draw_legend() -> Iterator[str]:
    yield draw_line(20, 20, 36, 20, _CURVE)
    yield write(42, 24, "µs CPU, median and quartiles")
    yield draw_line(240, 20, 256, 20, _LINEAR)
    yield write(262, 24, "linear growth")
    yield write(370, 24, "Both axes are logarithmic and of one scale.", f'fill="{MUTED}"')


def _draw_frame(left: float, top: float) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{GRID}"/>'
    )


def _draw_field(rows: Sequence[Row], left: float, bottom: float) -> Iterator[str]:
    sizes, costs = [math.log10(read_size(row)) for row in rows], [_take_log(row.median) for row in rows]
    decades = max(sizes[-1] - sizes[0], max(costs) - min(costs)) or 1.0
    field = _Field(left, bottom, sizes[0], min(costs), decades)
    steps = min(sizes[-1] - sizes[0], min(costs) + decades - costs[0])
    yield draw_line(
        *field.place(sizes[0], costs[0]), *field.place(sizes[0] + steps, costs[0] + steps), _LINEAR
    )
    points = list(map(field.place, sizes, costs))
    yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" {_CURVE}/>'
    for row, (x, y) in zip(rows, points, strict=True):
        yield from _draw_point(row, field, x, y)


def _draw_point(row: Row, field: _Field, x: float, y: float) -> Iterator[str]:
    low, high = (field.place(0.0, _take_log(end))[1] for end in (row.low, row.high))
    yield draw_line(x, low, x, high, f'stroke="{TEXT}"')
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_COLOUR}"/>'
    # To the left of where a growing curve goes on.
    yield write(x + 4, min(y, high) - 8, format_number(row.median), 'font-size="11" text-anchor="end"')
    yield _center(x, field.bottom + 14, tell_short(read_size(row)))


def _take_log(cost: float) -> float:
    """Of what the clock can tell."""
    return math.log10(max(cost, 1e-3))


def _center(x: float, y: float, text: str) -> str:
    return write(x, y, text, f'font-size="10" text-anchor="middle" fill="{MUTED}"')
