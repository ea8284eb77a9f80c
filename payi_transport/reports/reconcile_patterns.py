"""The patterns of quantity by which a difference is explained: services not seen, counted twice, retries.

Each is a function that takes its money out of what is left, and yields the key of a model, the money that it
took, and a detail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from payi_transport.reports.reconcile_cells import CellKey
from payi_transport.reports.reconcile_left import Found, KeyedLine, Left, Rest, group_by_model, is_close

__all__ = ["find_accounts", "find_doubles", "find_repeated_lines", "find_retries", "find_unseen"]

_ZERO = Decimal(0)
_MANY = 1000


def find_unseen(left: Rest) -> Iterator[Found]:
    """Find models of which the bill has usage and we have nothing."""
    for model, rows in group_by_model(left).items():
        if not any(row.row.cell.ours.has_quantity for row in rows.values()):
            days = len({key.day for key in rows})
            money = sum((row.take("not_seen") for row in rows.values()), _ZERO)
            yield model, money, f"{days} day{'s' if days > 1 else ''}"
            continue
        # For a model that we know, a kind of tokens or a day without calls is a difference in quantity.
        for row in rows.values():
            row.quantity += row.take("not_seen")


def find_accounts(left: Rest, keyed: Iterable[KeyedLine]) -> Iterator[Found]:
    """Find accounts whose quantities are just what the bill has more than we have."""
    accounts: defaultdict[str, defaultdict[CellKey, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for key, line in keyed:
        if line.quantity and line.model:
            accounts[line.account][key] += line.quantity
    if len(accounts) < 2:
        return
    for account, quantities in accounts.items():
        rows = [(left[key], quantity) for key, quantity in quantities.items()]
        if account and all(_explains(row, quantity) for row, quantity in rows):
            yield account, sum((row.take("quantity") for row, _ in rows), _ZERO), ""


def _explains(row: Left, quantity: Decimal) -> bool:
    cell = row.row.cell
    return bool(row.quantity) and is_close(cell.bill.quantity - cell.ours.quantity, quantity)


def find_repeated_lines(left: Rest, keyed: Iterable[KeyedLine]) -> Iterator[Found]:
    """Find lines that the bill has more than once, where that is just what it has more than we have."""
    taken: defaultdict[str, Decimal] = defaultdict(Decimal)
    quantities: defaultdict[CellKey, Decimal] = defaultdict(Decimal)
    costs: defaultdict[CellKey, Decimal] = defaultdict(Decimal)
    for (key, line), number in Counter(keyed).items():
        quantities[key] += (number - 1) * (line.quantity or _ZERO)
        costs[key] += (number - 1) * (line.cost or _ZERO)
    for key, row in left.items():
        bill, ours = row.row.cell.bill, row.row.cell.ours
        if quantities[key] and row.quantity and is_close(bill.quantity - ours.quantity, quantities[key]):
            taken[key.model] += row.take("quantity")
        elif costs[key] and row.undivided and is_close(bill.cost - ours.cost, costs[key]):
            taken[key.model] += row.take("undivided")
    yield from ((model, money, "lines") for model, money in taken.items())


def find_doubles(left: Rest) -> Iterator[Found]:
    """Find days on which one side has exactly twice the quantity of the other, in every kind of tokens."""
    taken: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    days: defaultdict[tuple[str, date], list[Left]] = defaultdict(list)
    for key, row in left.items():
        if row.row.cell.bill.has_quantity or row.row.cell.ours.has_quantity:
            days[key.model, key.day].append(row)
    for (model, _), rows in days.items():
        pairs = [(row.row.cell.bill.quantity, row.row.cell.ours.quantity) for row in rows]
        # One small number may be twice another by chance.
        if len(pairs) < 2 and all(min(pair) < _MANY for pair in pairs):
            continue
        if all(bill == 2 * ours != 0 for bill, ours in pairs):
            taken[model, "bill"] += sum((row.take("quantity") for row in rows), _ZERO)
        elif all(ours == 2 * bill != 0 for bill, ours in pairs):
            taken[model, "ours"] += sum((row.take("quantity") for row in rows), _ZERO)
    for (model, side), money in taken.items():
        yield model, money, side


def find_retries(left: Rest, failed: Mapping[tuple[date, str], int]) -> Iterator[Found]:
    """Find models of which more was billed on the days on which calls failed here."""
    for model, rows in group_by_model(left).items():
        days = {day for day, name in failed if name == model}
        # Without quantities, a difference on other days, too, has another reason.
        part = "quantity" if any(row.quantity > 0 for row in rows.values()) else "undivided"
        others = [row for key, row in rows.items() if key.day not in days and row.undivided]
        found = [row for key, row in rows.items() if key.day in days and getattr(row, part) > 0]
        if found and (part == "quantity" or not others):
            number = sum(count for (day, name), count in failed.items() if name == model)
            yield model, sum((row.take(part) for row in found), _ZERO), f"{number:,}"
