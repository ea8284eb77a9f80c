"""Spreading a figure over lines."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.prices.estimates import Line, add_up
from payi_transport.prices.spread import spread

AMOUNTS = st.lists(st.decimals("0.000001", "1000", places=9), min_size=1, max_size=6)


@given(AMOUNTS, st.decimals("0.000001", "1000", places=12))
def test_the_lines_add_up_to_the_figure_in_the_same_proportions(
    amounts: list[Decimal], figure: Decimal
) -> None:
    lines = [
        Line(unit="text", direction="input", count=number, amount=amount, note="assumed", source="list")
        for number, amount in enumerate(amounts, 1)
    ]
    listed = sum(amounts, Decimal(0))
    made = spread(lines, figure, listed, "provider")
    assert add_up(made) == figure
    assert all(line.source == "provider" and line.note is None for line in made)
    shares = [
        (line.amount or 0) / figure - amount / listed for line, amount in zip(made, amounts, strict=True)
    ]
    assert all(abs(share) < Decimal("1e-6") for share in shares)


def test_a_line_keeps_its_unit_and_its_model() -> None:
    line = Line(unit="text", direction="output", count=4, amount=Decimal(1), model="claude-opus-5-5")
    [made] = spread([line], Decimal(8), Decimal(1), "payi")
    assert (made.unit, made.direction, made.count, made.model) == ("text", "output", 4, "claude-opus-5-5")
    assert (made.rate, made.amount) == (Decimal(2), Decimal(8))


def test_what_rounding_leaves_is_on_the_largest_line() -> None:
    lines = [
        Line(unit=unit, direction="input", count=1, amount=Decimal(amount))
        for unit, amount in (("a", "1"), ("b", "4"), ("c", "1"))
    ]
    made = spread(lines, Decimal(1), Decimal(6), "payi")
    assert [line.amount for line in made] == [
        Decimal("0.166666666666667"),
        Decimal("0.666666666666666"),
        Decimal("0.166666666666667"),
    ]
    assert [line.rate for line in made] == [line.amount for line in made]
