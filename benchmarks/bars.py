"""Bars: a block for each first name of a case, in it a line for each case and a field for each unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.samples import Row
from benchmarks.svg import (
    AXIS,
    GRID,
    MUTED,
    TEXT,
    draw_box,
    draw_line,
    list_ticks,
    tell_short,
    write,
    write_document,
)
from benchmarks.tables import format_number

__all__ = ["draw_bars"]

_WIDTH, _MARGIN, _LINE = 960, 20, 20
# Above the bars of a block are its name and the unit, below them the numbers of the axis.
_HEAD, _FOOT, _LEGEND = 44, 36, 48
# Room for the number behind a bar, and about what a letter takes.
_NUMBER, _LETTER = 80, 6.3
# Side by side.
_FIELDS = 2
_PLAIN, _WITHIN, _MISSED = "#4c78a8", "#2f9e6e", "#d9534f"
_BUDGET = f'stroke="{TEXT}" stroke-width="1.5" stroke-dasharray="3 2"'


class _Field(NamedTuple):
    """Where values are: `low` and `high` are those at its edges."""

    left: float
    width: float
    low: float
    high: float

    def place(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * self.width


def draw_bars(rows: Sequence[Row]) -> str:
    """The medians, with their quartiles and budgets. Each field has a scale of its own."""
    parts = list(_draw_legend(rows))
    left = _MARGIN + _LETTER * max(len(_find_label(row.case)) for row in rows) + 16
    top = float(_LEGEND)
    for name, units in _find_blocks(rows):
        parts.append(write(_MARGIN, top + 14, name, 'font-weight="bold" font-size="14"'))
        parts.extend(_draw_block(units, left, top + _HEAD))
        top += _HEAD + max(map(len, units.values())) * _LINE + _FOOT
    return write_document(_WIDTH, top, parts)


def _find_label(case: str) -> str:
    """What tells it apart in its block."""
    name, _, label = case.partition(" / ")
    return label or name


def _find_blocks(rows: Sequence[Row]) -> Iterator[tuple[str, dict[str, list[Row]]]]:
    """The name of each block and its rows, by unit; more units than have room make a block more."""
    named: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        named.setdefault(row.case.partition(" / ")[0], {}).setdefault(row.unit, []).append(row)
    for name, units in named.items():
        pairs = list(units.items())
        for start in range(0, len(pairs), _FIELDS):
            yield name, dict(pairs[start : start + _FIELDS])


def _draw_block(units: Mapping[str, list[Row]], left: float, top: float) -> Iterator[str]:
    room = (_WIDTH - _MARGIN - left) / _FIELDS
    for index, row in enumerate(next(iter(units.values()))):
        yield write(_MARGIN, top + index * _LINE + 14, _find_label(row.case))
    for index, (unit, rows) in enumerate(units.items()):
        ends = [end for row in rows for end in (row.low, row.high, row.median, row.budget or 0.0)]
        field = _Field(left + index * room, room - _NUMBER, min(0.0, *ends), max(1e-9, *ends))
        yield write(field.left, top - 10, unit, f'fill="{MUTED}"')
        yield from _draw_axis(field, top, top + len(rows) * _LINE)
        for number, row in enumerate(rows):
            yield from _draw_bar(row, field, top + number * _LINE)


def _draw_axis(field: _Field, top: float, bottom: float) -> Iterator[str]:
    for tick in list_ticks(field.low, field.high, 5):
        x = field.place(tick)
        yield draw_line(x, top, x, bottom, f'stroke="{GRID if tick else AXIS}"')
        yield write(x, bottom + 14, tell_short(tick), f'font-size="10" text-anchor="middle" fill="{MUTED}"')


def _draw_bar(row: Row, field: _Field, top: float) -> Iterator[str]:
    middle, bottom = top + _LINE / 2, top + _LINE
    start, end = sorted((field.place(0.0), field.place(row.median)))
    yield draw_box(start, top + 4, end - start, _LINE - 8, _find_colour(row))
    yield draw_line(field.place(row.low), middle, field.place(row.high), middle, f'stroke="{TEXT}"')
    if row.budget is not None:
        x = field.place(row.budget)
        yield draw_line(x, top, x, bottom, _BUDGET)
    number = format_number(row.median, "" if row.bare is None else "+")
    yield write(field.left + field.width + _NUMBER - 14, middle + 4, number, 'text-anchor="end"')


def _find_colour(row: Row) -> str:
    if row.budget is None:
        return _PLAIN
    return _WITHIN if row.is_within else _MISSED


def _draw_legend(rows: Sequence[Row]) -> Iterator[str]:
    """Of what there is."""
    yield write(_MARGIN, 24, "Medians:")
    x = _MARGIN + 70.0
    for colour, words in ((_PLAIN, "no budget"), (_WITHIN, "within budget"), (_MISSED, "budget missed")):
        if any(_find_colour(row) == colour for row in rows):
            yield draw_box(x, 14, 12, 12, colour)
            yield write(x + 18, 24, words)
            x += 18 + len(words) * _LETTER + 24
    for look, words in ((f'stroke="{TEXT}"', "quartiles"), (_BUDGET, "budget")):
        yield draw_line(x, 20, x + 16, 20, look)
        yield write(x + 22, 24, words)
        x += 22 + len(words) * _LETTER + 24
    if any(row.bare is not None for row in rows):
        yield write(x, 24, "+ added to the same without recording", f'fill="{MUTED}"')
