"""Whole numbers in texts from outside, which may be of any length."""

from __future__ import annotations

__all__ = ["read_number"]

# So many digits fit into 64 bits, and int() refuses thousands of them.
_MAX_DIGITS = 18


def read_number(text: str) -> int | None:
    """Return the number that up to 18 ASCII digits state, None for every other text: no sign, no space."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
