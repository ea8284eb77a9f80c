"""Work through a list on a background thread without delaying the threads that make calls.

A thread that computes keeps the GIL until another thread has asked for it for `sys.getswitchinterval()`, 5 ms
by default. A caller that returns from a socket read while the worker decodes a batch would therefore wait up
to 5 ms, several times the cost of everything else this library does on its path. So the worker gives the GIL
up by itself, in a short sleep after each time slice of 0.25 ms, between two items.

The cost is that the worker has to get the GIL back, which takes 5 ms from each thread that computes. While a
caller waits for the worker in a flush, pausing helps nobody: `skip_pauses_while` turns the pauses off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import TypeVar

from payi_transport.runtime.clock import perf_counter

__all__ = ["in_time_slices", "skip_pauses_while"]

T = TypeVar("T")

# How long a caller may have to wait for the GIL. Seconds.
_SLICE = 0.00025
# Long enough for a waiting thread to wake up. `sleep(0)` would release the GIL and take it right back.
_PAUSE = 0.00005


# Per thread, because a flush waits for one worker and must not take away the pauses of another.
class _PerThread(threading.local):
    def __init__(self) -> None:
        self.is_awaited: Callable[[], bool] = lambda: False


_per_thread = _PerThread()


def skip_pauses_while(is_awaited: Callable[[], bool]) -> None:
    """Make `in_time_slices` on the current thread skip its pauses whenever `is_awaited()` is true."""
    _per_thread.is_awaited = is_awaited


def in_time_slices(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order, and release the GIL between two of them at the end of each time slice."""
    slice_start = perf_counter()
    for item in items:
        yield item
        # The consumer works on the item while this generator is suspended, so measure after the yield.
        if perf_counter() - slice_start > _SLICE:
            if not _per_thread.is_awaited():
                sleep(_PAUSE)
            # The time asleep, or spent waiting for the GIL, is not work and must not count toward the next
            # slice.
            slice_start = perf_counter()
