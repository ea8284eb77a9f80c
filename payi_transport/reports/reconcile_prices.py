"""The patterns of price by which a difference is explained: caches, batches, roundings, and other rates.

Each is a function that takes its money out of what is left, and yields the key of a model, the money that it
took, and a detail. A price is compared by what a quantity would cost at ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from payi_transport.reports.reconcile_left import Found, Left, Rest, format_share, group_by_model, is_close

__all__ = ["CACHES", "find_batches", "find_caches", "find_hidden_rates", "find_rates", "find_roundings"]

_ZERO = Decimal(0)
# A number with more digits than this after the point was not rounded by hand, but cut by a float.
_ROUNDED = Decimal("1e-7")
_FLOAT_NOISE = Decimal("1e-9")
_ENOUGH = 4
_ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_CEILING, ROUND_FLOOR)
CACHES = ("cache_read", "cache_write", "cache_write_1h")


def find_caches(left: Rest) -> Iterator[Found]:
    """Find models whose cached tokens are billed as input, or at another price than the rest."""
    for model, rows in group_by_model(left).items():
        plain = [row for key, row in rows.items() if key.kind == "input"]
        read = [row for key, row in rows.items() if key.kind == "cache_read"]
        caches = [row for key, row in rows.items() if key.kind in CACHES]
        if not read and not caches:
            continue
        if read and plain and _are_billed_as_input(plain, read):
            parts = ("quantity", "price", "undivided")
            yield model, sum((row.take(*parts) for row in (*plain, *read)), _ZERO), "as input"
            continue
        priced = [row for row in caches if row.price and row.at_our_price]
        others = [row for key, row in rows.items() if key.kind not in CACHES and row.at_our_price]
        if priced and not is_close(_find_ratio(priced), _find_ratio(others) if others else Decimal(1)):
            share = format_share(*_add_ratio(priced))
            yield model, sum((row.take("price") for row in priced), _ZERO), share


def _are_billed_as_input(plain: Iterable[Left], read: Iterable[Left]) -> bool:
    """Return whether the bill has no cached tokens, and just as much more input."""
    plain, read = list(plain), list(read)
    if any(row.row.cell.bill.quantity or row.row.cell.bill.cost for row in read):
        return False
    ours = sum((row.row.cell.ours.quantity for row in (*plain, *read)), _ZERO)
    if any(row.row.cell.bill.has_quantity for row in plain):
        return is_close(sum((row.row.cell.bill.quantity for row in plain), _ZERO), ours)
    # Without quantities, the amounts tell.
    rates = [row.row.rate for row in plain if row.row.rate]
    billed = sum((row.row.cell.bill.cost for row in plain), _ZERO)
    return bool(rates) and is_close(billed, ours * sum(rates, _ZERO) / len(rates))


def _add_ratio(rows: Iterable[Left]) -> tuple[Decimal, Decimal]:
    rows = list(rows)
    billed = sum((row.at_our_price + row.row.parts.price for row in rows), _ZERO)
    return billed, sum((row.at_our_price for row in rows), _ZERO)


def _find_ratio(rows: Iterable[Left]) -> Decimal:
    billed, ours = _add_ratio(rows)
    return billed / ours


def find_batches(left: Rest) -> Iterator[Found]:
    """Find models whose batches are billed at another price than ours."""
    for model, rows in group_by_model(left).items():
        money = billed = ours = _ZERO
        for row in rows.values():
            batch, cell = row.row.cell.batch, row.row.cell
            at_our_price = batch.quantity * (row.row.rate or _ZERO)
            # No more than there is: our calls may be marked as batch, and priced so.
            if at_our_price and row.price and not is_close(batch.cost, at_our_price):
                difference = (batch.cost - at_our_price).quantize(Decimal("1e-12"))
                row.price -= difference
                money += difference
                billed += batch.cost
                ours += at_our_price
            elif row.undivided and batch.cost and is_close(cell.bill.cost + batch.cost, cell.ours.cost):
                # Without quantities, only the usual discount of half the price can be recognized.
                billed += batch.cost
                ours += 2 * batch.cost
                money += row.take("undivided")
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
        # Without any amount, it is free rather than rounded to dollars.
        if not any(row.row.cell.bill.cost or row.row.cell.bill.step < 1 for row in rows):
            continue
        off = sum((row.price + row.undivided for row in rows), _ZERO)
        size = sum((abs(row.row.cell.bill.cost) for row in rows), _ZERO)
        if _are_rounded(rows) or abs(off) <= max(_find_bound(rows), size * _FLOAT_NOISE):
            taken[model] += sum((row.take("price", "undivided") for row in rows), _ZERO)
    yield from ((model, money, "") for model, money in taken.items())


def _are_rounded(rows: Iterable[Left]) -> bool:
    """Return whether every amount is ours, rounded in the same way. Small ones may all be rounded down."""
    rows = list(rows)
    step = min(row.row.cell.bill.step for row in rows)
    is_odd = any(row.row.cell.bill.lines != 1 for row in rows)
    if len(rows) < _ENOUGH or step <= _ROUNDED or is_odd:
        return False
    pairs = [
        (row.row.cell.bill.cost / step, (row.at_our_price or row.row.cell.ours.cost) / step) for row in rows
    ]
    return any(all(bill == ours.to_integral_value(way) for bill, ours in pairs) for way in _ROUNDINGS)


def _find_bound(rows: Iterable[Left]) -> Decimal:
    """Return how far off rounded amounts may be: like a random walk, as they are rounded up and down."""
    rows = list(rows)
    step = min(row.row.cell.bill.step for row in rows)
    lines = sum(row.row.cell.bill.lines for row in rows)
    return step * Decimal(lines).sqrt() if step > _ROUNDED else _ZERO


def find_rates(left: Rest) -> Iterator[Found]:
    """Find models that are billed at another price than ours, or that we have no price for."""
    for model, rows in group_by_model(left).items():
        for is_priced in (True, False):
            found = [row for row in rows.values() if row.price and (row.row.rate is not None) == is_priced]
            if found:
                share = format_share(*_add_left(found)) if is_priced else ""
                yield model, sum((row.take("price") for row in found), _ZERO), share


def find_hidden_rates(left: Rest, kinds: Collection[str] = ()) -> Iterator[Found]:
    """Find models whose amounts are the same share of our estimate everywhere, without quantities.

    With `kinds`, find those of which only these kinds of tokens are off.
    """
    for model, rows in group_by_model(left).items():
        found = {key: row for key, row in rows.items() if row.undivided and row.row.cell.ours.cost}
        billed = sum((row.row.cell.bill.cost for row in found.values()), _ZERO)
        ours = sum((row.row.cell.ours.cost for row in found.values()), _ZERO)
        # Of few amounts, that may be by chance.
        if len(found) < _ENOUGH or (kinds and not all(key.kind in kinds for key in found)):
            continue
        cells = [row.row.cell for row in found.values()]
        if all(is_close(cell.bill.cost, cell.ours.cost * billed / ours) for cell in cells):
            money = sum((row.take("undivided") for row in found.values()), _ZERO)
            yield model, money, format_share(billed, ours)


def _add_left(rows: Iterable[Left]) -> tuple[Decimal, Decimal]:
    rows = list(rows)
    ours = sum((row.at_our_price for row in rows), _ZERO)
    return ours + sum((row.price for row in rows), _ZERO), ours
