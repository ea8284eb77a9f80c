"""Settings of decimals that a program may have, none of which may change an amount."""

from __future__ import annotations

from decimal import ROUND_UP, Context, FloatOperation, Inexact, Rounded, Subnormal

import pytest

__all__ = ["odd_decimals"]

odd_decimals = pytest.mark.parametrize(
    "decimals",
    [
        Context(prec=3),
        Context(prec=28, rounding=ROUND_UP),
        Context(prec=28, traps=[Inexact, Rounded, Subnormal, FloatOperation]),
        Context(prec=28, Emax=2, Emin=-2),
    ],
    ids=["few digits", "rounded up", "strict", "small numbers"],
)
