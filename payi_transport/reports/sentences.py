"""Amounts of one sentence, which a reader adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from payi_transport.budgets.notices import find_decimals, format_money

__all__ = ["choose_format"]

_MORE_DECIMALS = (4, 6, 9, 12)


def choose_format(sums: Iterable[tuple[Decimal, Sequence[Decimal]]]) -> Callable[[Decimal], str]:
    """Return what shows amounts in US dollars such that each total is the sum of its parts as shown.

    A total and its parts are rounded one by one, so with two decimals they may be off by a cent. Then all
    have more decimals. Where even those don't add up, as of amounts without an end, nobody will notice.
    """
    sums = list(sums)
    if all(_adds_up(total, parts, None) for total, parts in sums):
        return format_money
    decimals = next(
        (n for n in _MORE_DECIMALS if all(_adds_up(*each, n) for each in sums)), _MORE_DECIMALS[-1]
    )
    return lambda amount: format_money(amount, decimals)


def _adds_up(total: Decimal, parts: Sequence[Decimal], decimals: int | None) -> bool:
    places = [find_decimals(amount) if decimals is None else decimals for amount in (total, *parts)]
    shown, *shown_parts = (
        _round(amount, place) for amount, place in zip((total, *parts), places, strict=True)
    )
    # Of amounts with different decimals, the fewest count.
    return _round(sum(shown_parts, Decimal(0)), min(places)) == _round(shown, min(places))


def _round(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
