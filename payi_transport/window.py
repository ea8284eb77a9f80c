"""A log that does not flood: one warning a window, and how many were held back."""

from __future__ import annotations

import logging
from time import monotonic

__all__ = ["LogWindow"]


class LogWindow:
    """Logs the first message, and again when `seconds` have passed. Takes no lock of its own."""

    def __init__(self, logger: logging.Logger, seconds: float) -> None:
        self._logger = logger
        self._seconds = seconds
        self._next = 0.0
        self._held_back = 0

    def warning(self, message: str, exc_info: BaseException | None = None) -> None:
        """Log, unless this window had its message."""
        now = monotonic()
        if now < self._next:
            self._held_back += 1
            return
        self._next = now + self._seconds
        suffix = f" ({self._held_back} more like this)" if self._held_back else ""
        self._held_back = 0
        self._logger.warning("payi_transport: %s%s", message, suffix, exc_info=exc_info)
