"""Work of a background thread, in slices: callers get the interpreter in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter, sleep
from typing import TypeVar

__all__ = ["in_time_slices", "skip_pauses_while"]

T = TypeVar("T")

# How long callers may have to wait for the interpreter. Seconds.
_SLICE = 0.00025
# Enough for another thread to wake up: who gives the interpreter away and comes back at once finds it free.
_PAUSE = 0.00005


class _Thread(threading.local):
    """What each thread knows of its own work."""

    def __init__(self) -> None:
        self.is_awaited: Callable[[], bool] = lambda: False


_thread = _Thread()


def skip_pauses_while(is_awaited: Callable[[], bool]) -> None:
    """Have this thread give no way, from now on, as long as somebody waits for what it does."""
    _thread.is_awaited = is_awaited


def in_time_slices(items: Iterable[T]) -> Iterator[T]:
    """The items; whoever waits for the interpreter gets it between two of them, when a slice has passed.

    From a thread that computes it is taken only after `sys.getswitchinterval()`, which is 5 ms. So it comes
    back as late from each that does: see `skip_pauses_while`.
    """
    began = perf_counter()
    for item in items:
        yield item
        if perf_counter() - began > _SLICE:
            if not _thread.is_awaited():
                sleep(_PAUSE)
            began = perf_counter()
