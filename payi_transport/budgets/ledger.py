"""What every budget has spent, in memory, and whose calls are refused for it.

Reading takes no lock: a call that is about to be sent looks into one dict. Adding takes a lock for as long as
some dicts take to change, on the thread that reads the call. What was added waits as a change until
`tracker.py` has written it to the file, which returns the sums of all processes; those then replace the ones
here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from payi_transport.budgets.budget import Budget, Key
from payi_transport.budgets.periods import Period
from payi_transport.budgets.store import Change, Total

__all__ = ["Changes", "Ledger"]

Changes = dict[tuple[Key, float], Change]


class Ledger:
    """The sums of the current periods. `now` returns the aware time."""

    def __init__(self, budgets: Iterable[Budget], now: Callable[[], datetime]) -> None:
        self._now = now
        self.budgets = {budget.name: budget for budget in budgets}
        self.enforced = tuple(budget for budget in self.budgets.values() if budget.settings.enforce)
        # Reentrant, because a signal handler may make a call on the thread that holds it.
        self._lock = threading.RLock()
        self._spent: dict[Key, Decimal] = {}
        self._periods: dict[Key, Period] = {}
        self._changes: Changes = {}
        # By budget and owner, the period in which nothing more may be spent.
        self._blocked: dict[tuple[str, str], Period] = {}

    def copy(self) -> Ledger:
        """Return a ledger for a forked child. What the parent has yet to write stays the parent's."""
        child = Ledger(self.budgets.values(), self._now)
        child._spent, child._periods = self._spent.copy(), self._periods.copy()
        child._blocked = self._blocked.copy()
        return child

    def find_blocked(self, frame: Any) -> tuple[Budget, str, Period] | None:
        """Return the budget that keeps a call in this frame from being sent, its owner, and its period."""
        for budget in self.enforced:
            for owner in budget.find_owners_before(frame):
                period = self._blocked.get((budget.name, owner))
                if period is not None and self._now() in period:
                    return budget, owner, period
        return None

    def is_enforced(self, frame: Any) -> bool:
        """Return whether an enforced budget counts the calls in this frame."""
        return any(budget.find_owners_before(frame) for budget in self.enforced)

    @property
    def has_blocked(self) -> bool:
        """Whether some calls are being refused."""
        return bool(self._blocked)

    def add(self, budget: Budget, owner: str, moment: datetime, change: Change) -> None:
        """Add a call of a moment to a sum."""
        period = budget.find_period(moment)
        key = Key(budget.name, owner, period.start.timestamp())
        place = key, budget.find_part(moment).start.timestamp()
        with self._lock:
            self._changes[place] = self._changes.get(place, Change()).plus(change)
            self._set(key, period, self._spent.get(key, Decimal(0)) + change.spent)

    def _set(self, key: Key, period: Period, spent: Decimal) -> None:
        self._spent[key] = spent
        self._periods[key] = period
        budget = self.budgets[key.budget]
        place = key.budget, key.owner
        if budget.settings.enforce and spent >= budget.amount:
            # A call that began before the end of its period may be counted in the next one.
            if self._blocked.get(place, period).start <= period.start:
                self._blocked[place] = period
        elif self._blocked.get(place) == period:
            del self._blocked[place]

    def take_changes(self) -> Changes:
        """Return what was added since the last time; the caller writes it, or puts it back."""
        with self._lock:
            taken, self._changes = self._changes, {}
        return taken

    def put_back(self, changes: Mapping[tuple[Key, float], Change]) -> None:
        """Take back changes that could not be written."""
        with self._lock:
            for place, change in changes.items():
                self._changes[place] = self._changes.get(place, Change()).plus(change)

    def replace(self, totals: Iterable[Total]) -> None:
        """Take over the sums of all processes, which have everything that is not waiting as a change."""
        with self._lock:
            waiting: dict[Key, Decimal] = {}
            for (key, _), change in self._changes.items():
                waiting[key] = waiting.get(key, Decimal(0)) + change.spent
            for total in totals:
                period = self._periods.get(total.key) or self._find_period(total.key)
                self._set(total.key, period, total.spent + waiting.get(total.key, Decimal(0)))
            self._forget_ended()

    def _find_period(self, key: Key) -> Period:
        return self.budgets[key.budget].find_period(datetime.fromtimestamp(key.start, self._now().tzinfo))

    def _forget_ended(self) -> None:
        now = self._now()
        for key in [key for key, period in self._periods.items() if period.end <= now]:
            del self._spent[key], self._periods[key]
        for place in [place for place, period in self._blocked.items() if period.end <= now]:
            del self._blocked[place]

    def find_starts(self) -> dict[str, float]:
        """Return the start of the current period of each enforced budget."""
        now = self._now()
        return {budget.name: budget.find_period(now).start.timestamp() for budget in self.enforced}

    def read_totals(self, changes: Mapping[tuple[Key, float], Change]) -> list[Total]:
        """Return the sums that changes were added to, as far as this process knows them."""
        sums: dict[Key, Change] = {}
        for (key, _), change in changes.items():
            sums[key] = sums.get(key, Change()).plus(change)
        known = self._spent
        return [
            Total(key, known.get(key, change.spent), change.calls, change.unpriced)
            for key, change in sums.items()
        ]
