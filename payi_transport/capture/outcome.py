"""How a response ended."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["ABANDONED", "EXHAUSTED", "Outcome"]


class Outcome(Enum):
    """How a response ended."""

    EXHAUSTED = "exhausted"  # read to its end
    CLOSED = "closed"  # closed by the caller before its end
    ABANDONED = "abandoned"  # never closed: garbage collected, or still open at shutdown
    FAILED = "failed"  # by an exception or a cancellation


# For the path of every call: up to Python 3.11, reading a member from its class takes as long as three calls
# of functions.
ABANDONED: Final = Outcome.ABANDONED
EXHAUSTED: Final = Outcome.EXHAUSTED
