"""What of a difference is still to be explained, and how close two numbers must be to be the same.

Bills and events never agree to the last token, so what is within one percent is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.reconcile import Row
from payi_transport.reports.reconcile_cells import CellKey

__all__ = ["Found", "KeyedLine", "Left", "Rest", "format_share", "group_by_model", "is_close"]

# The key of a model, the money that a pattern explains, and a detail.
Found = tuple[str, Decimal, str]
# A line of the bill, and the cell that it is in.
KeyedLine = tuple[CellKey, BillLine]
_ZERO = Decimal(0)
_CLOSE = Decimal("0.01")


class Left:
    """What of a row's difference is still to be explained."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.not_seen, self.quantity, self.price, self.undivided = row.parts

    def take(self, *parts: str) -> Decimal:
        """Return the money of some parts, which then are explained."""
        money = sum((getattr(self, part) for part in parts), _ZERO)
        for part in parts:
            setattr(self, part, _ZERO)
        return money

    @property
    def at_our_price(self) -> Decimal:
        """What the bill's quantity costs at our price."""
        return self.row.cell.bill.quantity * (self.row.rate or _ZERO)


Rest = Mapping[CellKey, Left]


def group_by_model(left: Rest) -> dict[str, dict[CellKey, Left]]:
    """Return what is left of each model."""
    models: defaultdict[str, dict[CellKey, Left]] = defaultdict(dict)
    for key, row in left.items():
        models[key.model][key] = row
    return models


def is_close(one: Decimal, other: Decimal) -> bool:
    """Return whether two amounts differ by at most one percent of the larger one."""
    return abs(one - other) <= _CLOSE * max(abs(one), abs(other))


def format_share(part: Decimal, whole: Decimal) -> str:
    """Return a share in percent with one decimal where it matters."""
    if not whole:
        return ""
    percent = f"{100 * part / whole:.1f}"
    return f"{percent.removesuffix('.0')} %"
