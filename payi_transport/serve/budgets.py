"""Limits as the page shows them: what was spent, at which pace, and when nothing will be left."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from payi_transport.serve.documents import list_documents
from payi_transport.serve.limits import LimitDocument, find_state
from payi_transport.serve.names import find_number
from payi_transport.serve.rollups import DIMENSIONS, QUARTER_MS
from payi_transport.serve.sums import sum_total, to_sums
from payi_transport.serve.views import Budget

__all__ = ["list_budgets"]

# The pace is that of the last days.
_DAYS = 7
# A date further ahead says nothing, and years beyond 9999 have none.
_FURTHEST_DAYS = 3650


def list_budgets(connection: sqlite3.Connection, now: datetime | None = None) -> list[Budget]:
    """Return all limits, the fullest first."""
    now = now or datetime.now(timezone.utc)
    budgets = [_describe(connection, limit, now) for limit in list_documents(connection, LimitDocument)]
    return sorted(budgets, key=lambda budget: -(budget.spent / budget.max if budget.max else budget.spent))


def _describe(connection: sqlite3.Connection, limit: LimitDocument, now: datetime) -> Budget:
    start = max(now - timedelta(days=_DAYS), limit.reset or limit.created)
    key = find_number(connection, limit.limit_id)
    first, last = (int(moment.timestamp() * 1000) // QUARTER_MS * QUARTER_MS for moment in (start, now))
    sums = to_sums(sum_total(connection, first, last + QUARTER_MS, DIMENSIONS["limit"], key or -1))
    # A new limit's first minutes would make a wild pace.
    days = max(Decimal((now - start).total_seconds()) / 86400, Decimal(1))
    pace = sums.cost / days
    return Budget(
        limit_id=limit.limit_id,
        name=limit.limit_name,
        type=limit.limit_type,
        max=limit.max,
        threshold=Decimal(1) if limit.threshold is None else limit.threshold,
        spent=limit.spent.total,
        state=find_state(limit),
        calls=limit.spent.calls,
        created=limit.created,
        reset=limit.reset,
        pace=pace,
        unpriced=sums.unpriced,
        full_at=_forecast(limit.max - limit.spent.total, pace, now),
    )


def _forecast(left: Decimal, pace: Decimal, now: datetime) -> datetime | None:
    if left <= 0 or pace <= 0 or left / pace > _FURTHEST_DAYS:
        return None
    return now + timedelta(days=float(left / pace))
