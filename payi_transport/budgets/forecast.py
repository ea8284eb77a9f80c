"""Where a sum is heading: what the period will have cost at its end, with a range.

The days of the period that are over, or the hours of a day, say how much one costs and how different they
are. The days that are left are expected to be like those. Four of five periods end within the range: that
is 1.28 standard deviations to each side, of the days that are left and of the average itself. With fewer
than three days there is no range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from payi_transport.budgets.periods import Period

__all__ = ["Forecast", "make_forecast"]

_FEWEST = 3
_FOUR_OF_FIVE = 1.28


class Forecast(NamedTuple):
    """What a period is expected to cost in US dollars.

    `low` and `high` are None where it is too early to say. `reached` is when the amount will be spent at this
    pace, None if not before the period's end.
    """

    expected: Decimal
    low: Decimal | None
    high: Decimal | None
    reached: datetime | None


def make_forecast(
    amount: Decimal, spent: Mapping[float, Decimal], parts: Sequence[Period], now: datetime
) -> Forecast:
    """Return where a period is heading. `spent` is by the start of a part; `parts` are all of the period."""
    total = sum(spent.values(), Decimal(0))
    # Before the first call, the budget may not have been there.
    first = min(spent, default=now.timestamp())
    over = [part for part in parts if part.end <= now and part.start.timestamp() >= first]
    costs = [float(spent.get(part.start.timestamp(), Decimal(0))) for part in over]
    left = sum(_measure_left(part, now) for part in parts)
    if len(costs) < _FEWEST:
        return _extrapolate(amount, total, parts, first, now)
    mean = math.fsum(costs) / len(costs)
    variance = math.fsum((cost - mean) ** 2 for cost in costs) / (len(costs) - 1)
    # Of what is left, and of the average of what is over.
    spread = _FOUR_OF_FIVE * math.sqrt(variance * left + variance / len(costs) * left**2)
    expected = float(total) + mean * left
    low, high = max(float(total), expected - spread), expected + spread
    reached = _find_moment(amount, total, mean, parts, now)
    return Forecast(_to_money(expected), _to_money(low), _to_money(high), reached)


def _measure_left(part: Period, now: datetime) -> float:
    """Return the share of a part that is still to come."""
    return min(1.0, max(0.0, (part.end - now) / (part.end - part.start)))


def _extrapolate(
    amount: Decimal, total: Decimal, parts: Sequence[Period], first: float, now: datetime
) -> Forecast:
    gone, end = now.timestamp() - first, parts[-1].end
    if gone <= 0 or not total:
        return Forecast(total, None, None, None)
    rate = float(total) / gone
    left = max(0.0, end.timestamp() - now.timestamp())
    seconds = float(amount - total) / rate
    reached = datetime.fromtimestamp(now.timestamp() + seconds, now.tzinfo) if 0 < seconds < left else None
    return Forecast(_to_money(float(total) + rate * left), None, None, reached)


def _find_moment(
    amount: Decimal, total: Decimal, mean: float, parts: Sequence[Period], now: datetime
) -> datetime | None:
    missing = float(amount - total)
    for part in parts:
        left = _measure_left(part, now)
        cost = mean * left
        if 0 < missing <= cost:
            start = max(part.start, now)
            return start + (part.end - start) * (missing / cost)
        missing -= cost
    return None


def _to_money(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.000001"))
