"""Change the state of the process in turns, even if a signal handler asks for a change during another one.

A handler that calls `payi_uninstrument()` in the middle of `payi_instrument()` runs on the same thread, so
it can't wait until that is over. What it asks for is done right after instead, also if the handler raises
SystemExit, which ends what it interrupted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Turns"]


class Turns:
    """Run one function at a time. What interrupts a function comes after it, and other threads wait."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_running = False
        self._waiting: deque[Callable[[], None]] = deque()

    def run(self, function: Callable[[], None]) -> None:
        """Run a function now or, if this thread is in the middle of another one, right after that."""
        self._waiting.append(function)
        with self._lock:
            if not self._is_running:
                self._run_waiting()

    def _run_waiting(self) -> None:
        try:
            self._is_running = True
            while self._waiting:
                self._waiting.popleft()()
        finally:
            self._is_running = False
            # One that came after the last look, or that an exception has left.
            if self._waiting:
                self._run_waiting()
