"""A thread that waits for the GIL, to see whether the running thread releases it by itself.

The switch interval is so long meanwhile that no thread loses the GIL otherwise.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

__all__ = ["WaitingCaller", "wait_for_the_interpreter"]


class WaitingCaller:
    """A thread that waits for the GIL from the first `compute` of another thread on."""

    def __init__(self) -> None:
        self._begun, self._called = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._call)

    def _call(self) -> None:
        self._begun.wait()
        self._called.set()

    @property
    def got_in(self) -> bool:
        return self._called.is_set()

    def compute(self) -> None:
        """Work for a millisecond without releasing the GIL."""
        self._begun.set()
        until = perf_counter() + 0.001
        while perf_counter() < until:
            """Call nothing that releases the GIL."""


@contextmanager
def wait_for_the_interpreter() -> Iterator[WaitingCaller]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(60)
    caller = WaitingCaller()
    caller.thread.start()
    try:
        yield caller
    finally:
        caller.compute()
        caller.thread.join()
        sys.setswitchinterval(usual)
