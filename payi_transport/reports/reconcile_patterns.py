"""The patterns by which a difference is explained, each a function that takes its money out of what is left.

Each yields the key of a model, the money that it took, and a detail. A price is compared by what a quantity
would cost at ours, a quantity by how close it comes. Bills and events never agree to the last token, so what
is within one percent is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.reconcile import Row
from payi_transport.reports.reconcile_cells import CellKey

__all__ = [
    "Left",
    "find_accounts",
    "find_batches",
    "find_caches",
    "find_doubles",
    "find_hidden_rates",
    "find_rates",
    "find_retries",
    "find_roundings",
    "find_unseen",
]

Found = tuple[str, Decimal, str]
_ZERO = Decimal(0)
_CLOSE = Decimal("0.01")
# A number with more digits than this after the point was not rounded by hand, but cut by a float.
_ROUNDED = -7
_FLOAT_NOISE = Decimal("1e-9")
_ENOUGH = 4
_CACHES = ("cache_read", "cache_write", "cache_write_1h")


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


def _group(left: Rest) -> dict[str, dict[CellKey, Left]]:
    models: defaultdict[str, dict[CellKey, Left]] = defaultdict(dict)
    for key, row in left.items():
        models[key.model][key] = row
    return models


def _is_close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _CLOSE * max(abs(one), abs(other))


def format_share(part: Decimal, whole: Decimal) -> str:
    """Return a share in percent with one decimal where it matters."""
    if not whole:
        return ""
    percent = f"{100 * part / whole:.1f}"
    return f"{percent.removesuffix('.0')} %"


def find_unseen(left: Rest) -> Iterator[Found]:
    """Find models of which the bill has usage and we have nothing."""
    for model, rows in _group(left).items():
        if not any(row.row.cell.ours.has_quantity for row in rows.values()):
            days = len({key.day for key in rows})
            money = sum((row.take("not_seen") for row in rows.values()), _ZERO)
            yield model, money, f"{days} day{'s' if days > 1 else ''}"
            continue
        # Of a model that we know, a kind of tokens or a day is another quantity than none.
        for row in rows.values():
            row.quantity += row.take("not_seen")


def find_accounts(left: Rest, lines: Iterable[BillLine]) -> Iterator[Found]:
    """Find accounts whose quantities are just what the bill has more than we have."""
    accounts: defaultdict[str, defaultdict[CellKey, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        if line.quantity and line.model:
            key = CellKey(line.start.date(), make_model_key(line.model), line.kind)
            accounts[line.account][key] += line.quantity
    if len(accounts) < 2:
        return
    for account, quantities in accounts.items():
        rows = [(left[key], quantity) for key, quantity in quantities.items()]
        if account and all(_explains(row, quantity) for row, quantity in rows):
            yield account, sum((row.take("quantity") for row, _ in rows), _ZERO), ""


def _explains(row: Left, quantity: Decimal) -> bool:
    cell = row.row.cell
    return bool(row.quantity) and _is_close(cell.bill.quantity - cell.ours.quantity, quantity)


def find_doubles(left: Rest) -> Iterator[Found]:
    """Find days on which one side has exactly twice the quantity of the other, in every kind of tokens."""
    taken: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    days: defaultdict[tuple[str, date], list[Left]] = defaultdict(list)
    for key, row in left.items():
        if row.row.cell.bill.has_quantity or row.row.cell.ours.has_quantity:
            days[key.model, key.day].append(row)
    for (model, _), rows in days.items():
        pairs = [(row.row.cell.bill.quantity, row.row.cell.ours.quantity) for row in rows]
        # One kind of tokens may be twice as much by chance.
        if len(pairs) > 1 and all(bill == 2 * ours != 0 for bill, ours in pairs):
            taken[model, "bill"] += sum((row.take("quantity") for row in rows), _ZERO)
        elif len(pairs) > 1 and all(ours == 2 * bill != 0 for bill, ours in pairs):
            taken[model, "ours"] += sum((row.take("quantity") for row in rows), _ZERO)
    for (model, side), money in taken.items():
        yield model, money, side


def find_caches(left: Rest) -> Iterator[Found]:
    """Find models whose cached tokens are billed as input, or at another price than the rest."""
    for model, rows in _group(left).items():
        plain = [row for key, row in rows.items() if key.kind == "input"]
        read = [row for key, row in rows.items() if key.kind == "cache_read"]
        caches = [row for key, row in rows.items() if key.kind in _CACHES]
        if not read and not caches:
            continue
        ours = sum((row.row.cell.ours.quantity for row in (*plain, *read)), _ZERO)
        cached = sum((row.row.cell.bill.quantity for row in read), _ZERO)
        billed = sum((row.row.cell.bill.quantity for row in plain), _ZERO)
        if read and not cached and billed and _is_close(billed, ours):
            yield model, sum((row.take("quantity", "price") for row in (*plain, *read)), _ZERO), "as input"
            continue
        priced = [row for row in caches if row.price and row.at_our_price]
        others = [row for key, row in rows.items() if key.kind not in _CACHES and row.at_our_price]
        if priced and not _is_close(_find_ratio(priced), _find_ratio(others) if others else Decimal(1)):
            share = format_share(*_add_ratio(priced))
            yield model, sum((row.take("price") for row in priced), _ZERO), share


def _add_ratio(rows: Iterable[Left]) -> tuple[Decimal, Decimal]:
    rows = list(rows)
    billed = sum((row.at_our_price + row.row.parts.price for row in rows), _ZERO)
    return billed, sum((row.at_our_price for row in rows), _ZERO)


def _find_ratio(rows: Iterable[Left]) -> Decimal:
    billed, ours = _add_ratio(rows)
    return billed / ours


def find_batches(left: Rest) -> Iterator[Found]:
    """Find models whose batches are billed at another price than ours."""
    for model, rows in _group(left).items():
        money = billed = ours = _ZERO
        for row in rows.values():
            batch = row.row.cell.batch
            at_our_price = batch.quantity * (row.row.rate or _ZERO)
            # No more than there is: our calls may be marked as batch, and priced so.
            if at_our_price and row.price and not _is_close(batch.cost, at_our_price):
                difference = (batch.cost - at_our_price).quantize(Decimal("1e-12"))
                row.price -= difference
                money += difference
                billed += batch.cost
                ours += at_our_price
        if money:
            yield model, money, format_share(billed, ours)


def find_roundings(left: Rest) -> Iterator[Found]:
    """Find models whose prices differ by no more than rounding explains."""
    kinds: defaultdict[tuple[str, str], list[Left]] = defaultdict(list)
    for key, row in left.items():
        if row.price or row.undivided:
            kinds[key.model, key.kind].append(row)
    taken: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (model, _), rows in kinds.items():
        off = sum((row.price + row.undivided for row in rows), _ZERO)
        size = sum((abs(row.row.cell.bill.cost) for row in rows), _ZERO)
        if abs(off) <= max(_find_bound(rows), size * _FLOAT_NOISE):
            taken[model] += sum((row.take("price", "undivided") for row in rows), _ZERO)
    yield from ((model, money, "") for model, money in taken.items())


def _find_bound(rows: Iterable[Left]) -> Decimal:
    """Return how far off rounded amounts may be: like a random walk, as they are rounded up and down."""
    squares = _ZERO
    for row in rows:
        bill = row.row.cell.bill
        if bill.smallest > _ROUNDED:
            half = Decimal(1).scaleb(bill.smallest) / 2
            squares += half * half * bill.lines
    return 2 * squares.sqrt()


def find_rates(left: Rest) -> Iterator[Found]:
    """Find models that are billed at another price than ours, or that we have no price for."""
    for model, rows in _group(left).items():
        for is_priced in (True, False):
            found = [row for row in rows.values() if row.price and (row.row.rate is not None) == is_priced]
            if found:
                share = format_share(*_add_left(found)) if is_priced else ""
                yield model, sum((row.take("price") for row in found), _ZERO), share


def find_hidden_rates(left: Rest) -> Iterator[Found]:
    """Find models whose amounts are the same share of our estimate everywhere, without quantities."""
    for model, rows in _group(left).items():
        found = [row for row in rows.values() if row.undivided and row.row.cell.ours.cost]
        billed = sum((row.row.cell.bill.cost for row in found), _ZERO)
        ours = sum((row.row.cell.ours.cost for row in found), _ZERO)
        # Of few amounts, that may be by chance.
        if len(found) >= _ENOUGH and all(
            _is_close(row.row.cell.bill.cost, row.row.cell.ours.cost * billed / ours) for row in found
        ):
            yield model, sum((row.take("undivided") for row in found), _ZERO), format_share(billed, ours)


def _add_left(rows: Iterable[Left]) -> tuple[Decimal, Decimal]:
    rows = list(rows)
    ours = sum((row.at_our_price for row in rows), _ZERO)
    return ours + sum((row.price for row in rows), _ZERO), ours


def find_retries(left: Rest, failed: Mapping[tuple[date, str], int]) -> Iterator[Found]:
    """Find models of which more was billed on the days on which calls failed here."""
    for model, rows in _group(left).items():
        days = {day for day, name in failed if name == model}
        found = [row for key, row in rows.items() if key.day in days and row.quantity > 0]
        if found:
            number = sum(count for (day, name), count in failed.items() if name == model)
            yield model, sum((row.take("quantity") for row in found), _ZERO), f"{number:,}"
