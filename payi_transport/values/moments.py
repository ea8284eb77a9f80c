"""Times that somebody else wrote down: those that a call can have."""

from __future__ import annotations

from datetime import datetime, timezone

__all__ = ["find_moment"]

# With every zone's clock and the periods around it, a moment of these years is one that `datetime` has. The
# zero of a clock, 0001 or 1970, is no time of a call.
_YEARS = range(1971, 9000)


def find_moment(written: datetime | None) -> datetime | None:
    """Return a time with its offset, which is UTC's if it has none; None for one that no call can have."""
    if written is None or written.year not in _YEARS:
        return None
    return written if written.tzinfo else written.replace(tzinfo=timezone.utc)
