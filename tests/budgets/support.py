"""Budgets on a clock that tests set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from payi_transport.budgets.budget import make_budgets
from payi_transport.budgets.notices import Notice
from payi_transport.budgets.store import Store
from payi_transport.budgets.tracker import BudgetTracker, Charge, Dependencies
from payi_transport.config.validation import check_config
from payi_transport.context.frame import Frame
from payi_transport.values.event import Event, Units

__all__ = ["START", "Desk", "make_desk", "make_event", "read_budgets"]

START = datetime(2026, 11, 5, 12, tzinfo=timezone.utc)


def read_budgets(budgets: Mapping[str, Any]) -> Any:
    return check_config({"budgets": budgets}).budgets


def make_event(cost: str | None = "1", *, at: datetime | None = START, **fields: Any) -> Event:
    """An event that costs as much as its resource says; None has no price."""
    return Event(
        category="system.openai",
        resource=cost or "unknown",
        units={"text": Units(input=1)},
        provider_response_id="r",
        event_timestamp=at,
        **fields,
    )


def price(event: Event) -> Charge:
    if event.resource == "broken":
        raise ValueError(event.resource)
    if event.resource == "interrupted":
        raise KeyboardInterrupt
    return Charge(Decimal(0), False) if event.resource == "unknown" else Charge(Decimal(str(event.resource)))


class Desk:
    """A tracker without its thread, restarted at will, and everything that it said."""

    def __init__(self, path: Path, budgets: Mapping[str, Any]) -> None:
        self.now = START
        self.settings = read_budgets(budgets)
        self.store = Store(path / "budgets.db")
        self.warnings: list[str] = []
        self.file_warnings: list[str] = []
        self.faults: list[BaseException] = []
        self.posted: list[tuple[str, Notice]] = []
        self.problems: list[str | None] = []
        self.tracker = self.make()

    def make(self) -> BudgetTracker:
        dependencies = Dependencies(
            price,
            self.warnings.append,
            self.file_warnings.append,
            self.faults.append,
            lambda: self.now,
            self._post,
        )
        return BudgetTracker(make_budgets(self.settings), self.store, dependencies)

    def _post(self, url: str, notice: Notice) -> str | None:
        self.posted.append((url, notice))
        return self.problems.pop(0) if self.problems else None

    def call(self, cost: str | None = "1", **fields: Any) -> None:
        """A call that begins and ends now."""
        self.tracker.charge(Frame(**fields), make_event(cost, at=self.now, **fields))

    def is_refused(self, **fields: Any) -> bool:
        return self.tracker.find_refusal(Frame(**fields)) is not None

    def restart(self) -> None:
        self.tracker.close(5)
        self.tracker = self.make()

    def spent(self, budget: str = "b", owner: str = "") -> Decimal:
        """What the file has for the current period."""
        made = {one.name: one for one in make_budgets(self.settings)}[budget]
        start = made.find_period(self.now).start.timestamp()
        found = {total.key.owner: total.spent for total in self.store.read_totals({budget: start})}
        return found.get(owner, Decimal(0))

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


def make_desk(path: Path, **settings: Any) -> Desk:
    """A desk with one enforced budget of $10 a day, or with other settings."""
    return Desk(path, {"b": {"amount": 10, "zone": "UTC", "period": "day", "enforce": True, **settings}})
