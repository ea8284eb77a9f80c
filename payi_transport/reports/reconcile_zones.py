"""Find the time zone in which a bill's days are cut, by trying all that exist.

A difference in price or quantity changes a day's share of the period by little. A day that starts at another
hour changes the shares of all days. So the zone is the one in which the shares of our days come closest to
the bill's, and UTC, which most providers bill in, unless another one is closer by far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from payi_transport.reports.reconcile_cells import Cell, CellKey, OurCalls, find_day

__all__ = ["find_offset"]

# Offsets of time zones are multiples of 15 minutes, but only few of them exist.
_MINUTES = (*range(-12 * 60, 14 * 60 + 1, 60), -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765)
_OFFSETS = sorted((timedelta(minutes=minutes) for minutes in _MINUTES), key=abs)
# How much closer another zone must be, and from which distance on UTC is worth a doubt. Shares of all usage.
_CLOSER = 0.5
_DOUBTFUL = 0.005
# With fewer days, the shares say too little.
_FEWEST_DAYS = 3

# By model and kind, the share of the period that each day has.
Shares = dict[tuple[str, str], dict[date, float]]


def find_offset(cells: Mapping[CellKey, Cell], ours: OurCalls) -> timedelta:
    """Return how much the zone of the bill's days is ahead of UTC."""
    days = {key.day for key in cells}
    if len(days) < _FEWEST_DAYS:
        return timedelta()
    wanted: Shares = defaultdict(dict)
    for key, cell in cells.items():
        value = cell.bill.quantity if cell.bill.has_quantity else cell.bill.cost
        wanted[key.model, key.kind][key.day] = float(value)
    quarters = ours.list_quarters()
    by_cost = {key[1:] for key, cell in cells.items() if not cell.bill.has_quantity}

    def measure(offset: timedelta) -> float:
        found: Shares = {}
        for name in wanted.keys() & quarters.keys():
            index = 2 if name in by_cost else 1
            shares = found[name] = dict.fromkeys(days, 0.0)
            for row in quarters[name]:
                day = find_day(row[0], offset)
                if day in shares:
                    shares[day] += row[index]
        return _measure(wanted, found)

    at_utc = measure(timedelta())
    if at_utc < _DOUBTFUL:
        return timedelta()
    measured = {offset: measure(offset) for offset in _OFFSETS}
    best = min(_OFFSETS, key=measured.__getitem__)
    return best if measured[best] < at_utc * _CLOSER else timedelta()


def _measure(wanted: Shares, found: Shares) -> float:
    """Return how far apart the days are, as a share of the usage that both sides have."""
    distance = weight = 0.0
    for name, right in found.items():
        left = wanted[name]
        total_left, total_right = sum(left.values()), sum(right.values())
        if total_left > 0 and total_right > 0:
            apart = sum(abs(left.get(day, 0) / total_left - right[day] / total_right) for day in right)
            distance += apart * total_left
            weight += total_left
    return distance / weight if weight else 0.0
