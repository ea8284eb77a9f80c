"""A log that does not flood: one warning a window, and how many were held back."""

from __future__ import annotations

import contextlib
import logging
import math
import traceback
from collections.abc import Callable
from time import monotonic

__all__ = ["RateLimitedLogger"]


class RateLimitedLogger:
    """Logs the first message, and again when `seconds` have passed by `clock`.

    Takes no lock of its own, and raises nothing.
    """

    def __init__(
        self, logger: logging.Logger, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._logger = logger
        self._seconds = seconds
        self._clock = clock
        self._next = -math.inf
        self._held_back = 0

    def warn_now(self, message: str) -> None:
        """Log, whatever was logged before in this window."""
        self._next = -math.inf
        self.warning(message)

    def warning(self, message: str, fault: BaseException | None = None) -> None:
        """Log, unless this window had its message; of a fault where it came from, but not what it says.

        The text of an exception may quote whatever the code was at work on, a prompt or a key among it.
        """
        now = self._clock()
        if now < self._next:
            self._held_back += 1
            return
        self._next = now + self._seconds
        suffix = f" ({self._held_back} more like this)" if self._held_back else ""
        self._held_back = 0
        trace = "" if fault is None else "\n" + "".join(traceback.format_tb(fault.__traceback__)).rstrip()
        # A handler or filter of the user's may raise, and this is said in the middle of calls.
        with contextlib.suppress(Exception):
            self._logger.warning("payi_transport: %s%s%s", message, suffix, trace)
