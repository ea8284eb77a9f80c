"""Spread a real invoice over customers and use cases, by what their calls cost here.

A bill knows no customer, and our events do. Each model and kind of tokens of the bill is spread by the
shares of the owners in it, so a customer who uses an expensive model pays for that one. Charges without a
model, such as taxes and credits, are spread by the shares of everything. What was never seen here stays a
row of its own. Cents are rounded by largest remainder, so the rows add up to the invoice to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.priced_calls import PricedCall, find_model
from payi_transport.reports.reconcile_cells import find_unit_kind, is_covered

__all__ = ["NOBODY", "BillScope", "Owner", "Shares", "allocate", "round_to_total"]

# Who has what no call was seen of.
NOBODY = ("(not seen here)",)
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)
# Currencies without cents.
_ZERO_DECIMAL_CURRENCIES = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
_ZERO = Decimal(0)

# The values of the fields that the invoice is spread by.
Owner = tuple[str, ...]


class Shares:
    """What each owner's calls cost, and how much they used, by model and kind of tokens."""

    def __init__(self, fields: Iterable[str], read: Callable[[Any, str], object]) -> None:
        self._fields = tuple(fields)
        self._read = read
        self._costs: defaultdict[tuple[str, str], defaultdict[Owner, Decimal]] = defaultdict(_make_sums)
        self._counts: defaultdict[tuple[str, str], defaultdict[Owner, Decimal]] = defaultdict(_make_sums)

    def add(self, call: PricedCall) -> None:
        """Count a call."""
        owner = tuple(_name_owner(self._read(call.event, field)) for field in self._fields)
        for line in call.estimate.lines:
            model = make_model_key(find_model(call.event, line))
            cell = model, find_unit_kind(line.unit, line.direction)
            self._counts[cell][owner] += line.count
            self._costs[cell][owner] += line.amount or _ZERO

    def find(self, model: str, kind: str) -> Mapping[Owner, Decimal]:
        """Return the weights by which a cell is spread: costs, or counts where nothing has a price."""
        own = (model, kind)
        same_model = {cell for cell in self._costs if cell[0] == model}
        for cells in ({own} & same_model, same_model, set() if model else set(self._costs)):
            for sums in (self._costs, self._counts):
                total = _add(sums[cell] for cell in cells)
                if any(total.values()):
                    return total
        return {}


def _name_owner(value: object) -> str:
    # A call with several tags has one owner, as it can be paid for only once.
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
    return text or "(none)"


class BillScope:
    """The calls that a bill may be about: those of its period and of its providers. `seen` counts them."""

    def __init__(self, lines: Iterable[BillLine]) -> None:
        lines = list(lines)
        self.seen = 0
        self._start = min(line.start for line in lines)
        self._end = max(line.end or line.start + _DAY for line in lines)
        self._providers = {line.provider for line in lines}

    def __contains__(self, call: PricedCall) -> bool:
        """Return whether the bill may be about a call."""
        moment = call.event.event_timestamp
        is_in_time = moment is not None and self._start <= moment < self._end
        return is_in_time and is_covered(call.event.category or "", self._providers)

    def watch(self, calls: Iterable[PricedCall]) -> Iterator[PricedCall]:
        """Yield all calls, and count those that the bill may be about."""
        for call in calls:
            self.seen += call in self
            yield call

    def select(self, calls: Iterable[PricedCall]) -> Iterator[PricedCall]:
        """Yield the calls that the bill may be about."""
        return (call for call in self.watch(calls) if call in self)


def _make_sums() -> defaultdict[Owner, Decimal]:
    return defaultdict(Decimal)


def _add(parts: Iterable[Mapping[Owner, Decimal]]) -> dict[Owner, Decimal]:
    total: defaultdict[Owner, Decimal] = defaultdict(Decimal)
    for part in parts:
        for owner, amount in part.items():
            total[owner] += amount
    return dict(total)


def allocate(lines: Iterable[BillLine], shares: Shares) -> dict[Owner, Decimal]:
    """Return what each owner pays of a bill in one currency, in whole cents, the most first.

    Where an amount of the bill is not in whole cents, the sum is rounded to the nearest one. In a currency
    without cents, such as JPY, the parts are whole.
    """
    lines = list(lines)
    minor_unit = Decimal(1) if any(line.currency in _ZERO_DECIMAL_CURRENCIES for line in lines) else _CENT
    cells: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.cost is not None:
            cells[make_model_key(line.model), line.kind] += line.cost
    exact: defaultdict[Owner, Fraction] = defaultdict(Fraction)
    for (model, kind), cost in cells.items():
        found = shares.find(model, kind)
        total = sum(found.values(), _ZERO)
        for owner, amount in found.items():
            exact[owner] += Fraction(cost) * Fraction(amount) / Fraction(total)
        if not found:
            exact[NOBODY] += Fraction(cost)
    invoice = sum(cells.values(), _ZERO).quantize(minor_unit, ROUND_HALF_EVEN)
    rounded = round_to_total(exact, invoice, minor_unit)
    return dict(sorted(rounded.items(), key=lambda row: (-row[1], row[0])))


def round_to_total(
    exact: Mapping[Any, Fraction], total: Decimal, minor_unit: Decimal = _CENT
) -> dict[Any, Decimal]:
    """Return the parts in whole cents, with the sum `total`: the largest remainders are rounded up.

    `total` is in whole cents, and within half a cent of the parts' own sum. `minor_unit` is the
    smallest part of another currency.
    """
    floors = {name: _floor(part, minor_unit) for name, part in exact.items()}
    missing = int((total - sum(floors.values(), _ZERO)) / minor_unit)
    by_remainder = sorted(exact, key=lambda name: (Fraction(floors[name]) - exact[name], str(name)))
    for name in by_remainder[:missing]:
        floors[name] += minor_unit
    return floors


def _floor(part: Fraction, minor_unit: Decimal) -> Decimal:
    units = part / Fraction(minor_unit)
    return Decimal(units.numerator // units.denominator) * minor_unit
