"""Money comes out the same, whatever decimals the program works with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, localcontext
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.prices import Estimate, Pricer
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
