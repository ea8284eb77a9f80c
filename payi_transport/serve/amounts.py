"""Money in the store: billionths of a US dollar, and the rest in millionths of those, both whole numbers.

Estimates are multiples of 1e-15 dollars. One number of 64 bits would hold nine thousand dollars of those, so
there are two, which SQL adds up exactly, far beyond any bill.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

__all__ = ["round_to_nanos", "split_amount", "to_dollars"]

_NANO, _FEMTO = -9, 10**6
# Wide enough for any sum of 64 bits, whatever the precision of the thread is.
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FLOOR = Context(prec=60, rounding=ROUND_FLOOR)
# Far above any call, and still sums of billions of them stay in 64 bits.
_MAX = Decimal(10**6)


def split_amount(amount: Decimal | None) -> tuple[int, int]:
    """Return an amount in dollars as nanos and the rest in femtos; nothing known is 0."""
    if not amount:
        return 0, 0
    nanos = _CONTEXT.scaleb(max(-_MAX, min(amount, _MAX)), -_NANO)
    whole = _FLOOR.to_integral_value(nanos)
    return int(whole), int(_CONTEXT.multiply(_CONTEXT.subtract(nanos, whole), Decimal(_FEMTO)))


def round_to_nanos(amount: Decimal | None) -> int:
    """Return an amount in dollars as the nearest nanos, where the rest does not matter."""
    nanos, femtos = split_amount(amount)
    return nanos + (femtos * 2 >= _FEMTO)


def to_dollars(nanos: int | None, femtos: int | None = 0) -> Decimal:
    """Return an amount of the store in dollars, without zeros at its end."""
    total = (nanos or 0) * _FEMTO + (femtos or 0)
    return _CONTEXT.normalize(_CONTEXT.scaleb(Decimal(total), _NANO - 6)) if total else Decimal(0)
