"""A bill and our calls side by side: for each day, model, and kind of tokens, how much and what it cost.

Our calls are added up by quarters of an hour first. A bill may cut its days in another time zone than the one
that it names, and the quarters can be added up to days of any zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timezone, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from payi_transport.reports.bills.line import BillLine, find_step
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.priced_calls import PricedCall, find_model, has_failed
from payi_transport.reports.zones import QUARTER, Zones
from payi_transport.values.names import RETRY_PROPERTY

__all__ = ["Amount", "Cell", "CellKey", "OurCalls", "add_bill", "find_key", "find_unit_kind", "is_covered"]

# What a provider's bills are about, by the start of our categories.
_CATEGORIES = {
    "openai": ("system.openai",),
    "anthropic": ("system.anthropic",),
    "aws": ("system.aws",),
    "azure": ("system.azure", "system.azureopenai"),
    "google": ("system.google",),
    "databricks": ("system.databricks",),
}


class CellKey(NamedTuple):
    """What is compared: a day, the key of a model's name, and a kind of tokens."""

    day: date
    model: str
    kind: str


class Amount:
    """A quantity and what it costs. `has_quantity` is False where nothing says how much it was.

    `unpriced` is the part of the quantity that our prices don't know. `step` is what the last digit of the
    costs that were added up is worth, in how many lines, by which a rounding is recognized.
    """

    __slots__ = ("cost", "has_quantity", "lines", "quantity", "step", "unpriced")

    def __init__(self) -> None:
        self.cost = Decimal(0)
        self.quantity = Decimal(0)
        self.has_quantity = False
        self.unpriced = Decimal(0)
        self.lines = 0
        self.step = Decimal(1)

    def add(self, quantity: Decimal | int | None, cost: Decimal | None, step: Decimal | None = None) -> None:
        if quantity is not None:
            self.quantity += quantity
            self.has_quantity = True
        if cost is not None:
            self.cost += cost
            self.lines += 1
            self.step = min(self.step, find_step(cost) if step is None else step)

    def merge(self, other: Amount) -> None:
        """Add what another amount has."""
        self.cost += other.cost
        self.quantity += other.quantity
        self.has_quantity = self.has_quantity or other.has_quantity
        self.unpriced += other.unpriced
        self.lines += other.lines
        self.step = min(self.step, other.step)


class Cell(NamedTuple):
    """The bill's side of a cell, what of it is in a batch, and ours."""

    bill: Amount
    batch: Amount
    ours: Amount


def find_unit_kind(unit: str, direction: str) -> str:
    """Return the kind of tokens by which bills name one of our units."""
    name = unit.removesuffix("_large_context")
    if "_cache_" in name:
        action = name.partition("_cache_")[2]
        return f"cache_{action}" if action in ("read", "write", "write_1h") else "cache_write"
    if name.startswith("web_search"):
        return "web_search"
    if name == "audio":
        return f"audio_{direction}"
    if name == "image" and direction == "output":
        return "image_output"
    return direction if name in ("text", "vision", "video", "image", "reasoning") else "other"


def is_covered(category: str, providers: Iterable[str]) -> bool:
    """Return whether a bill of one of these providers is about calls of a category; any, if it names none."""
    starts = [start for provider in providers for start in _CATEGORIES.get(provider, ("",))]
    return any(category == start or category.startswith(f"{start}.") or not start for start in starts)


def _is_repeated(event: Any) -> bool:
    """Return whether a call was sent again, so that an earlier one may be on the bill."""
    return (event.properties or {}).get(RETRY_PROPERTY) not in (None, "", "0")


class OurCalls:
    """Our calls, added up by quarters of an hour."""

    def __init__(self, calls: Iterable[PricedCall], providers: Iterable[str]) -> None:
        self.names: dict[str, str] = {}
        self.outside = 0
        self._sums: dict[tuple[int, str, str], Amount] = {}
        self._failed: Counter[tuple[int, str]] = Counter()
        providers = set(providers)
        for call in calls:
            event = call.event
            if event.event_timestamp is None or not is_covered(event.category or "", providers):
                self.outside += 1
            else:
                self._add(int(event.event_timestamp.timestamp()) // QUARTER, call)

    def _add(self, quarter: int, call: PricedCall) -> None:
        model = make_model_key(call.event.resource or "")
        self.names.setdefault(model, call.event.resource or "(no model)")
        if has_failed(call.event) or _is_repeated(call.event):
            self._failed[quarter, model] += 1
        for line in call.estimate.lines:
            kind = find_unit_kind(line.unit, line.direction)
            name = find_model(call.event, line)
            key = quarter, make_model_key(name), kind
            self.names.setdefault(key[1], name or "(no model)")
            total = self._sums.get(key)
            if total is None:
                total = self._sums[key] = Amount()
            total.add(line.count, line.amount)
            if line.amount is None:
                total.unpriced += line.count

    def by_day(self, zones: Zones) -> dict[CellKey, Amount]:
        """Return the sums of the days of a zone."""
        days: dict[CellKey, Amount] = {}
        for (quarter, model, kind), amount in self._sums.items():
            key = CellKey(zones.find_day(quarter, model), model, kind)
            days.setdefault(key, Amount()).merge(amount)
        return days

    def list_quarters(self) -> Mapping[tuple[str, str], list[tuple[int, float, float]]]:
        """Return each model's and kind's quarters of an hour with quantity and cost, to be measured only."""
        quarters: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
        for (quarter, model, kind), amount in self._sums.items():
            row = quarter, float(amount.quantity), float(amount.cost)
            quarters.setdefault((model, kind), []).append(row)
        return quarters

    def count_failed(self, zones: Zones) -> Mapping[tuple[date, str], int]:
        """Return how many calls of a model failed or were repeated on each day."""
        failed: Counter[tuple[date, str]] = Counter()
        for (quarter, model), number in self._failed.items():
            failed[zones.find_day(quarter, model), model] += number
        return failed


def find_key(line: BillLine, zone: tzinfo) -> CellKey:
    """Return the cell of a bill's line."""
    return CellKey(line.start.astimezone(zone).date(), make_model_key(line.model), line.kind)


def add_bill(
    lines: Iterable[BillLine], names: dict[str, str], zone: tzinfo = timezone.utc
) -> dict[CellKey, Cell]:
    """Return the bill's sides of all cells, and remember how it writes the names of models.

    `zone` is the one in which the bill says that its days start.
    """
    cells: dict[CellKey, Cell] = {}
    for line in lines:
        key = find_key(line, zone)
        names.setdefault(key.model, line.model or "(no model)")
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell(Amount(), Amount(), Amount())
        cell.bill.add(line.quantity, line.cost, line.step)
        if line.tier == "batch":
            cell.batch.add(line.quantity, line.cost, line.step)
    return cells
