"""Decimal arithmetic that comes out the same in every program.

A program may set the precision, the rounding, and the traps of its decimals as it likes, and this library's
code runs on its threads. So each way into code that computes money goes through `with_own_decimals`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["with_own_decimals"]

P = ParamSpec("P")
R = TypeVar("R")

# As Python sets it for programs that don't.
_CONTEXT = Context(
    prec=28,
    rounding=ROUND_HALF_EVEN,
    Emin=-999999,
    Emax=999999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)


def with_own_decimals(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function with this library's decimal context in the place of the program's."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(_CONTEXT):
            return function(*args, **kwargs)

    return run
