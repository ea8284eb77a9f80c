"""Wake a waiting thread from anywhere, including from a signal handler.

`threading.Event.set` takes a lock that is not reentrant. A signal handler runs on the main thread, between
two bytecodes of whatever that thread was doing. If that was `Event.set`, and the handler makes a call that
ends in `Event.set` too, the thread waits forever for a lock that it holds itself. `threading.Condition` uses
a reentrant lock by default, and the code below stays correct when it interrupts itself at any line.
"""

from __future__ import annotations

import threading

__all__ = ["WakeEvent"]


class WakeEvent:
    """An event for one waiting thread, which clears it by waking up."""

    def __init__(self) -> None:
        # Its default lock is an RLock.
        self._condition = threading.Condition()
        self._is_set = False

    def is_set(self) -> bool:
        """Return whether it was set since the last wait ended. Takes no lock."""
        # Reading one attribute is atomic. Producers check this first, because setting takes a lock and
        # costs far more.
        return self._is_set

    def set(self) -> None:
        """Wake the waiting thread, or make its next wait return at once."""
        with self._condition:
            self._is_set = True
            self._condition.notify_all()

    def wait(self, timeout: float) -> None:
        """Wait until the event is set, for at most `timeout` seconds, and clear it."""
        with self._condition:
            # A loop isn't needed: waking up early only makes the worker look for work once more.
            if not self._is_set:
                self._condition.wait(timeout)
            self._is_set = False
