"""Spread a figure for a whole call over the lines of its units."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from payi_transport.prices.estimates import Line, Source, settle

__all__ = ["spread"]


def spread(lines: Sequence[Line], figure: Decimal, listed: Decimal, source: Source) -> list[Line]:
    """Return the lines with amounts that add up to `figure`, in the proportions of those that they have.

    `listed` is the sum of those. What rounding leaves is on the largest line.
    """
    amounts = [settle((line.amount or Decimal(0)) * figure / listed) for line in lines]
    largest = max(range(len(lines)), key=amounts.__getitem__)
    amounts[largest] += figure - sum(amounts)
    return [
        msgspec.structs.replace(line, rate=amount / line.count, amount=amount, source=source, note=None)
        for line, amount in zip(lines, amounts, strict=True)
    ]
