"""A bounded queue from many callers to one worker. Pushing takes no lock, never blocks, and never raises.

The items are in a `collections.deque`, which in CPython needs no lock of its own: `append` and `popleft` are
single C calls that no other thread can interrupt, with the GIL or without it. `next(itertools.count())` is
atomic in the same way, and numbers the items: these are their tickets. A list of preallocated slots, as ring
buffers have in other languages, is slower in Python, because each index operation is a bytecode of its own.

Losses are exact, although no lock holds the numbers together. An item is in flight from its push until the
worker releases it. A push either adds an item to the deque or returns False, so everything offered is
refused, in flight, or released, and each of the three is counted by the one who knows. Only the two bounds
are soft: threads that push at the same moment may each see the last free place, and all take it.

An item stays in flight while its decoded event waits for delivery. So the bounds hold for the memory of both.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from payi_transport.compat import NamedTuple

__all__ = ["Ring", "Ticketed"]

T = TypeVar("T")

# The worker is woken when a quarter of the room waits, and delivers at once when it holds a quarter. That
# leaves half of it for what callers push in the meantime.
_HIGH_WATER_PART = 4


class Ticketed(NamedTuple, Generic[T]):
    """An item with its ticket, which rises with each push, and the bytes it holds."""

    ticket: int
    item: T
    weight: int


# A quarter of the time of calling the class.
_make_ticketed = functools.partial(tuple.__new__, Ticketed)


class Ring(Generic[T]):
    """Hold at most `capacity` items and `max_bytes` in flight, and refuse the newest beyond either.

    Both bounds are soft by as many items as there are threads pushing at one moment. `wake` is called at the
    high-water mark: when `max_batch` items wait, or what takes a quarter of the room.
    """

    def __init__(self, capacity: int, max_bytes: int, max_batch: int, wake: Callable[[], None]) -> None:
        self.capacity = capacity
        self.max_bytes = max_bytes
        self._high_water = min(max_batch, capacity // _HIGH_WATER_PART or 1)
        self._high_water_bytes = max_bytes // _HIGH_WATER_PART or 1
        self._wake = wake
        self._waiting: deque[tuple[int, T, int]] = deque()
        self._tickets = itertools.count()
        # Approximate. Callers add to it without a lock, so two at once may lose an addition. It is reset
        # whenever the worker has drained everything.
        self._waiting_bytes = 0
        # Drained and not released. Exact, because only the worker changes these.
        self._held = self._held_bytes = 0
        self._update_fast_path()

    def push(self, item: T, weight: int, wake: bool = True) -> bool:
        """Add an item of `weight` bytes; return False if it was refused.

        With `wake=False` this takes no lock at all, not even that of waking. A finalizer needs that: it may
        run in the middle of anything, on a thread that holds any lock.
        """
        waiting = self._waiting
        waiting_bytes = self._waiting_bytes + weight
        # Nearly every item finds the ring far below its limits and its high-water mark.
        if len(waiting) >= self._fast_items or waiting_bytes >= self._fast_bytes:
            return self._push_near_limits(item, weight, wake)
        self._waiting_bytes = waiting_bytes
        waiting.append((next(self._tickets), item, weight))
        return True

    def _push_near_limits(self, item: T, weight: int, wake: bool) -> bool:
        waiting = self._waiting
        waiting_bytes = self._waiting_bytes + weight
        items = len(waiting) + self._held
        if items >= self.capacity:
            return False
        # An empty ring accepts any item. Otherwise one larger than all of the room would never be reported.
        if items and waiting_bytes + self._held_bytes > self.max_bytes:
            return False
        self._waiting_bytes = waiting_bytes
        waiting.append((next(self._tickets), item, weight))
        if (len(waiting) >= self._high_water or waiting_bytes >= self._high_water_bytes) and wake:
            self._wake()
        return True

    def drain(self, most: int) -> list[Ticketed[T]]:
        """Take up to `most` items, oldest first. For the worker only."""
        waiting = self._waiting
        taken: list[Ticketed[T]] = [_make_ticketed(waiting.popleft()) for _ in range(min(most, len(waiting)))]
        weight = sum(ticketed.weight for ticketed in taken)
        self._held += len(taken)
        self._held_bytes += weight
        self._update_fast_path()
        self._waiting_bytes = max(0, self._waiting_bytes - weight) if waiting else 0
        return taken

    def release(self, items: int, weight: int) -> None:
        """Free the room of drained items that are delivered or lost. For the worker only."""
        self._held -= items
        self._held_bytes -= weight
        self._update_fast_path()

    def hold(self, items: int, weight: int) -> None:
        """Take the room of what was made of a drained item. Each has to be released. For the worker only."""
        self._held += items
        self._held_bytes += weight
        self._update_fast_path()

    def _update_fast_path(self) -> None:
        """Compute the waiting items and bytes below which `push` refuses nothing and wakes nobody."""
        self._fast_items = min(self._high_water - 1, self.capacity - self._held)
        self._fast_bytes = min(self._high_water_bytes, self.max_bytes - self._held_bytes + 1)

    def clear(self) -> None:
        """Drop what waits once nobody will drain it."""
        self._waiting.clear()

    def take_ticket(self) -> int:
        """Return a ticket that no item gets; items pushed before this call have lower ones."""
        return next(self._tickets)

    def has_before(self, ticket: int) -> bool:
        """Return whether an item with a lower ticket waits to be drained. For the worker only."""
        # Callers may push meanwhile, but only the worker removes items, so the first one stays.
        return bool(self._waiting) and self._waiting[0][0] < ticket

    def is_batch_full(self) -> bool:
        """Return whether the drained items have reached the high-water mark. For the worker only."""
        return self._held >= self._high_water or self._held_bytes >= self._high_water_bytes

    @property
    def in_flight(self) -> int:
        """How many items were pushed and not released."""
        return len(self._waiting) + self._held

    def __len__(self) -> int:
        return len(self._waiting)
