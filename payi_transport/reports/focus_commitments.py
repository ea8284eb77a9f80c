"""FOCUS rows of commitments, such as provisioned throughput: their hours, spread over who used them.

The calls that a commitment covers have rows of their own, whose usage costs nothing. Here are its hours, for
each period by the tokens of each account and use case, and those that nobody used. They add up to the hours,
and in each row the price of an hour times its hours is the cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from payi_transport.budgets.periods import Period, find_period
from payi_transport.prices.own_prices import OwnPrice, OwnPrices
from payi_transport.reports.allocation import round_to_total
from payi_transport.reports.focus import FocusOptions, Row, make_commitment_row
from payi_transport.reports.priced_calls import PricedCall
from payi_transport.reports.summary import counts_tokens

__all__ = ["CommitmentRows"]

_HOUR = timedelta(hours=1)
# Hours are in millionths.
_LEAST = Decimal("0.000001")


class _Use(NamedTuple):
    """Who used a commitment in a period."""

    account: str
    use_case: str


class CommitmentRows:
    """Watch the calls of an export, and make the rows of the commitments of the configuration."""

    def __init__(self, own: OwnPrices, options: FocusOptions) -> None:
        self._own = own
        self._options = options
        self._rows = [row for row in own.rows if row.cost_per_hour is not None]
        self._tokens: defaultdict[tuple[OwnPrice, datetime], defaultdict[_Use, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self._categories: dict[OwnPrice, str] = {}
        self._moments: list[datetime] = []

    def watch(self, calls: Iterable[PricedCall]) -> Iterator[PricedCall]:
        """Yield the calls, which all have a time, as they are, and note what they use of commitments."""
        for call in calls:
            if self._rows:
                self._note(call, call.event.event_timestamp)
            yield call

    def _note(self, call: PricedCall, moment: datetime) -> None:
        # The first and the last moment are enough.
        self._moments = [min([*self._moments, moment]), max([*self._moments, moment])]
        event, estimate = call
        row = self._own.find(event.category or "", event.resource or "", moment)
        if estimate.status != "included" or row is None or row.cost_per_hour is None:
            return
        self._categories.setdefault(row, event.category or "")
        start = self._find_period(moment).start
        tokens = sum(line.count for line in estimate.lines if counts_tokens(line.unit))
        self._tokens[row, start][_Use(event.account_name or "", event.use_case_name or "")] += tokens

    def build(self) -> list[Row]:
        """Return the rows of the hours from the first call's to the last one's."""
        if not self._moments:
            return []
        first, last = self._moments
        start, end = _floor(first), _floor(last) + _HOUR
        return [row for own in self._rows for row in self._make_rows(own, start, end)]

    def _make_rows(self, own: OwnPrice, start: datetime, end: datetime) -> Iterator[Row]:
        start = start if own.start is None else max(start, own.start)
        end = end if own.end is None else min(end, own.end)
        while start < end:
            period = self._find_period(start)
            until = min(end, period.end)
            hours = Decimal(int((until - start).total_seconds())) / 3600
            yield from self._spread(own, period, hours.quantize(_LEAST))
            start = until

    def _spread(self, own: OwnPrice, period: Period, hours: Decimal) -> Iterator[Row]:
        tokens: Mapping[_Use, int] = self._tokens.get((own, period.start), {})
        used, capacity = sum(tokens.values()), int((own.tokens_per_hour or 0) * hours)
        # Without a capacity, and above it, all of it is used by those who used any.
        whole = max(used, capacity)
        shares: dict[_Use | None, Fraction] = {
            use: Fraction(hours) * count / whole for use, count in tokens.items() if count
        }
        shares[None] = Fraction(hours) - sum(shares.values(), Fraction(0))
        for use, quantity in round_to_total(shares, hours, _LEAST).items():
            if quantity:
                category = self._categories.get(own, "")
                account, use_case = use or ("", "")
                rate = own.cost_per_hour or Decimal(0)
                yield make_commitment_row(
                    period,
                    account,
                    use_case,
                    category,
                    own.name,
                    rate,
                    quantity,
                    self._options,
                    is_used=use is not None,
                )

    def _find_period(self, moment: datetime) -> Period:
        return find_period(self._options.grain, moment, self._options.zone)


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
