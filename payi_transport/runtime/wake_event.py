"""What wakes a worker: `threading.Event`, but for signal handlers."""

from __future__ import annotations

import threading

__all__ = ["WakeEvent"]


class WakeEvent:
    """Wakes the one thread that waits for it.

    A signal handler may set it in the middle of whatever it interrupts, such as setting it: an Event has a
    lock that the handler would wait for without end.
    """

    def __init__(self) -> None:
        # Its lock is one that a thread may take again.
        self._condition = threading.Condition()
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it was set since the last wait ended. Takes no lock."""
        return self._is_set

    def set(self) -> None:
        with self._condition:
            self._is_set = True
            self._condition.notify_all()

    def wait(self, timeout: float) -> None:
        """Until it is set, `timeout` seconds at most; then it is not set any more."""
        with self._condition:
            if not self._is_set:
                self._condition.wait(timeout)
            self._is_set = False
