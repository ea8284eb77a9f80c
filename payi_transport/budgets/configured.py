"""Building the tracker of the configured budgets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from payi_transport.budgets.budget import make_budgets
from payi_transport.budgets.store import Store, find_default_file
from payi_transport.budgets.tracker import BudgetTracker, Charge, Dependencies
from payi_transport.config.schema import Settings
from payi_transport.decode.missing_units import has_missing_units
from payi_transport.prices import Estimate, estimate
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger

__all__ = ["find_file", "has_whole_price", "make_charge", "make_tracker"]


def make_tracker(
    settings: Settings, log: RateLimitedLogger, on_fault: Callable[[BaseException], None]
) -> BudgetTracker:
    """Return what counts the calls of a process under the configured budgets."""
    dependencies = Dependencies(make_charge, log.warn_apart, log.warning, on_fault)
    return BudgetTracker(make_budgets(settings.budgets), Store(find_file(settings)), dependencies)


def find_file(settings: Settings) -> Path:
    """Return the file with the sums."""
    return find_default_file() if settings.budgets_file is None else Path(settings.budgets_file)


def make_charge(event: Any) -> Charge:
    """Return what a call counts for under a budget."""
    found = estimate(event)
    return Charge(found.total or Decimal(0), has_whole_price(event, found))


def has_whole_price(event: Any, found: Estimate) -> bool:
    """Return whether nothing of a call's cost is missing from its estimate."""
    # A call that failed used nothing that is known, and its provider bills nothing.
    is_free = not event.units and not found.lines and not has_missing_units(event)
    return is_free or found.status in ("priced", "included")
