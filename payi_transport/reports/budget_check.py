"""The state of each budget now: what was spent, of how much, and where that is heading.

The sums are those of the budgets' file, which the programs themselves write, or are made from files of
events.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from payi_transport.budgets.budget import Budget, Key
from payi_transport.budgets.configured import has_whole_price
from payi_transport.budgets.forecast import make_forecast
from payi_transport.budgets.periods import split_period
from payi_transport.budgets.store import Change, Store
from payi_transport.reports.priced_calls import PricedCall

__all__ = ["BudgetState", "Checked", "check_events", "check_store"]


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """A budget's owner in the current period. Amounts are in US dollars, times have the offset of the zone.

    `level` is the highest warning level that was reached, as a share of the amount, or None.
    """

    budget: str
    owner: str
    spent: Decimal
    amount: Decimal
    level: Decimal | None
    calls: int
    unpriced: int
    period: str
    period_start: datetime
    period_end: datetime
    expected: Decimal
    low: Decimal | None
    high: Decimal | None
    reached: datetime | None
    enforced: bool

    @property
    def share(self) -> Decimal:
        """What of the amount is spent: 1 is all of it."""
        return self.spent / self.amount


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The states of all budgets, those closest to their amount first, and what is in no sum.

    `unpriced` counts calls without a price, or with a part that has none, and `lost` calls whose events
    were lost. `later` calls were made after the moment that is checked, and are in no sum.
    """

    states: list[BudgetState]
    unpriced: int
    lost: int
    later: int = 0

    @property
    def is_fine(self) -> bool:
        """Whether no level was reached, everything has a price, and nothing was lost."""
        return not self.unpriced and not self.lost and all(state.level is None for state in self.states)


def check_store(budgets: Iterable[Budget], store: Store, now: datetime) -> Checked:
    """Return the states by the sums in the file. Raises OSError and sqlite3.Error."""
    by_name = {budget.name: budget for budget in budgets}
    starts = {name: budget.find_period(now).start for name, budget in by_name.items()}
    totals = store.read_totals({name: start.timestamp() for name, start in starts.items()})
    states = [
        _make_state(
            by_name[total.key.budget],
            total.key.owner,
            Change(total.spent, total.calls, total.unpriced),
            store.read_parts(total.key),
            now,
        )
        for total in totals
    ]
    since = min(starts.values(), default=now)
    # A call without a price is in the sum of each of its budgets, but it is one call. The owners of a budget
    # have calls of their own, unless a call has several tags.
    by_budget = Tally[str]()
    for state in states:
        by_budget[state.budget] += state.unpriced
    unpriced = max(by_budget.values(), default=0)
    return _make_checked(states, unpriced, store.read_lost(f"{since:%Y-%m-%d}"))


def check_events(
    budgets: Iterable[Budget], calls: Iterable[PricedCall], now: datetime, lost: int = 0
) -> Checked:
    """Return the states at a moment, by the calls of its periods that were made until then.

    Calls of earlier periods without a price say nothing about the current ones. Without budgets, there is no
    period, and all calls count. So do calls without a time, which may be of any.
    """
    budgets = list(budgets)
    periods = [budget.find_period(now) for budget in budgets]
    sums: defaultdict[Key, Change] = defaultdict(Change)
    parts: defaultdict[Key, defaultdict[float, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    unpriced = later = 0
    for event, estimate in calls:
        is_unpriced = not has_whole_price(event, estimate)
        moment = event.event_timestamp
        if moment is not None and moment > now:
            later += 1
            continue
        is_current = not periods or moment is None or any(moment in period for period in periods)
        unpriced += is_unpriced and is_current
        for budget, period in zip(budgets, periods, strict=True):
            if moment is None or moment not in period:
                continue
            change = Change(estimate.total or Decimal(0), 1, int(is_unpriced))
            for owner in budget.find_owners(event):
                key = Key(budget.name, owner, period.start.timestamp())
                sums[key] = sums[key].plus(change)
                parts[key][budget.find_part(moment).start.timestamp()] += change.spent
    by_name = {budget.name: budget for budget in budgets}
    states = [
        _make_state(by_name[key.budget], key.owner, total, parts[key], now) for key, total in sums.items()
    ]
    return _make_checked(states, unpriced, lost, later)


def _make_checked(states: list[BudgetState], unpriced: int, lost: int, later: int = 0) -> Checked:
    states.sort(key=lambda state: (-state.share, state.budget, state.owner))
    return Checked(states=states, unpriced=unpriced, lost=lost, later=later)


def _make_state(
    budget: Budget, owner: str, total: Change, parts: Mapping[float, Decimal], now: datetime
) -> BudgetState:
    period = budget.find_period(now)
    whole = list(split_period(budget.settings.period, period, budget.zone))
    forecast = make_forecast(budget.amount, parts, whole, now)
    reached = [level for level in budget.levels if total.spent >= level * budget.amount]
    return BudgetState(
        budget=budget.name,
        owner=owner,
        spent=total.spent,
        amount=budget.amount,
        level=max(reached, default=None),
        calls=total.calls,
        unpriced=total.unpriced,
        period=budget.settings.period,
        period_start=period.start.astimezone(budget.zone),
        period_end=period.end.astimezone(budget.zone),
        expected=forecast.expected,
        low=forecast.low,
        high=forecast.high,
        reached=None if forecast.reached is None else forecast.reached.astimezone(budget.zone),
        enforced=budget.settings.enforce,
    )
