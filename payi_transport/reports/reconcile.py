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
from datetime import date, timezone, tzinfo
from decimal import Decimal
from typing import NamedTuple

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.reconcile_cells import Amount, Cell, CellKey, OurCalls, add_bill, find_key
from payi_transport.reports.reconcile_periods import find_periods, fold_bill, fold_ours
from payi_transport.reports.reconcile_zones import find_stated_zone, find_zones
from payi_transport.reports.zones import Zones

__all__ = ["Comparison", "Move", "Parts", "Row", "compare"]

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


class Move(NamedTuple):
    """What changed its day because days are cut in another zone than UTC: all models, or one of them."""

    model: str | None
    zone: tzinfo
    money: Decimal


class Comparison(NamedTuple):
    """A bill and our calls. `names` has a readable name for each key of a model, `lines` the bill's by cell.

    `moves` are the zones of the bill's days other than UTC, with the estimate of the calls that are on other
    days there.
    """

    rows: list[Row]
    parts: Parts
    billed: Decimal
    estimated: Decimal
    moves: list[Move]
    failed: Mapping[tuple[date, str], int]
    names: Mapping[str, str]
    lines: list[tuple[CellKey, BillLine]]
    first: date
    last: date


def compare(bill: Bill, calls: Iterable[PricedCall]) -> Comparison:
    """Compare a bill, which has at least one line, in US dollars, with our calls of its days."""
    ours = OurCalls(calls, {line.provider for line in bill.lines})
    lines, is_whole = _choose_lines(bill.lines)
    stated = find_stated_zone(lines)
    periods = find_periods(lines, stated)
    cells = fold_bill(add_bill(lines, ours.names, stated), periods)
    days = {key.day for key in cells}
    first, last = min(days), max(days) if periods.last is None else max(*days, periods.last)
    zones = Zones(stated) if stated != timezone.utc else find_zones(cells, ours)
    utc, cut = (fold_ours(_within(ours.by_day(each), first, last), periods) for each in (Zones(), zones))
    if is_whole:
        utc, cut = _add_up_days(utc), _add_up_days(cut)
    for key, amount in cut.items():
        bill_side = cells.get(key)
        cells[key] = (
            Cell(Amount(), Amount(), amount) if bill_side is None else bill_side._replace(ours=amount)
        )
    rows = [Row(key, cell, _split(cell)) for key, cell in sorted(cells.items())]
    return Comparison(
        rows,
        _add_parts(rows),
        sum((row.cell.bill.cost for row in rows), _ZERO),
        sum((row.cell.ours.cost for row in rows), _ZERO),
        _list_moves(zones, utc, cut),
        ours.count_failed(zones),
        ours.names,
        [(periods.find_first(find_key(line, stated)), line) for line in lines],
        first,
        last,
    )


def _choose_lines(lines: list[BillLine]) -> tuple[list[BillLine], bool]:
    """Return the lines that can be compared, and whether they are costs of whole days.

    OpenAI's costs are, unless they are grouped by line item. Usage can't be set against those. Where costs
    name quantities, a report of usage next to them says the same once more.
    """
    costs = [line for line in lines if line.cost is not None]
    if costs and not any(line.model for line in costs):
        return costs, True
    counted = {line.provider for line in costs if line.quantity is not None}
    return [line for line in lines if line.cost is not None or line.provider not in counted], False


def _add_parts(rows: Iterable[Row]) -> Parts:
    parts = Parts()
    for row in rows:
        parts = parts.plus(row.parts)
    return parts


def _list_moves(zones: Zones, utc: Mapping[CellKey, Amount], cut: Mapping[CellKey, Amount]) -> list[Move]:
    moves = []
    if zones.main != timezone.utc:
        own = set(zones.own)
        money = _measure_move(*(_leave_out(days, own) for days in (utc, cut)))
        moves.append(Move(None, zones.main, money))
    for model, zone in sorted(zones.own.items()):
        others = {key.model for key in (*utc, *cut)} - {model}
        money = _measure_move(*(_leave_out(days, others) for days in (utc, cut)))
        moves.append(Move(model, zone, money))
    return moves


def _leave_out(days: Mapping[CellKey, Amount], models: set[str]) -> dict[CellKey, Amount]:
    return {key: amount for key, amount in days.items() if key.model not in models}


def _within(days: Mapping[CellKey, Amount], first: date, last: date) -> dict[CellKey, Amount]:
    return {key: amount for key, amount in days.items() if first <= key.day <= last}


def _add_up_days(days: Mapping[CellKey, Amount]) -> dict[CellKey, Amount]:
    sums: dict[CellKey, Amount] = {}
    for key, amount in days.items():
        sums.setdefault(CellKey(key.day, "", ""), Amount()).add(amount.quantity, amount.cost)
    return sums


def _measure_move(utc: Mapping[CellKey, Amount], cut: Mapping[CellKey, Amount]) -> Decimal:
    """Return the money that changed its day."""
    costs = [
        (cut[key].cost if key in cut else _ZERO) - (utc[key].cost if key in utc else _ZERO)
        for key in {*utc, *cut}
    ]
    gained = sum((cost for cost in costs if cost > 0), _ZERO)
    lost = -sum((cost for cost in costs if cost < 0), _ZERO)
    return max(gained, lost)


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
