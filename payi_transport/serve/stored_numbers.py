"""Numbers in addresses and cursors, which may be longer than any that the store has."""

from __future__ import annotations

import re

__all__ = ["read_number"]

# Those of 18 digits are in SQLite's 64 bits.
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def read_number(text: str) -> int | None:
    """Return the number that a text is, None for another text and for a number that the store can't have."""
    return int(text) if _NUMBER.fullmatch(text) else None
