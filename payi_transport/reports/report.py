"""The report on calls and money: groups, their change since the period before, and what they lack.

A call is in one group of each dimension, or, of tags and limits, in several. Then the rows don't add up to
the total, which counts every call once. Everything else adds up: rows that `top` leaves out are one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from payi_transport.prices import Estimate
from payi_transport.reports.dimensions import Dimension
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.reports.summary import Summary
from payi_transport.reports.window import ALWAYS, Window

__all__ = ["Before", "Group", "Report", "ReportBuilder", "make_report"]

Key = tuple["str | None", ...]
_ZERO = Decimal(0)


class Before(NamedTuple):
    """What the same group had in the period before."""

    calls: int = 0
    cost: Decimal = _ZERO


class Group(NamedTuple):
    """A group and, if there is a second dimension, those inside it. `name` is None for calls without one.

    `others` is the number of groups that are left out and stand in this row together, 0 in all other rows.
    """

    name: str | None
    summary: Summary
    before: Before | None
    groups: tuple[Group, ...] = ()
    others: int = 0


class Report(NamedTuple):
    """Groups, the most expensive first, or in the order of time. `first` and `last` are times of calls."""

    by: tuple[str, ...]
    groups: tuple[Group, ...]
    total: Group
    window: Window
    first: datetime | None
    last: datetime | None
    # Whether calls stand in several rows, and how many had no time although a period was asked for.
    overlaps: bool
    untimed: int


class ReportBuilder:
    """Add up calls, one at a time."""

    def __init__(self, by: Sequence[Dimension], window: Window = ALWAYS, top: int | None = None) -> None:
        self._by = tuple(by)
        self._window = window
        self._top = top
        self._may_overlap = any(dimension.is_list for dimension in by)
        self._overlaps = False
        self._leaves: dict[Key, Summary] = {}
        # Only where calls overlap; otherwise these are sums of the leaves.
        self._parents: dict[Key, Summary] = {}
        self._total = Summary()
        self._before: dict[Key, Before] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._untimed = 0

    def add(self, event: StoredEvent, estimate: Estimate) -> None:
        """Count a call, if it is of the period or of the one before."""
        moment = event.event_timestamp
        place = self._window.place(moment)
        if place is None:
            self._untimed += moment is None
            return
        values = [dimension.read(event, estimate) for dimension in self._by]
        if place < 0:
            self._add_before(values, estimate)
            return
        for leaf in product(*values) if self._may_overlap else (tuple([value[0] for value in values]),):
            _add(self._leaves, leaf, event, estimate)
        if self._may_overlap:
            self._overlaps = self._overlaps or any(len(value) > 1 for value in values)
            self._total.add(event, estimate)
            if len(values) > 1:
                for name in values[0]:
                    _add(self._parents, (name,), event, estimate)
        if moment is not None:
            self._first = moment if self._first is None or moment < self._first else self._first
            self._last = moment if self._last is None or moment > self._last else self._last

    def build(self) -> Report:
        """Return the report."""
        if not self._may_overlap:
            for summary in self._leaves.values():
                self._total.merge(summary)
        was = None if self._window.before is None else self._before.get((), Before())
        return Report(
            by=tuple(dimension.name for dimension in self._by),
            groups=self._make_groups((), self._index()),
            total=Group(None, self._total, was),
            window=self._window,
            first=self._first,
            last=self._last,
            overlaps=self._overlaps,
            untimed=self._untimed,
        )

    def _add_before(self, values: Sequence[tuple[str | None, ...]], estimate: Estimate) -> None:
        # A day has no other day before it, so by time only the total has a change.
        leaves = ((),) if any(dimension.is_time for dimension in self._by) else product(*values)
        keys = {leaf[:level] for leaf in leaves for level in range(len(leaf) + 1)}
        for key in keys:
            calls, cost = self._before.get(key, Before())
            self._before[key] = Before(calls + 1, cost + (estimate.total or _ZERO))

    def _index(self) -> dict[Key, dict[str | None, None]]:
        """Return the names inside each group, with those that were only there in the period before."""
        index: dict[Key, dict[str | None, None]] = {}
        for key in (*self._leaves, *self._before):
            for level in range(len(key)):
                index.setdefault(key[:level], {})[key[level]] = None
        return index

    def _make_groups(self, parent: Key, index: dict[Key, dict[str | None, None]]) -> tuple[Group, ...]:
        level = len(parent)
        if level == len(self._by):
            return ()
        groups = [self._make_group((*parent, name), index) for name in index.get(parent, ())]
        groups.sort(key=_by_name if self._by[level].is_time else _by_cost)
        return self._cut(groups, level)

    def _make_group(self, key: Key, index: dict[Key, dict[str | None, None]]) -> Group:
        inner = self._make_groups(key, index)
        summary = self._leaves.get(key) or self._parents.get(key)
        if summary is None:
            summary = Summary()
            for group in inner:
                summary.merge(group.summary)
        has_before = self._window.before is not None and not any(one.is_time for one in self._by)
        before = self._before.get(key, Before()) if has_before else None
        return Group(key[-1], summary, before, inner)

    def _cut(self, groups: list[Group], level: int) -> tuple[Group, ...]:
        """Put the groups after the first `top` ones into one row, unless they are in the order of time."""
        top = self._top
        if top is None or len(groups) <= top + 1 or self._by[level].is_time:
            return tuple(groups)
        others, summary = groups[top:], Summary()
        for group in others:
            summary.merge(group.summary)
        was = [group.before for group in others if group.before is not None]
        before = Before(sum(b.calls for b in was), sum((b.cost for b in was), _ZERO)) if was else None
        return (*groups[:top], Group(None, summary, before, others=len(others)))


def _add(summaries: dict[Key, Summary], key: Key, event: StoredEvent, estimate: Estimate) -> None:
    summary = summaries.get(key)
    if summary is None:
        summary = summaries[key] = Summary()
    summary.add(event, estimate)


def _by_cost(group: Group) -> tuple[Decimal, int, bool, str]:
    # Ties are in the order of names, so that the same files always make the same report.
    return -group.summary.cost, -group.summary.calls, group.name is None, group.name or ""


def _by_name(group: Group) -> tuple[bool, str]:
    return group.name is None, group.name or ""


def make_report(
    calls: Iterable[tuple[StoredEvent, Estimate]],
    by: Sequence[Dimension],
    window: Window = ALWAYS,
    top: int | None = None,
) -> Report:
    """Return the report on calls and their estimates."""
    builder = ReportBuilder(by, window, top)
    for event, estimate in calls:
        builder.add(event, estimate)
    return builder.build()
