"""Count calls under their budgets, and act on the sums: one object for a process.

A call is charged once it is read. Under an enforced budget that happens on the thread that ends the call,
before it returns, so the next call already finds the sum with this one in it, and `rewrite/requests.py`
refuses it if the budget is spent. Under any other budget the worker does it. A thread of this module writes
the sums to the file, reports warning levels, and calls webhooks, so neither calls nor deliveries wait for a
disk or a webhook. The thread writes at most four times a second.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from payi_transport.budgets.budget import Budget, Key
from payi_transport.budgets.ledger import Ledger
from payi_transport.budgets.notices import ATTEMPTS, Notice, make_notice, make_refusal, post
from payi_transport.budgets.store import Change, Store, Total
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.values.decimals import with_own_decimals

__all__ = ["BudgetTracker", "Charge", "Dependencies"]

# Seconds between two writes.
_INTERVAL = 0.25
# Seconds after which the sums are read again while calls are refused: an amount may have been corrected.
_REFRESH = 5.0
_LONGEST_SLEEP = 3600.0
_FILE_ERRORS = (OSError, sqlite3.Error)
# The models come from responses, so their number needs a bound.
_MAX_WARNED = 1000


class Charge(NamedTuple):
    """What a call costs. `is_complete` is False if it, or a part of it, has no price."""

    amount: Decimal
    is_complete: bool = True


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Dependencies(NamedTuple):
    """What a tracker needs from outside. `warn` logs at once; `warn_of_file` at a limited rate.

    `read_lost` returns how many calls were lost before they could be priced. `on_fault` counts an error of
    this library's own.
    """

    price: Callable[[Any], Charge]
    warn: Callable[[str], None] = lambda message: None
    warn_of_file: Callable[[str], None] = lambda message: None
    on_fault: Callable[[BaseException], None] = lambda exc: None
    now: Callable[[], datetime] = _now
    post: Callable[[str, Notice], str | None] = post


class BudgetTracker:
    """Charge calls and refuse them. Any thread may use it."""

    def __init__(
        self,
        budgets: Iterable[Budget],
        store: Store,
        dependencies: Dependencies,
        ledger: Ledger | None = None,
    ) -> None:
        self.read_lost: Callable[[], int] = lambda: 0
        self._store = store
        self._dependencies = dependencies
        self._ledger = Ledger(budgets, dependencies.now) if ledger is None else ledger
        # Both reentrant: a signal handler may flush on the thread that holds them.
        self._writing = threading.RLock()
        self._wake = WakeEvent()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._pause = WakeEvent()
        self._counted_lost = 0
        self._claimed: set[tuple[Key, str]] = set()
        self._warned: set[tuple[str, str]] = set()
        # Notices that wait for their webhook, and how often each was tried.
        self._posts: list[tuple[str, Notice, int]] = []
        if ledger is None:
            self._refresh()

    def fork(self) -> BudgetTracker:
        """Return the tracker of a forked child."""
        return BudgetTracker((), self._store, self._dependencies, self._ledger.copy())

    def start(self) -> None:
        """Start the thread. Where none can be started, sums are written by `flush` and `close`."""
        try:
            thread = threading.Thread(target=self._run, name="payi-budgets", daemon=True)
            thread.start()
            self._thread = thread
        except RuntimeError as exc:
            self._dependencies.on_fault(exc)

    def find_refusal(self, frame: Any) -> str | None:
        """Return why a call in this frame must not be sent, or None. Takes no lock."""
        if not self._ledger.has_blocked:
            return None
        blocked = self._ledger.find_blocked(frame)
        return None if blocked is None else make_refusal(*blocked)

    @property
    def enforces(self) -> bool:
        """Whether any budget is enforced."""
        return bool(self._ledger.enforced)

    def is_enforced(self, frame: Any) -> bool:
        """Return whether a call in this frame has to be charged before it returns."""
        return self._ledger.is_enforced(frame)

    @with_own_decimals
    def charge(self, frame: Any, event: Any) -> None:
        """Count a call under all of its budgets. Never raises."""
        try:
            owners = self._find_owners(event, frame)
            if owners:
                moment = event.event_timestamp or self._dependencies.now()
                self._add(owners, moment, self._dependencies.price(event), str(event.resource))
        except Exception as exc:
            self._dependencies.on_fault(exc)

    @with_own_decimals
    def charge_proxied(self, frame: Any, timestamp: float, result: Any) -> None:
        """Count a call that Pay-i's proxy has counted, by the cost in its result. Never raises."""
        try:
            owners = self._find_owners(None, frame)
            if owners:
                moment = datetime.fromtimestamp(timestamp, timezone.utc)
                self._add(owners, moment, _read_cost(result), "a proxied request")
        except Exception as exc:
            self._dependencies.on_fault(exc)

    def _find_owners(self, event: Any, frame: Any) -> list[tuple[Budget, str]]:
        budgets = self._ledger.budgets.values()
        return [(budget, owner) for budget in budgets for owner in budget.find_owners(event, frame)]

    def _add(self, owners: list[tuple[Budget, str]], moment: datetime, charge: Charge, resource: str) -> None:
        change = Change(charge.amount, 1, 0 if charge.is_complete else 1)
        for budget, owner in owners:
            self._ledger.add(budget, owner, moment, change)
            if not charge.is_complete:
                self._warn_unpriced(budget.name, resource)
        if not self._wake.is_set():
            self._wake.set()

    def _warn_unpriced(self, budget: str, resource: str) -> None:
        place = budget, resource
        if place not in self._warned and len(self._warned) < _MAX_WARNED:
            self._warned.add(place)
            self._dependencies.warn(
                f"a call of {resource} under budget {budget} has no price, or only a part of one, so the"
                " budget does not count all of its cost; add a price under [[prices.own]]"
            )

    @with_own_decimals
    def flush(self) -> None:
        """Write the sums, and report what they reach. Never raises."""
        with self._writing:
            try:
                self._write()
                self._post()
            except Exception as exc:
                self._dependencies.on_fault(exc)

    def close(self, timeout: float) -> None:
        """Write the sums and stop the thread, within `timeout` seconds."""
        self._stopping = True
        self._pause.set()
        self._wake.set()
        if self._thread is None or self._thread is threading.current_thread():
            self.flush()
        else:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            is_blocking = self._ledger.has_blocked
            self._wake.wait(_REFRESH if is_blocking else _LONGEST_SLEEP)
            self.flush()
            if is_blocking:
                self._refresh()
            self._pause.wait(_INTERVAL)
        self.flush()

    def _write(self) -> None:
        changes = self._ledger.take_changes()
        try:
            self._write_lost()
            totals = [*self._store.add(changes).values()] if changes else []
            self._ledger.replace(totals)
        except _FILE_ERRORS as exc:
            self._ledger.put_back(changes)
            self._warn_of_file(exc)
            totals = self._ledger.read_totals(changes)
        self._report_levels(totals)

    def _write_lost(self) -> None:
        lost = self.read_lost()
        if lost > self._counted_lost:
            self._store.add_lost(f"{self._dependencies.now():%Y-%m-%d}", lost - self._counted_lost)
            self._counted_lost = lost

    @with_own_decimals
    def _refresh(self) -> None:
        """Read what other processes have spent, and what was corrected."""
        try:
            self._ledger.replace(self._store.read_totals(self._ledger.find_starts()))
        except _FILE_ERRORS as exc:
            self._warn_of_file(exc)

    def _warn_of_file(self, exc: Exception) -> None:
        self._dependencies.warn_of_file(
            f"can't use the budgets file ({exc}), so sums stay in memory until it can be written;"
            f" make {self._store.path} writable, or set config.budgets_file"
        )

    def _report_levels(self, totals: list[Total]) -> None:
        reached = {
            (total.key, f"{level} of {budget.amount}"): (budget, total, level)
            for total in totals
            for budget in (self._ledger.budgets[total.key.budget],)
            for level in budget.levels
            if total.spent >= level * budget.amount
        }
        new = [place for place in reached if place not in self._claimed]
        self._claimed.update(new)
        for place in self._claim(new):
            budget, total, level = reached[place]
            moment = datetime.fromtimestamp(total.key.start, timezone.utc)
            notice = make_notice(budget, total, level, budget.find_period(moment))
            self._dependencies.warn(notice.text)
            if budget.settings.webhook is not None:
                self._posts.append((budget.settings.webhook, notice, 0))

    def _claim(self, levels: list[tuple[Key, str]]) -> list[tuple[Key, str]]:
        """Return the levels that no other process has reported."""
        try:
            return self._store.claim(levels) if levels else []
        except _FILE_ERRORS:
            # Twice, from two processes, is better than never.
            return levels

    def _post(self) -> None:
        waiting, self._posts = self._posts, []
        for url, notice, attempts in waiting:
            problem = self._dependencies.post(url, notice)
            if problem is None:
                continue
            if attempts + 1 < ATTEMPTS:
                self._posts.append((url, notice, attempts + 1))
                self._wake.set()
            else:
                self._dependencies.warn(
                    f"the webhook of budget {notice.budget} did not accept a message ({problem}) in"
                    f" {ATTEMPTS} attempts, and it is not sent again: {notice.text}"
                )


def _read_cost(result: Any) -> Charge:
    """Return the cost in Pay-i's result, whatever its shape."""
    value = result
    for name in ("cost", "total", "base"):
        value = value.get(name) if isinstance(value, dict) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    # By its text, since a float in JSON was decimal text before it was read.
    return Charge(Decimal(str(value))) if is_number else Charge(Decimal(0), is_complete=False)
