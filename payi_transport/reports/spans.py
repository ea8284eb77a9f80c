"""Reading the periods that a user names: "2026-10", "2026-Q3", "2026-10-01..2026-10-15"."""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo

from payi_transport.budgets.periods import Period, find_period
from payi_transport.config.budget_rules import BudgetPeriod
from payi_transport.errors import PayiError

__all__ = ["read_span"]

_EXPECTED = "expected a period such as 2026-10, 2026-10-05, 2026-Q3, 2026, or 2026-10-01..2026-10-15"
_FORM = re.compile(r"(\d{4})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


def read_span(text: str, zone: tzinfo) -> Period:
    """Return the period that a text names, by the clocks of a zone. Raises PayiError if it names none."""
    first, dots, last = text.partition("..")
    start = _read_one(first, text, zone)
    end = _read_one(last, text, zone) if dots else start
    if end.end <= start.start:
        raise PayiError(f"{text!r} ends before it starts; {_EXPECTED}")
    return Period(start.start, end.end)


def _read_one(part: str, text: str, zone: tzinfo) -> Period:
    found = _FORM.fullmatch(part.strip())
    if found is None:
        raise PayiError(f"{text!r} is not a period; {_EXPECTED}")
    year, quarter, month, day = found.groups()
    kind: BudgetPeriod = "day" if day else "month" if month else "quarter" if quarter else "year"
    first = 3 * int(quarter) - 2 if quarter else int(month or 1)
    try:
        # At noon, which exists in every zone on every day.
        moment = datetime(int(year), first, int(day or 1), 12, tzinfo=zone)
        return find_period(kind, moment.astimezone(timezone.utc), zone)
    except (ValueError, OverflowError):
        raise PayiError(f"{text!r} is not a period; {_EXPECTED}") from None
