"""An SVG of one run, by the standard library alone: a bar a row, or a line a case where a size grows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from benchmarks.samples import Row, read_size
from benchmarks.tables import format_number

__all__ = ["draw"]

_WIDTH, _LABEL, _LINE = 900, 430, 20
_SIDE, _GAP = 230, 60
_WITHIN, _MISSED = "#1f77b4", "#d62728"
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif"'
    ' font-size="12"><rect width="100%" height="100%" fill="white"/>'
)
_FRAME = '<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="none" stroke="#999"/>'


def draw(rows: Sequence[Row]) -> str:
    """The picture. Rows that have no size next to them are bars, each group of a unit with its own scale."""
    sized = [row for row in rows if read_size(row)]
    return _draw_lines(sized) if sized else _draw_bars(rows)


def _draw_bars(rows: Sequence[Row]) -> str:
    """Median as a bar, quartiles as a line across its end."""
    ordered = sorted(rows, key=lambda row: row.unit)
    parts: list[str] = []
    top = 0
    for unit, group in groupby(ordered, key=lambda row: row.unit):
        top += 2 * _LINE
        parts.append(_write(10, top - 6, unit, 'font-weight="bold"'))
        members = list(group)
        scale = (_WIDTH - _LABEL - 90) / max(1e-9, *(abs(row.high) for row in members))
        for row in members:
            parts.extend(_draw_bar(row, top, scale))
            top += _LINE
    return "".join([_HEAD.format(width=_WIDTH, height=top + _LINE), *parts, "</svg>\n"])


def _draw_bar(row: Row, top: int, scale: float) -> Iterable[str]:
    middle = top + _LINE / 2
    low, median, high = (_LABEL + max(0.0, value) * scale for value in (row.low, row.median, row.high))
    colour = _WITHIN if row.is_within else _MISSED
    yield _write(10, middle + 4, row.case)
    width, height = median - _LABEL, _LINE - 6
    yield f'<rect x="{_LABEL}" y="{top + 3}" width="{width:.1f}" height="{height}" fill="{colour}"/>'
    yield f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="black"/>'
    yield _write(high + 6, middle + 4, format_number(row.median))


def _draw_lines(rows: Sequence[Row]) -> str:
    """A field a case, both of its axes logarithmic: a flat line is no growth, a diagonal one is linear."""
    cases = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row.case)]
    across = _WIDTH // (_SIDE + _GAP)
    height = math.ceil(len(cases) / across) * (_SIDE + _GAP)
    parts = [_HEAD.format(width=_WIDTH, height=height)]
    for index, (name, group) in enumerate(cases):
        left, top = index % across * (_SIDE + _GAP) + _GAP - 10, index // across * (_SIDE + _GAP) + 24
        parts.append(_write(left, top - 8, f"{name}, µs CPU", 'font-weight="bold"'))
        parts.append(_FRAME.format(x=left, y=top, side=_SIDE))
        parts.extend(_draw_curve(group, left, top))
    return "".join([*parts, "</svg>\n"])


def _draw_curve(rows: Sequence[Row], left: int, top: int) -> Iterable[str]:
    sizes = [math.log10(read_size(row)) for row in rows]
    costs = [math.log10(max(row.median, 1e-3)) for row in rows]
    # One scale for both axes, so that the slope of a line is the power of its growth.
    decades = max(sizes[-1] - sizes[0], max(costs) - min(costs)) or 1.0
    points = [
        (left + (size - sizes[0]) / decades * _SIDE, top + _SIDE - (cost - min(costs)) / decades * _SIDE)
        for size, cost in zip(sizes, costs, strict=True)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{line}" fill="none" stroke="{_WITHIN}" stroke-width="2"/>'
    for row, (x, y) in zip(rows, points, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_WITHIN}"/>'
        yield _write(x - 10, max(top + 12, y - 8), format_number(row.median), 'font-size="10"')
        yield _write(x - 10, top + _SIDE + 14, f"{read_size(row):,}", 'font-size="10"')


def _write(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
