"""Times as bills and spreadsheets write them.

A date of numbers alone has its day or its month first, as in 10/05/2026. It is written with the year first
before it is read, which takes the whole column (see `locales.py`).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Any

__all__ = ["TIME_FORMS", "list_dates", "read_time"]

TIME_FORMS = "2026-10-31, 10/31/2026, 31.10.2026, or 31 Oct 2026, with days or months first in a whole column"
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = (
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S UTC",
    *(f"{day}{time}" for day in ("%Y-%m-%d", "%Y/%m/%d") for time in _TIMES),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y"),
)
_DATE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:,?\s+([0-9]{1,2}:[0-9]{2}.*))?")


def read_time(value: Any) -> datetime | None:
    """Return an aware time, in UTC where the value names no zone; None for anything else."""
    found: datetime | None = None
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _read_unix(value)
    elif isinstance(value, str):
        found = _read_text(" ".join(value.split()))
    return found if found is None or found.tzinfo else found.replace(tzinfo=timezone.utc)


def _read_unix(value: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


# A bill has few days, each of them in many rows.
@lru_cache(maxsize=4096)
def _read_text(text: str) -> datetime | None:
    try:
        # Python 3.10 does not know the letter for UTC.
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        return next((found for form in _FORMATS if (found := _read_format(text, form)) is not None), None)


def _read_format(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def list_dates(text: str) -> dict[str, str]:
    """Return what a date of numbers is with its "day" and with its "month" first, written year first.

    One that is only possible in one order is alone, and what is no such date has none.
    """
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return {}
    first, _, second, year, time = found.groups()
    orders = {"day": (second, first), "month": (first, second)}
    return {
        order: f"{year}-{month:0>2}-{day:0>2}{f' {time}' if time else ''}"
        for order, (month, day) in orders.items()
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    }
