"""The prices of one model at one time, and which of them a unit of a call has.

A price is believed only where the list states it: a unit without a price of its own has that of its parent,
with a note, and a price of 0 counts as none, since the list has many models whose price nobody entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from payi_transport.prices.estimates import Direction
from payi_transport.prices.units import Candidate, find_candidates, is_of_tokens
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT

__all__ = ["NO_RATE", "Prices", "Rate", "RateCard", "Steps", "make_rate"]

# A price by the size of the prompt: each step with the tokens that it starts after, in order.
Steps: TypeAlias = tuple[tuple[int, Decimal], ...]
Prices: TypeAlias = Mapping[str, "Decimal | Steps"]

_ZERO_NOTE = "the price list says 0, which counts only with `free = true` under [[prices.own]]"
# Rates with at most this many decimals are exact in every product with a count.
_DECIMALS = -15


class Rate(NamedTuple):
    """What one token, second, or request costs, None if nothing says so.

    If it is `exact`, the product with any count needs no rounding.
    """

    amount: Decimal | None
    note: str | None = None
    exact: bool = True


NO_RATE = Rate(None, "the price list has no rate for it")


class RateCard:
    """The prices of a model. `changed` has, by condition, the prices that it changed, None if it's unknown.

    `place` is where the call was processed, if that may have a price of its own. `is_by_size` says whether
    any price depends on the size of the prompt.
    """

    def __init__(
        self, prices: Prices, changed: Mapping[tuple[str, str], frozenset[str] | None], place: str | None
    ) -> None:
        self._prices = prices
        self._changed = changed
        self._place = place
        steps = (price for price in prices.values() if isinstance(price, tuple))
        self._starts = sorted({start for price in steps for start, _ in price if start > 0})
        self.is_by_size = bool(self._starts)
        self._rates: dict[tuple[str, Direction, int], Rate] = {}

    def has(self, key: str) -> bool:
        """Return whether the list has this price, whatever it is."""
        return key in self._prices

    def find(self, unit: str, direction: Direction, prompt: int) -> Rate:
        """Return the rate of a unit; `prompt` are the tokens that decide about a price by size."""
        # Of all prompts between two steps, the prices are the same, so few rates are made of many prompts.
        level = sum(start < prompt for start in self._starts) if self._starts else 0
        key = (unit, direction, level)
        rate = self._rates.get(key)
        if rate is None:
            rate = self._rates[key] = self._find(unit, direction, level)
        return rate

    def _find(self, unit: str, direction: Direction, level: int) -> Rate:
        for candidate in find_candidates(unit, direction):
            price = self._prices.get(candidate.key)
            if price is not None:
                return self._make(unit, candidate, price, level)
        return NO_RATE

    def _make(self, unit: str, candidate: Candidate, price: Decimal | Steps, level: int) -> Rate:
        notes = [candidate.note]
        if is_of_tokens(candidate):
            notes += self._list_assumptions(candidate.key)
        if isinstance(price, tuple):
            reached = self._starts[:level]
            # A unit that is billed as one of a large context has at least the first such price.
            if unit.endswith(LARGE_CONTEXT) and not reached:
                reached = self._starts[:1]
            price = next(amount for start, amount in reversed(price) if start < 0 or start in reached)
        elif unit.endswith(LARGE_CONTEXT):
            notes.append("standard rate assumed for a large context")
        if not price:
            return Rate(None, _ZERO_NOTE)
        return make_rate(price, candidate.per, "; ".join(filter(None, notes)) or None)

    def _list_assumptions(self, key: str) -> list[str | None]:
        """Return a note for each condition that this price doesn't depend on, although it may well."""
        assumed: list[str | None] = [
            f"standard rate assumed for {condition.replace('_', ' ')} {value}"
            for (condition, value), changed in self._changed.items()
            if changed is None or key not in changed
        ]
        return assumed + ([f"standard rate assumed for {self._place}"] if self._place else [])


def make_rate(price: Decimal, per: int, note: str | None = None) -> Rate:
    """Return the rate of one of a unit whose price is for `per` of it."""
    amount = price / per
    exponent = amount.as_tuple().exponent
    return Rate(amount, note, isinstance(exponent, int) and exponent >= _DECIMALS)
