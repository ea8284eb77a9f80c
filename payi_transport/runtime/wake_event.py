"""Wake a waiting thread from anywhere: a signal handler, a finalizer, a log handler.

Such code runs between two steps of whatever its thread was doing. If that was `threading.Event.set`, and the
handler makes a call that ends in `Event.set` too, the thread waits forever for a lock that it holds itself.
`threading.Condition` has a reentrant lock, but its own code isn't reentrant: a `notify` that interrupts
another one takes the waiter away that the first has just seen, and the first raises IndexError.

So the event is a single lock, which is held while the event is not set. Releasing it sets the event, and
acquiring it waits and clears. Each is one C call, which nothing on the same thread can interrupt.
"""

from __future__ import annotations

import contextlib
import threading

__all__ = ["WakeEvent"]


class WakeEvent:
    """An event for one waiting thread, which clears it by waking up."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        """Return whether it was set since the last wait ended."""
        return not self._gate.locked()

    def set(self) -> None:
        """Wake the waiting thread, or make its next wait return at once. Never blocks."""
        if self._gate.locked():
            # Raised if another thread, or a handler on this one, was faster.
            with contextlib.suppress(RuntimeError):
                self._gate.release()

    def wait(self, timeout: float) -> None:
        """Wait until the event is set, for at most `timeout` seconds, and clear it."""
        # Not a `with`: whoever sets the event releases the lock. A negative timeout would mean forever.
        self._gate.acquire(timeout=min(max(0.0, timeout), threading.TIMEOUT_MAX))
