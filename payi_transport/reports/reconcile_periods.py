"""Bills with lines for longer than a day, such as a month: our days of the same time are one of theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta, timezone, tzinfo
from typing import NamedTuple

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.reconcile_cells import Amount, Cell, CellKey

__all__ = ["Periods", "find_periods", "fold_bill", "fold_ours"]

# A day on which clocks change has 25 hours.
_DAY = timedelta(hours=25)


class _Period(NamedTuple):
    first: date
    last: date


class Periods:
    """The long lines of each model. Those that overlap are one."""

    def __init__(self, found: Mapping[str, Iterable[_Period]]) -> None:
        self._models = {model: _merge(sorted(periods)) for model, periods in found.items()}
        self.last = max((one.last for each in self._models.values() for one in each), default=None)

    def find_first(self, key: CellKey) -> CellKey:
        """Return the key with the first day of the period that its day is in."""
        for period in self._models.get(key.model, ()):
            if period.first <= key.day <= period.last:
                return key._replace(day=period.first)
        return key


def _merge(periods: list[_Period]) -> list[_Period]:
    merged: list[_Period] = []
    for period in periods:
        if merged and period.first <= merged[-1].last:
            merged[-1] = _Period(merged[-1].first, max(merged[-1].last, period.last))
        else:
            merged.append(period)
    return merged


def find_periods(lines: Iterable[BillLine], zone: tzinfo = timezone.utc) -> Periods:
    """Return the periods of a bill's lines that are longer than a day."""
    found: defaultdict[str, list[_Period]] = defaultdict(list)
    for line in lines:
        if line.end is not None and line.end - line.start > _DAY:
            last = (line.end - timedelta(seconds=1)).astimezone(zone).date()
            period = _Period(line.start.astimezone(zone).date(), last)
            found[make_model_key(line.model)].append(period)
    return Periods(found)


def fold_bill(cells: Mapping[CellKey, Cell], periods: Periods) -> dict[CellKey, Cell]:
    """Return the bill's cells by period."""
    folded: dict[CellKey, Cell] = {}
    for key, cell in cells.items():
        mine = folded.setdefault(periods.find_first(key), Cell(Amount(), Amount(), Amount()))
        for amount, other in zip(mine, cell, strict=True):
            amount.merge(other)
    return folded


def fold_ours(days: Mapping[CellKey, Amount], periods: Periods) -> dict[CellKey, Amount]:
    """Return our amounts by the bill's periods."""
    folded: dict[CellKey, Amount] = {}
    for key, amount in days.items():
        folded.setdefault(periods.find_first(key), Amount()).merge(amount)
    return folded
