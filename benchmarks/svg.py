"""Pieces of an SVG, by the standard library alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.sax.saxutils import escape

__all__ = [
    "AXIS",
    "GRID",
    "MUTED",
    "TEXT",
    "draw_box",
    "draw_line",
    "list_ticks",
    "tell_short",
    "write",
    "write_document",
]

# Colours.
TEXT, MUTED, AXIS, GRID = "#1f2933", "#616e7c", "#9aa5b1", "#e4e7eb"
_FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def write_document(width: float, height: float, parts: Iterable[str]) -> str:
    """The whole picture, on white also where a page is dark."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" font-family="{_FONT}" font-size="12" fill="{TEXT}">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def write(x: float, y: float, text: str, more: str = "") -> str:
    """`more`: attributes."""
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'


def draw_line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" {more}/>'


def draw_box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def list_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, no more than `most` steps of them."""
    rough = max(high - low, 1e-9) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def tell_short(value: float) -> str:
    """A round number: 20,000 is 20k."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
