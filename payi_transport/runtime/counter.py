"""A counter without a lock, for code that runs on callers' threads and in finalizers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

__all__ = ["Counter"]


class Counter:
    """A counter that any thread may increment and read, without a lock.

    `add()` increments it and returns a number that no other call returns, rising with time.
    """

    __slots__ = ("_ticks", "add")

    def __init__(self) -> None:
        # A single C call, which no other thread can interrupt, with the GIL or without it.
        self._ticks = itertools.count()
        self.add: Callable[[], int] = self._ticks.__next__

    @property
    def value(self) -> int:
        # The repr, `count(7)`, is the only way to see the next number without consuming it.
        return int(repr(self._ticks)[len("count(") : -1])
