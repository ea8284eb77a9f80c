"""One budget of the configuration, and the periods that it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from payi_transport.budgets.owners import find_owners, matches, read_event_field, read_frame_field
from payi_transport.budgets.periods import Period, find_part, find_period
from payi_transport.config.budget_rules import EVENT_FIELDS, list_fields
from payi_transport.config.budget_settings import BudgetSettings
from payi_transport.values.zones import find_zone

__all__ = ["Budget", "Key", "make_budgets"]


class Key(NamedTuple):
    """What a sum is kept for: a budget, one of its owners, and the start of a period (a Unix time)."""

    budget: str
    owner: str
    start: float


class Budget:
    """A budget by name. Any thread may use it."""

    def __init__(self, name: str, settings: BudgetSettings) -> None:
        self.name = name
        self.settings = settings
        self.amount: Decimal = settings.amount
        self.zone = find_zone(settings.zone)
        self.levels = tuple(sorted({Decimal(str(level)) for level in settings.warn_at}))
        self._fields = list_fields(settings.by)
        # Found for nearly every call, and the same one each time.
        now = datetime.now(timezone.utc)
        self._period = find_period(settings.period, now, self.zone)
        self._part = find_part(settings.period, now, self.zone)

    def find_period(self, moment: datetime) -> Period:
        """Return the period that an aware moment is in."""
        period = self._period
        if moment not in period:
            period = self._period = find_period(self.settings.period, moment, self.zone)
        return period

    def find_part(self, moment: datetime) -> Period:
        """Return the day, or the hour of a day, by which the pace is measured."""
        part = self._part
        if moment not in part:
            part = self._part = find_part(self.settings.period, moment, self.zone)
        return part

    def find_owners_before(self, frame: Any) -> list[str]:
        """Return whose budgets a call will count for, by the frame that it is sent in."""
        return self._find_owners(partial(read_frame_field, frame))

    def find_owners(self, event: Any, frame: Any = None) -> list[str]:
        """Return whose budgets a call counts for, by its event, and by its frame as far as that says it."""

        def read(field: str) -> object:
            # What a response says about its region replaces the scope's. Enforcement knows the scope's only,
            # and has to find the sum under the same name.
            if frame is None or field in EVENT_FIELDS:
                return read_event_field(event, field)
            return read_frame_field(frame, field)

        return self._find_owners(read)

    def _find_owners(self, read: Any) -> list[str]:
        return find_owners(read, self._fields) if matches(read, self.settings.match) else []


def make_budgets(settings: Mapping[str, BudgetSettings]) -> list[Budget]:
    """Return the configured budgets."""
    return [Budget(name, budget) for name, budget in settings.items()]
