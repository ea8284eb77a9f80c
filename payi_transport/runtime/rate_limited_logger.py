"""Log a problem once per time window instead of once per call.

The same problem can occur on every call of a busy program: an address that does not resolve, a queue that is
full. The first occurrence is logged at once. Further ones in the same window are only counted, and the count
is added to the next message.

Warnings are issued in the middle of a user's calls, so this logger takes no lock of its own and never raises.
Two threads that race may both log, or lose one from the count. That is accepted.
"""

from __future__ import annotations

import contextlib
import logging
import math
import traceback
from collections.abc import Callable

from payi_transport.runtime.clock import monotonic

__all__ = ["RateLimitedLogger"]


class RateLimitedLogger:
    """Log at most one warning every `seconds`, as measured by `clock`. Each message starts with `prefix`."""

    def __init__(
        self,
        logger: logging.Logger,
        seconds: float,
        clock: Callable[[], float] = monotonic,
        *,
        prefix: str = "",
    ) -> None:
        self._logger = logger
        self._prefix = prefix
        self._seconds = seconds
        self._clock = clock
        self._window_end = -math.inf
        self._suppressed = 0

    def warn_now(self, message: str) -> None:
        """Log a message even if this window already had one, and start a new window."""
        self._window_end = -math.inf
        self.warning(message)

    def warn_apart(self, message: str) -> None:
        """Log a message that is rare by itself, without regard to the window, which stays as it is."""
        # A handler or filter of the user's may raise. It must not reach the call that is being made.
        with contextlib.suppress(Exception):
            self._logger.warning("payi_transport: %s%s", self._prefix, message)

    def warning(self, message: str, fault: BaseException | None = None) -> None:
        """Log a message unless this window already had one.

        For a `fault`, log the traceback but not the text of the exception. That text may quote whatever the
        code was working on, such as a prompt or an API key.
        """
        now = self._clock()
        # The clock is read before any text is built, because most calls of a busy program with a problem
        # end here.
        if now < self._window_end:
            self._suppressed += 1
            return
        self._window_end = now + self._seconds
        suffix = f" ({self._suppressed} more like this)" if self._suppressed else ""
        self._suppressed = 0
        trace = "" if fault is None else "\n" + "".join(traceback.format_tb(fault.__traceback__)).rstrip()
        # A handler or filter of the user's may raise. It must not reach the call that is being made.
        with contextlib.suppress(Exception):
            self._logger.warning("payi_transport: %s%s%s%s", self._prefix, message, suffix, trace)
