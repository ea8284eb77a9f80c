"""Money comes out the same, whatever decimals the program works with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    getcontext,
    localcontext,
)
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.prices import Estimate, Pricer
from payi_transport.values.decimals import with_own_decimals
from tests.prices.calls import make_call
from tests.support.decimals import odd_decimals

pytest.importorskip("genai_prices")


@odd_decimals
@pytest.mark.parametrize(
    ("row", "result"),
    [
        ({}, None),
        ({"multiplier": "0.87"}, None),
        ({"units": {"text": {"input": "1.0000007", "output": "7", "per": 3}}}, None),
        ({}, {"cost": {"total": {"base": 0.1234567891}}}),
    ],
)
def test_a_call_costs_the_same_whatever_decimals_the_program_works_with(
    decimals: Context, row: dict[str, Any], result: Mapping[str, Any] | None
) -> None:
    def estimate() -> Estimate:
        call = make_call(units={"text": (123_457, 98_767), "reasoning": (None, 3)})
        rows = [{"resource": "gpt-5", **row}] if row else []
        return Pricer(check_config({"prices": {"own": rows}}).prices).estimate(call, result)

    usual = estimate()
    with localcontext(decimals):
        found = estimate()
    assert found == usual


@odd_decimals
def test_inside_of_a_function_decimals_are_as_python_sets_them(decimals: Context) -> None:
    usual = Context(prec=28, rounding=ROUND_HALF_EVEN, Emin=-999999, Emax=999999, capitals=1, clamp=0)

    @with_own_decimals
    def divide(one: int, *, by: int) -> tuple[Decimal, str]:
        """Divide."""
        context = getcontext().copy()
        context.clear_flags()
        return Decimal(one) / by, repr(context)

    usual.traps = Context(traps=[DivisionByZero, InvalidOperation, Overflow]).traps
    with localcontext(decimals):
        before = repr(getcontext())
        assert divide(2, by=3) == (Decimal("0." + "6" * 27 + "7"), repr(usual))
        assert repr(getcontext()) == before
        with pytest.raises(DivisionByZero):
            divide(1, by=0)
    assert (divide.__name__, divide.__doc__) == ("divide", "Divide.")
