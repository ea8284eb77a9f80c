"""Work of a background thread, in slices: callers get the interpreter in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter, sleep
from typing import TypeVar

__all__ = ["in_slices"]

T = TypeVar("T")

# How long callers may have to wait for the interpreter. Seconds.
_SLICE = 0.00025
# Enough for another thread to wake up: who gives the interpreter away and comes back at once finds it free.
_PAUSE = 0.00005


def in_slices(items: Iterable[T]) -> Iterator[T]:
    """The items; whoever waits for the interpreter gets it between two of them, when a slice has passed.

    From a thread that computes it is taken only after `sys.getswitchinterval()`, which is 5 ms.
    """
    began = perf_counter()
    for item in items:
        yield item
        if perf_counter() - began > _SLICE:
            sleep(_PAUSE)
            began = perf_counter()
