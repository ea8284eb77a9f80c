"""What a call cost, with the parts that add up to it and where each is from. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

import msgspec

__all__ = ["Direction", "Estimate", "Line", "Source", "Status", "add_up", "settle"]

Status = Literal["priced", "partial", "unpriced", "included"]
Source = Literal["payi", "config", "provider", "list"]
Direction = Literal["input", "output", "total"]

# Every amount is a multiple of this. Sums of such amounts are exact up to ten trillion dollars, so they are
# the same in every order, and parts add up to their total to the last digit.
_SMALLEST = Decimal("1e-15")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One unit and direction of a call: `count` times `rate` is `amount`, in US dollars.

    `rate` is that of a single token, second, or request. Both are None where nothing says what the unit
    costs. `note` says what was assumed. `direction` is "total" where only the whole call has a figure.
    `model` is another model that the call used, None for its own.
    """

    unit: str
    direction: Direction
    count: int
    rate: Decimal | None = None
    amount: Decimal | None = None
    source: Source | None = None
    note: str | None = None
    model: str | None = None


class Estimate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a call cost in US dollars; `total` is the sum of the amounts of its lines.

    `status` is "priced" where every unit has a rate, "partial" where some have none, "unpriced" where none
    has, and "included" where a subscription or a commitment covers the call. `total` is None for "unpriced".
    `source` says whose figure it is: Pay-i's, your config's, the provider's own, or the price list's, in
    which `basis` is the name of the model. `list_version` is set where the price list was used.
    """

    total: Decimal | None
    currency: str = "USD"
    status: Status
    source: Source | None = None
    lines: tuple[Line, ...] = ()
    list_version: str | None = None
    basis: str | None = None
    notes: tuple[str, ...] = ()


def settle(amount: Decimal) -> Decimal:
    """Return an amount of which sums are exact."""
    return amount.quantize(_SMALLEST, context=_EXACT).normalize(_EXACT) if amount else _ZERO


def add_up(lines: Iterable[Line]) -> Decimal:
    """Return the sum of the amounts that are known."""
    return sum((line.amount for line in lines if line.amount is not None), _ZERO)
