"""Amounts that add up to the last digit."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.prices.estimates import Line, add_up, settle

AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=20)


@given(st.lists(AMOUNTS, max_size=20), st.randoms())
def test_sums_are_the_same_in_every_order(amounts: list[Decimal], random: object) -> None:
    settled = [settle(amount) for amount in amounts]
    lines = [Line(unit="text", direction="input", count=1, amount=amount) for amount in settled]
    assert add_up(lines) == add_up(reversed(lines)) == sum(sorted(settled), Decimal(0))


def test_an_amount_is_a_multiple_of_the_smallest_one() -> None:
    assert settle(Decimal(1) / 3) == Decimal("0.333333333333333")
    assert settle(Decimal(0)) == 0


def test_what_is_not_known_adds_nothing() -> None:
    unknown = Line(unit="text", direction="input", count=1)
    assert add_up([unknown]) == 0
