"""What commitments cost, such as provisioned throughput: hours, spread over who used them.

A commitment costs the same whether it is used or not. Its calls have no cost of their own, so what its hours
cost is spread over them by their tokens, and the part of its capacity that nobody used stays apart. The
parts add up to the cost of the hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from payi_transport.prices import Estimate
from payi_transport.prices.own_prices import OwnPrice, OwnPrices
from payi_transport.reports.allocation import round_to_total
from payi_transport.reports.dimensions import Dimension
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.reports.summary import counts_tokens
from payi_transport.reports.window import Window

__all__ = ["Commitment", "CommitmentBuilder"]

_HOUR = timedelta(hours=1)
# Amounts are in millionths of a dollar, a whole number of which is what the hours cost.
_COIN = Decimal("0.000001")
_UNUSED = ""


class Commitment(NamedTuple):
    """A commitment in a period: its hours, what they cost, and who used how many tokens of it.

    `parts` has the share of the cost of each, which with `unused` adds up to `cost`. `capacity` is in tokens,
    None where the configuration doesn't say.
    """

    name: str
    hours: Decimal
    cost: Decimal
    tokens: Mapping[str | None, int]
    parts: Mapping[str | None, Decimal]
    unused: Decimal
    capacity: int | None


class CommitmentBuilder:
    """Count what calls use of commitments, one call at a time, by the first dimension of a report."""

    def __init__(self, own: OwnPrices, by: Dimension, window: Window) -> None:
        self._own = own
        self._by = by
        self._window = window
        self._tokens: defaultdict[OwnPrice, defaultdict[str | None, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        # Without any, a report on millions of calls spends no time on them.
        self._has_any = any(row.cost_per_hour is not None for row in own.rows)
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, event: StoredEvent, estimate: Estimate) -> None:
        """Count a call, if it is of the period."""
        moment = event.event_timestamp
        if not self._has_any or moment is None or self._window.place(moment) != 0:
            return
        self._first = moment if self._first is None else min(self._first, moment)
        self._last = moment if self._last is None else max(self._last, moment)
        if estimate.status != "included":
            return
        row = self._own.find(event.category, event.resource or "", moment)
        # A subscription includes calls, too, and has no hours.
        if row is not None and row.cost_per_hour is not None:
            # A call with several tags used its tokens once.
            names = [name for name in self._by.read(event, estimate) if name is not None]
            counts = (line.count for line in estimate.lines if counts_tokens(line.unit))
            self._tokens[row][", ".join(names) or None] += sum(counts)

    def build(self) -> list[Commitment]:
        """Return the commitments of the configuration that cost anything in the period."""
        made = []
        for row in self._own.rows:
            hours = self._find_hours(row)
            if row.cost_per_hour is not None and hours > 0:
                made.append(self._make(row, row.cost_per_hour, hours))
        return made

    def _make(self, row: OwnPrice, rate: Decimal, hours: Decimal) -> Commitment:
        tokens: Mapping[str | None, int] = self._tokens.get(row, {})
        cost = (rate * hours).quantize(_COIN)
        capacity = None if row.tokens_per_hour is None else int(row.tokens_per_hour * hours)
        used = sum(tokens.values())
        # Without a capacity, and above it, all of it is used by those who used any.
        whole = max(used, capacity or 0)
        shares: dict[tuple[bool, str | None], Fraction] = {
            (True, name): Fraction(cost) * count / whole for name, count in tokens.items() if whole
        }
        shares[False, _UNUSED] = Fraction(cost) - sum(shares.values(), Fraction(0))
        rounded = round_to_total(shares, cost, _COIN)
        unused = rounded.pop((False, _UNUSED))
        parts = {name: amount for (_, name), amount in rounded.items()}
        return Commitment(row.name, hours, cost, dict(tokens), parts, unused, capacity)

    def _find_hours(self, row: OwnPrice) -> Decimal:
        """Return how long a commitment was there in the period, 0 for a period without any time."""
        start, end = self._window.start or self._first, self._window.end or self._last
        if start is None or end is None:
            return Decimal(0)
        if self._window.start is None:
            start = _floor(start)
        if self._window.end is None:
            # The hour of the last call is paid for, too.
            end = _floor(end) + _HOUR
        start = start if row.start is None else max(start, row.start)
        end = end if row.end is None else min(end, row.end)
        return Decimal(int((end - start).total_seconds())) / 3600 if end > start else Decimal(0)


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
