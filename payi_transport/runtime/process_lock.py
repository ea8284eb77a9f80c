"""A lock for objects that a forked child shares with its parent."""

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
        # The block itself may have forked, for example in a signal handler. Its child never took a lock.
        with suppress(KeyError, RuntimeError):
            self._locks[os.getpid()].release()
