"""Numbers and times as people read them: the digits that matter, in a few characters.

Each has an exact form, too, which the page shows on hover and in exports.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal

__all__ = [
    "calls",
    "change",
    "count",
    "date",
    "exact_money",
    "full_money",
    "milliseconds",
    "minute",
    "money",
    "name",
    "percent",
    "points",
    "recent",
    "short_time",
    "time",
]

_SCALES = ((Decimal(1_000_000_000), "B"), (Decimal(1_000_000), "M"), (Decimal(1000), "k"))
_MINUTE, _HOUR = 60_000, 3_600_000
# Below this, figures are written out: 9,812 tells more than 9.8k.
_WRITTEN_OUT = 10_000
_LONGEST_NAME = 61
# In percent. This much or less would be shown as 0.0.
_LEAST_SHARE = Decimal("0.05")


def money(amount: Decimal | None) -> str:
    """Return an amount such as $0.0042, $1.37, or $12.4k; "—" for one that is not known."""
    if amount is None:
        return "—"
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size == 0:
        return "$0"
    # $0.0996 is ten cents, not $0.1.
    if size < Decimal("0.0995"):
        return f"{sign}${_two_digits(size)}"
    if size < _WRITTEN_OUT:
        return f"{sign}${size:,.2f}"
    return f"{sign}${_scale(size)}"


def _two_digits(size: Decimal) -> str:
    return f"{round(size, 1 - size.adjusted()):f}".rstrip("0")


def exact_money(amount: Decimal | None) -> str:
    """Return every digit of an amount."""
    return "" if amount is None else f"${amount:f}"


def full_money(amount: Decimal | None) -> str:
    """Return every digit of an amount that matters, and at least cents: $0.01377, $5.00; "—" if not known."""
    if amount is None:
        return "—"
    whole, _, digits = f"{abs(amount):,f}".partition(".")
    return f"{'-' if amount < 0 else ''}${whole}.{digits.rstrip('0').ljust(2, '0')}"


def count(number: int) -> str:
    """Return a number such as 9,812 or 1.2M."""
    return f"{number:,}" if abs(number) < _WRITTEN_OUT else _scale(Decimal(number))


def calls(number: int) -> str:
    """Return a number of calls in words, such as 1 call or 12,345 calls."""
    return f"{number:,} {'call' if number == 1 else 'calls'}"


def name(full: str) -> str:
    """Return a name in at most 61 characters. Its end stays, because that is where versions differ."""
    return full if len(full) <= _LONGEST_NAME else f"{full[:44]}…{full[-16:]}"


def _scale(size: Decimal) -> str:
    # 999,960 is one million, not 1,000.0k.
    found = next((row for row in _SCALES if size >= row[0] * Decimal("0.99995")), _SCALES[-1])
    return f"{size / found[0]:.1f}{found[1]}"


def milliseconds(ms: int | None) -> str:
    """Return a duration such as 850 ms, 1.4 s, 2.5 min, or 3.5 h; "—" for one that is not known."""
    if ms is None:
        return "—"
    if ms < 1000:
        return f"{ms} ms"
    if ms < _MINUTE:
        return f"{ms / 1000:.1f} s"
    return f"{ms / _MINUTE:.1f} min" if ms < _HOUR else f"{ms / _HOUR:.1f} h"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """Return a share such as 4.1%, or "—" if the whole is zero.

    A little is never 0.0%, and nearly all is never 100.0%.
    """
    if not whole:
        return "—"
    share = 100 * Decimal(part) / Decimal(whole)
    if 0 < share <= _LEAST_SHARE:
        return "<0.1%"
    return ">99.9%" if 100 - _LEAST_SHARE <= share < 100 else f"{share:.1f}%"


def change(now: Decimal | int, before: Decimal | int) -> str:
    """Return the change against the period before, such as +12%."""
    if not before:
        return "new" if now else "no change"
    ratio = 100 * (Decimal(now) - Decimal(before)) / abs(Decimal(before))
    return "no change" if abs(ratio) <= Decimal("0.5") else f"{ratio:+,.0f}%"


def points(now: Decimal, before: Decimal) -> str:
    """Return the change of a share, in percentage points, such as +1.3 points."""
    difference = round(100 * (now - before), 1)
    return f"{difference:+} points" if difference else "no change"


def time(moment: datetime, zone: tzinfo) -> str:
    """Return a moment to the second."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def date(moment: datetime, zone: tzinfo) -> str:
    """Return the day of a moment."""
    local = moment.astimezone(zone)
    return f"{local:%b} {local.day}, {local.year}"


def minute(moment: datetime, zone: tzinfo) -> str:
    """Return a moment to the minute."""
    return f"{date(moment, zone)}, {moment.astimezone(zone):%H:%M}"


def recent(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return a moment to the second in few characters. The year is left out while it lasts."""
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f", {local.year}"
    return f"{local:%b} {local.day}{year}, {local:%H:%M:%S}"


def short_time(moment: datetime, zone: tzinfo, step: str) -> str:
    """Return the start of a step of a chart."""
    local = moment.astimezone(zone)
    return f"{local:%b} {local.day}" if step in ("day", "week") else f"{local:%b} {local.day} {local:%H:%M}"
