"""Money and counts as people read them.

Not zero is never shown as 0, a dot never stands beside a comma for thousands, and from a dollar on there are
at most two decimals. Sums are made of exact values; only what is shown is rounded.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

__all__ = [
    "format_change",
    "format_count",
    "format_exact",
    "format_money",
    "format_rounded",
    "format_share",
    "say_count",
]

_NOTHING = "-"
_SMALLEST = Decimal("0.0001")
_CENT = Decimal("0.01")


def format_money(amount: Decimal | None) -> str:
    """Return US dollars: "$1,044", "$1.37", "$0.0042", "<$0.0001", "$0", and "-" where nothing is known."""
    if amount is None:
        return _NOTHING
    if amount < 0:
        return f"-{format_money(-amount)}"
    if not amount:
        return "$0"
    if amount < _SMALLEST:
        return f"<${_SMALLEST}"
    small, cents = _round(amount, _SMALLEST), _round(amount, _CENT)
    if small < 1 and small != cents:
        return f"${small}"
    # Rounded before it is compared, because $999.999 is shown as $1,000.
    return f"${cents}" if cents < 1000 else f"${_round(amount, Decimal(1)):,}"


def _round(amount: Decimal, digits: Decimal) -> Decimal:
    return amount.quantize(digits, ROUND_HALF_EVEN)


def format_count(count: int | None) -> str:
    """Return a count with commas, "-" where nothing is known."""
    return _NOTHING if count is None else f"{count:,}"


def say_count(number: int, one: str, several: str | None = None) -> str:
    """Return a count with what it counts, `one` or `several`: "1 call was", "1,200 calls were"."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def format_rounded(count: int | None) -> str:
    """Return a count of at most four characters: "25.2M", "436k", "999", "-" where nothing is known."""
    if count is None or count < 10_000:
        return format_count(count)
    rounded, sign = _divide(count, 10**3), "k"
    for unit, larger in ((10**6, "M"), (10**9, "G")):
        if rounded >= 1000:
            rounded, sign = _divide(count, unit), larger
    return f"{rounded:,g}{sign}"


def _divide(count: int, unit: int) -> float:
    return round(count / unit, 1 if count < 100 * unit else 0)


def format_exact(amount: Decimal | None) -> str:
    """Return an amount with all its digits and without an exponent, "" where nothing is known."""
    if amount is None:
        return ""
    return f"{amount.normalize():f}" if amount else "0"


def format_change(now: Decimal | int | None, before: Decimal | int | None) -> str:
    """Return the change since the period before: "+12%", "new", "=", and "-" if there is none to compare."""
    if now is None or before is None or (not now and not before):
        return _NOTHING
    if not before:
        return "new"
    percent = (Decimal(now) - before) * 100 / before
    if not percent:
        return "="
    if abs(percent) < 1:
        return "<+1%" if percent > 0 else ">-1%"
    return f"{percent:+,.0f}%"


def format_share(part: Decimal, whole: Decimal) -> str:
    """Return a share such as "4.1 %" or "45,107 %", "-" of nothing. A little is never "0.0 %"."""
    if not whole:
        return _NOTHING
    percent = 100 * part / whole
    # Compared after rounding: 0.05, half of the last digit, is rounded to 0.
    rounded = round(percent, 1)
    if percent and not rounded:
        return "<0.1 %" if percent > 0 else ">-0.1 %"
    # Adding 0 turns -0.0 into 0.0.
    return f"{percent:,.0f} %" if abs(rounded) >= 1000 else f"{rounded + 0:.1f} %"
