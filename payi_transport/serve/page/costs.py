"""Costs as cells of tables: an amount, or a word where there is none.

What has no price is never shown as $0. A sum that lacks the price of some of its calls is a lower bound, and
says so.
"""

from __future__ import annotations

from decimal import Decimal

from payi_transport.serve.page import formats
from payi_transport.serve.page.elements import Cell
from payi_transport.serve.views import Sums

__all__ = [
    "cost_cell",
    "each_cell",
    "find_each",
    "full_money_cell",
    "money_cell",
    "share_cell",
    "sum_cost",
    "sums_cell",
]


def money_cell(amount: Decimal | None) -> Cell:
    """Return an amount."""
    return Cell(formats.money(amount), formats.exact_money(amount))


def full_money_cell(amount: Decimal | None) -> Cell:
    """Return an amount with all of its digits, where readers add them up."""
    return Cell(formats.full_money(amount), formats.exact_money(amount))


def cost_cell(cost: Decimal | None, status: str) -> Cell:
    """Return what a call cost. `status` is that of `Estimate`."""
    if status == "included":
        return Cell("included", hint="Included in a subscription")
    if cost is None or status == "unpriced":
        return Cell("unpriced", mark="warn", hint="No price is known for this model")
    if status == "partial":
        hint = f"{formats.exact_money(cost)}, without the units that have no price"
        return Cell(f"≥ {formats.money(cost)}", formats.exact_money(cost), mark="warn", hint=hint)
    return money_cell(cost)


def sums_cell(sums: Sums, largest: Decimal | None = None) -> Cell:
    """Return what some calls cost, with a bar for their share of the largest cost if that is passed."""
    if _has_no_amount(sums):
        is_included = not sums.unpriced
        hint = f"{formats.calls(sums.included)} included in a subscription" if is_included else _missing(sums)
        return Cell(sum_cost(sums), hint=hint, mark="" if is_included else "warn")
    exact = formats.exact_money(sums.cost)
    bar = None if largest is None else float(sums.cost / largest) if largest else 0.0
    if not sums.unpriced:
        return Cell(sum_cost(sums), exact, bar=bar)
    return Cell(sum_cost(sums), exact, bar=bar, hint=f"{exact}, and {_missing(sums)}")


def sum_cost(sums: Sums) -> str:
    """Return what some calls cost in a few characters: $1.37, ≥ $1.37, unpriced, or included."""
    if _has_no_amount(sums):
        return "unpriced" if sums.unpriced else "included"
    return f"≥ {formats.money(sums.cost)}" if sums.unpriced else formats.money(sums.cost)


def each_cell(sums: Sums) -> Cell:
    """Return what one of some calls costs on average, "—" if that is not known."""
    if not sums.calls or _has_no_amount(sums):
        return Cell("—")
    each = find_each(sums)
    return Cell(f"{'≥ ' if sums.unpriced else ''}{formats.money(each)}", formats.exact_money(each))


def find_each(sums: Sums) -> Decimal:
    """Return what one of some calls costs on average, to six digits: an average has digits without end."""
    each = sums.cost / sums.calls if sums.calls else Decimal(0)
    return round(each, 5 - each.adjusted()).normalize()


def share_cell(sums: Sums, total: Sums) -> Cell:
    """Return the part of the total cost, "—" for what has no amount."""
    return Cell("—" if _has_no_amount(sums) else formats.percent(sums.cost, total.cost))


def _has_no_amount(sums: Sums) -> bool:
    # A call that failed costs nothing, and has a price all the same.
    return sums.cost == 0 and sums.unpriced + sums.included > 0


def _missing(sums: Sums) -> str:
    return f"{formats.calls(sums.unpriced)} without a (full) price"
