"""A lock for what lives as long as the program, and so through its forks."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

__all__ = ["ProcessLock"]


class ProcessLock:
    """A reentrant lock that a forked child has anew.

    Another thread of the parent may hold it during the fork. The child has no such thread, and would wait for
    it forever. Functions that run at a fork would not do: uWSGI forks without calling them.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.RLock] = {}

    def __enter__(self) -> None:
        # One thread's lock wins, because `setdefault` is atomic.
        self._locks.setdefault(os.getpid(), threading.RLock()).acquire()

    def __exit__(self, *exc_info: object) -> None:
        lock = self._locks.get(os.getpid())
        # The block itself may have forked, as a signal handler does. Then its child never took its lock.
        if lock is not None:
            with suppress(RuntimeError):
                lock.release()
