"""Find the time zone in which a bill's days are cut: as the bill says, or by trying all that exist.

A difference in price or quantity changes a day's share of the period by little. A day that starts at another
hour changes the shares of all days. So the zone is the one in which the shares of our days come closest to
the bill's, and UTC, which most providers bill in, unless another one is closer by far. One model may be cut
otherwise than the rest, such as one that another service sells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.reconcile_cells import Cell, CellKey, OurCalls
from payi_transport.reports.zones import Zones, list_zones

__all__ = ["find_stated_zone", "find_zones"]

# How much closer another zone must be, for the bill and for a single model, and from which distance on the
# usual zone is worth a doubt. Shares of all usage.
_CLOSER = 0.5
_MUCH_CLOSER = 0.25
_DOUBTFUL = 0.005
# With fewer days, the shares say too little.
_FEWEST_DAYS = 3
# Days on which clocks change have 23 hours.
_DAY = timedelta(hours=23)

# By model and kind, the share of the period that each day has.
Shares = dict[tuple[str, str], dict[date, float]]


def find_stated_zone(lines: Iterable[BillLine]) -> tzinfo:
    """Return the zone at whose midnights all days of a bill start, UTC if there is none."""
    starts = {
        line.start.astimezone(timezone.utc)
        for line in lines
        if line.end is not None and line.end - line.start >= _DAY
    }
    if all(start.hour == start.minute == 0 for start in starts):
        return timezone.utc
    zones = list_zones(min(starts).date(), max(starts).date())
    return next((zone for zone in zones if all(_is_midnight(start, zone) for start in starts)), timezone.utc)


def _is_midnight(moment: datetime, zone: tzinfo) -> bool:
    local = moment.astimezone(zone)
    return local.hour == local.minute == 0


def find_zones(cells: Mapping[CellKey, Cell], ours: OurCalls) -> Zones:
    """Return the zone of the bill's days, and those of models that are cut otherwise."""
    days = {key.day for key in cells}
    if len(days) < _FEWEST_DAYS:
        return Zones()
    search = _Search(cells, ours)
    main = search.find(set(search.names), timezone.utc, _CLOSER)
    own = {}
    for model in {model for model, _ in search.names}:
        names = {name for name in search.names if name[0] == model}
        found = search.find(names, main, _MUCH_CLOSER)
        if found != main:
            own[model] = found
    return Zones(main, own)


class _Search:
    """The shares of the bill's days, and of ours in each zone."""

    def __init__(self, cells: Mapping[CellKey, Cell], ours: OurCalls) -> None:
        self._wanted: Shares = defaultdict(dict)
        for key, cell in cells.items():
            value = cell.bill.quantity if cell.bill.has_quantity else cell.bill.cost
            self._wanted[key.model, key.kind][key.day] = float(value)
        self._by_cost = {key[1:] for key, cell in cells.items() if not cell.bill.has_quantity}
        self._quarters = ours.list_quarters()
        # Models and kinds that both sides have.
        self.names = self._wanted.keys() & self._quarters.keys()
        days = {key.day for key in cells}
        self._zones = list(list_zones(min(days), max(days)))
        self._found: dict[tzinfo, Shares] = {}

    def find(self, names: set[tuple[str, str]], usual: tzinfo, closer: float) -> tzinfo:
        """Return the zone that comes closest to the bill's days, the usual one unless another is closer."""
        if len({day for name in names for day in self._wanted[name]}) < _FEWEST_DAYS:
            return usual
        distance = self._measure(names, usual)
        if distance < _DOUBTFUL:
            return usual
        measured = {zone: self._measure(names, zone) for zone in self._zones}
        best = min(self._zones, key=measured.__getitem__)
        return best if measured[best] < distance * closer else usual

    def _measure(self, names: set[tuple[str, str]], zone: tzinfo) -> float:
        """Return how far apart the days are, as a share of the usage that both sides have."""
        shares = self._found.get(zone)
        if shares is None:
            shares = self._found[zone] = self._add_up(zone)
        distance = weight = 0.0
        for name in names:
            left, right = self._wanted[name], shares[name]
            total_left, total_right = sum(left.values()), sum(right.values())
            if total_left > 0 and total_right > 0:
                apart = sum(abs(left.get(day, 0) / total_left - right[day] / total_right) for day in right)
                distance += apart * total_left
                weight += total_left
        return distance / weight if weight else 0.0

    def _add_up(self, zone: tzinfo) -> Shares:
        zones, shares = Zones(zone), {}
        days = {day for wanted in self._wanted.values() for day in wanted}
        for name in self.names:
            index = 2 if name in self._by_cost else 1
            found = shares[name] = dict.fromkeys(days, 0.0)
            for row in self._quarters[name]:
                day = zones.find_day(row[0])
                if day in found:
                    found[day] += row[index]
        return shares
