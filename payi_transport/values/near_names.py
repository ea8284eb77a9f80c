"""Find the known name that a wrong one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["find_near", "measure_likeness"]


def find_near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, None if none is like it."""
    # Imported here, because nearly all programs have no wrong name.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, 1)), None)


def measure_likeness(one: str, two: str) -> float:
    """Return how alike two names are, from 0 to 1."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one, two).ratio()
