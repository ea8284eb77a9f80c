"""An SVG of one run."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.bars import draw_bars
from benchmarks.curves import draw_curves
from benchmarks.samples import Row, read_size

__all__ = ["draw"]


def draw(rows: Sequence[Row]) -> str:
    """Curves of the rows that are of several sizes, where there are such rows; else bars of all."""
    sized = [row for row in rows if read_size(row)]
    return draw_curves(sized) if sized else draw_bars(rows)
