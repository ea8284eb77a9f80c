"""Whole numbers in texts from outside, which may be of any length."""

from __future__ import annotations

__all__ = ["read_number"]

# So many digits fit into 64 bits, those of SQLite, too, and int() refuses thousands of them.
_MAX_DIGITS = 18


def read_number(text: str, *, signed: bool = False) -> int | None:
    """Return the number that up to 18 ASCII digits state, None for every other text.

    With `signed`, there may be a minus sign in front of them.
    """
    digits = text.removeprefix("-") if signed else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS else None
