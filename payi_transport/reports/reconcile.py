"""Why a bill differs from our estimate: what was not seen here, other quantities, and other prices.

Each day, model, and kind of tokens is split by one rule, so the parts add up to the difference:

- Nothing of it was seen here: all of it is *not seen*.
- The bill has another quantity than we have: the difference in quantity at our price is *other quantity*.
- What is left is *other price*.

Where a bill names no quantity, quantity and price can't be told apart, and the difference is *undivided*.
What the bill has less of makes a part negative. Before that, the days of our calls are cut as the bill's are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconcile_cells import Amount, Cell, CellKey, OurCalls, add_bill
from payi_transport.reports.reconcile_zones import find_offset

__all__ = ["Comparison", "Parts", "Row", "compare"]

_ZERO = Decimal(0)
_SMALLEST = Decimal("1e-12")


class Parts(NamedTuple):
    """A difference in US dollars, by its reason."""

    not_seen: Decimal = _ZERO
    quantity: Decimal = _ZERO
    price: Decimal = _ZERO
    undivided: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        return sum(self, _ZERO)

    def plus(self, other: Parts) -> Parts:
        """Return the sums of both."""
        return Parts(*(mine + its for mine, its in zip(self, other, strict=True)))


class Row(NamedTuple):
    """A day, a model, and a kind of tokens: both sides, and why they differ."""

    key: CellKey
    cell: Cell
    parts: Parts

    @property
    def rate(self) -> Decimal | None:
        """Our price of one token, None where we have none."""
        ours = self.cell.ours
        priced = ours.quantity - ours.unpriced
        return ours.cost / priced if priced else None


class Comparison(NamedTuple):
    """A bill and our calls. `offset` is that of the zone in which the bill's days are cut.

    `moved` is the estimate of the calls that are on other days in that zone, and `edges` what it adds to the
    bill's period or takes from it. `names` has a readable name for each key of a model.
    """

    rows: list[Row]
    parts: Parts
    billed: Decimal
    estimated: Decimal
    offset: timedelta
    moved: Decimal
    edges: Decimal
    failed: Mapping[tuple[date, str], int]
    names: Mapping[str, str]
    first: date
    last: date


def compare(bill: Bill, calls: Iterable[PricedCall]) -> Comparison:
    """Compare a bill, which has at least one line, with our calls of its days."""
    ours = OurCalls(calls, {line.provider for line in bill.lines})
    costs = [line for line in bill.lines if line.cost is not None]
    # Costs of whole days, as OpenAI's are unless grouped by line item. Usage can't be set against them.
    is_whole = bool(costs) and not any(line.model for line in costs)
    cells = add_bill(costs if is_whole else bill.lines, ours.names)
    days = sorted({key.day for key in cells})
    first, last = days[0], days[-1]
    offset = find_offset(cells, ours)
    utc, cut = (_within(ours.by_day(each), first, last) for each in (timedelta(), offset))
    if is_whole:
        utc, cut = _add_up_days(utc), _add_up_days(cut)
    for key, amount in cut.items():
        bill_side = cells.get(key)
        cells[key] = (
            Cell(Amount(), Amount(), amount) if bill_side is None else bill_side._replace(ours=amount)
        )
    rows = [Row(key, cell, _split(cell)) for key, cell in sorted(cells.items())]
    parts = Parts()
    for row in rows:
        parts = parts.plus(row.parts)
    moved, edges = _measure_move(utc, cut)
    return Comparison(
        rows,
        parts,
        sum((row.cell.bill.cost for row in rows), _ZERO),
        sum((row.cell.ours.cost for row in rows), _ZERO),
        offset,
        moved,
        edges,
        ours.count_failed(offset),
        ours.names,
        first,
        last,
    )


def _within(days: Mapping[CellKey, Amount], first: date, last: date) -> dict[CellKey, Amount]:
    return {key: amount for key, amount in days.items() if first <= key.day <= last}


def _add_up_days(days: Mapping[CellKey, Amount]) -> dict[CellKey, Amount]:
    sums: dict[CellKey, Amount] = {}
    for key, amount in days.items():
        sums.setdefault(CellKey(key.day, "", ""), Amount()).add(amount.quantity, amount.cost)
    return sums


def _measure_move(utc: Mapping[CellKey, Amount], cut: Mapping[CellKey, Amount]) -> tuple[Decimal, Decimal]:
    """Return the money that changed its day, and what the change added to all days together."""
    costs = [
        (cut[key].cost if key in cut else _ZERO) - (utc[key].cost if key in utc else _ZERO)
        for key in {*utc, *cut}
    ]
    gained = sum((cost for cost in costs if cost > 0), _ZERO)
    lost = -sum((cost for cost in costs if cost < 0), _ZERO)
    return max(gained, lost), gained - lost


def _split(cell: Cell) -> Parts:
    bill, ours = cell.bill, cell.ours
    difference = bill.cost - ours.cost
    if not ours.has_quantity:
        return Parts(not_seen=difference)
    if not bill.lines and not bill.has_quantity:
        return Parts(quantity=difference)
    if not bill.has_quantity:
        return Parts(undivided=difference)
    if not bill.lines:
        # A report of usage alone, to be compared by quantities.
        difference = _at_our_price(bill.quantity - ours.quantity, ours)
        return Parts(quantity=difference)
    quantity = _at_our_price(bill.quantity - ours.quantity, ours)
    return Parts(quantity=quantity, price=difference - quantity)


def _at_our_price(quantity: Decimal, ours: Amount) -> Decimal:
    priced = ours.quantity - ours.unpriced
    return (quantity * ours.cost / priced).quantize(_SMALLEST) if priced else _ZERO
