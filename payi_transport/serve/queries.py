"""What the page asks of the store. Every method may be called on any thread, and only reads.

A page passes the same `Span` and `Filters` to each. Names in results are those that filters accept.
"""

from __future__ import annotations

from payi_transport.serve.budgets import list_budgets
from payi_transport.serve.calls import find_call, list_calls, list_runs
from payi_transport.serve.lines import rank, read_lines, total_of
from payi_transport.serve.names import name_numbers
from payi_transport.serve.percentiles import list_percentiles
from payi_transport.serve.periods import choose_step, in_ms, split_into_blocks, step_starts
from payi_transport.serve.rollups import DIMENSIONS
from payi_transport.serve.rows import to_datetime
from payi_transport.serve.selection import select
from payi_transport.serve.store import Store
from payi_transport.serve.sums import Groups, first_groups, rank_groups, sum_groups, sum_total, to_sums
from payi_transport.serve.views import (
    Breakdown,
    Budget,
    CallDetail,
    CallPage,
    Dimension,
    Figures,
    Filters,
    Group,
    Percentiles,
    RunPage,
    Series,
    Span,
    State,
    StepName,
    UnitSums,
    Unowned,
)

__all__ = ["Queries"]

ANY = Filters()
# Dimensions of which a call may have several values.
_OVERLAPPING = frozenset({"tag", "limit"})


class Queries:
    """Answers to what the page asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self) -> State:
        """Return how far the store is. Cheap: a page may ask every second."""
        [since, until, calls] = self._store.reader.execute(
            "SELECT (SELECT MIN(at) FROM events), (SELECT MAX(at) FROM events), (SELECT MAX(id) FROM events)"
        ).fetchone()
        times = [None if at is None else to_datetime(at) for at in (since, until)]
        return State(self._store.revision, calls or 0, *times)

    def figures(self, span: Span, filters: Filters = ANY) -> Figures:
        """Return the sums of a span and of the one before it."""
        start, end = in_ms(span)
        selection = select(self._store.reader, filters)
        now, before = (
            total_of(self._store.reader, selection, *times)
            for times in ((start, end), (2 * start - end, start))
        )
        return Figures(now, before, self.state().since)

    def series(
        self,
        span: Span,
        by: Dimension | None = None,
        filters: Filters = ANY,
        *,
        step: StepName | None = None,
        most: int = 7,
    ) -> Series:
        """Return sums over time: one line for all, or one for each of the `most` largest values of `by`."""
        step = step or choose_step(span)
        starts = step_starts(span, step)
        start, end = in_ms(span)
        # The first step may begin before the span.
        marks = [max(start, int(moment.timestamp() * 1000)) for moment in starts]
        selection = select(self._store.reader, filters)
        lines = read_lines(self._store.reader, selection, by, (*marks, end), most)
        return Series(step, span.zone, starts, lines)

    def breakdown(self, by: Dimension, span: Span, filters: Filters = ANY, *, most: int = 50) -> Breakdown:
        """Return the most expensive values of a dimension."""
        start, end = in_ms(span)
        reader = self._store.reader
        selection = select(reader, filters)
        groups = rank(reader, selection, by, start, end, most)
        total = total_of(reader, selection, start, end)
        return Breakdown(by, self._name(groups), total, by in _OVERLAPPING)

    def units(self, span: Span) -> list[UnitSums]:
        """Return how much of each unit was used, the most used first."""
        groups = self._groups("unit", span)
        units = [UnitSums(g.name, g.sums.calls, g.sums.input, g.sums.output) for g in groups]
        return sorted(units, key=lambda unit: -(unit.input + unit.output))

    def waste(self, span: Span) -> list[Group]:
        """Return what was wasted, by reason: failed, retried, abandoned, truncated."""
        return self._groups("waste", span)

    def errors(self, span: Span) -> list[Group]:
        """Return the failed calls by status."""
        return sorted(self._groups("status", span), key=lambda group: -group.sums.calls)

    def unowned(self, span: Span, *, most: int = 20) -> Unowned:
        """Return what calls cost that name no customer, no use case, or no environment."""
        start, end = in_ms(span)
        reader = self._store.reader
        missing = [
            Group(name, to_sums(sum_total(reader, start, end, DIMENSIONS[name], 0)))
            for name in ("account", "use_case", "environment")
        ]
        models = self._name(rank_groups(reader, DIMENSIONS["unowned"], start, end, most))
        total = to_sums(sum_total(reader, start, end))
        return Unowned(sorted(missing, key=lambda group: -group.sums.cost), models, total)

    def percentiles(
        self, span: Span, by: str | None = None, *, first_token: bool = False
    ) -> list[Percentiles]:
        """Return latencies of the calls that succeeded, of all or by "use_case" or "model"."""
        blocks = split_into_blocks(*in_ms(span))
        return list_percentiles(self._store.reader, blocks, by or "total", first_token=first_token)

    def budgets(self) -> list[Budget]:
        """Return all limits, the fullest first."""
        return list_budgets(self._store.reader)

    def runs(
        self, span: Span, *, by_cost: bool = False, cursor: str | None = None, most: int = 50
    ) -> RunPage:
        """Return the runs (instances of use cases) that started in a span, the latest or dearest first."""
        return list_runs(self._store.reader, in_ms(span), by_cost=by_cost, cursor=cursor, most=most)

    def calls(
        self, span: Span, filters: Filters = ANY, *, cursor: str | None = None, most: int = 50
    ) -> CallPage:
        """Return calls, the latest first."""
        selection = select(self._store.reader, filters)
        return list_calls(self._store.reader, selection, in_ms(span), cursor, most)

    def call(self, id_: int) -> CallDetail | None:
        """Return one call, None if there is none with this id."""
        return find_call(self._store.reader, id_)

    def names(self, by: Dimension, part: str = "", *, most: int = 20) -> list[str]:
        """Return values of a dimension that contain a text, for completing what a user types."""
        pattern = f"%{_escape(part)}%"
        rows = self._store.reader.execute(
            "SELECT text FROM names WHERE text LIKE ? ESCAPE '\\' AND EXISTS (SELECT 1 FROM rollups"
            " WHERE level = 1 AND dimension = ? AND key = names.id) ORDER BY length(text), text LIMIT ?",
            (pattern, DIMENSIONS[by], most),
        )
        return [text for [text] in rows]

    def _groups(self, dimension: str, span: Span) -> list[Group]:
        groups = sum_groups(self._store.reader, DIMENSIONS[dimension], split_into_blocks(*in_ms(span)))
        return self._name(first_groups(groups, len(groups)))

    def _name(self, groups: Groups) -> list[Group]:
        names = name_numbers(self._store.reader, groups)
        return [Group(name, to_sums(sums)) for name, sums in zip(names, groups.values(), strict=True)]


def _escape(part: str) -> str:
    return "".join(f"\\{letter}" if letter in "%_\\" else letter for letter in part)
