"""A bounded queue from many callers to one worker. Pushing takes no lock, never blocks and never raises.

CPython's `deque` is the fastest lock-free ring there is in Python: `append` and `popleft` are atomic, and
`next(itertools.count())` is an atomic ticket (both also without the GIL, from 3.13 on). The tickets tell
losses exactly: what was offered is either refused, still in flight, or released by the worker.

An item is in flight from its push until the worker releases it, so both bounds hold for the decoded events
that wait for delivery as well.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from payi_transport.compat import NamedTuple

__all__ = ["Counter", "Ring", "Ticketed"]

T = TypeVar("T")

# This part of the room may wait, and as much may be held, before anything is done about it: half is left for
# what comes until it is.
_PART = 4


class Counter:
    """A counter that any thread may raise and read.

    `add()` raises it by one; the answer is a number that no other call gets, rising with time.
    """

    __slots__ = ("_ticks", "add")

    def __init__(self) -> None:
        self._ticks = itertools.count()
        self.add: Callable[[], int] = self._ticks.__next__

    @property
    def value(self) -> int:
        # `count(7)`: only its repr tells the next number without taking it, which readers at once would need
        # a lock to put right.
        return int(repr(self._ticks)[len("count(") : -1])


class Ticketed(NamedTuple, Generic[T]):
    """An item, its place in line and the bytes it holds."""

    ticket: int
    item: T
    weight: int


# A quarter of the time of calling the class.
_make_ticketed = functools.partial(tuple.__new__, Ticketed)


class Ring(Generic[T]):
    """`capacity` items and `max_bytes` in flight at most; beyond either, the newest are refused.

    Both bounds are soft by as many items as there are threads pushing at one moment. `wake` is called when
    `most` items wait, or what takes a quarter of the room.
    """

    def __init__(self, capacity: int, max_bytes: int, most: int, wake: Callable[[], None]) -> None:
        self.capacity = capacity
        self.max_bytes = max_bytes
        self._mark = min(most, capacity // _PART or 1)
        self._mark_bytes = max_bytes // _PART or 1
        self._wake = wake
        self._waiting: deque[tuple[int, T, int]] = deque()
        self._tickets = itertools.count()
        # What waits weighs about this much: callers raise it without a lock, and two at once may lose an
        # addition, which is put right whenever the worker has taken all.
        self._waiting_bytes = 0
        # Drained and not released; the worker's alone to change, so exact.
        self._held = self._held_bytes = 0

    def push(self, item: T, weight: int, *, quietly: bool = False) -> bool:
        """Put in line; False when it was refused. `quietly` takes no lock at all, as a finaliser must."""
        waiting = self._waiting
        items = len(waiting) + self._held
        if items >= self.capacity:
            return False
        waiting_bytes = self._waiting_bytes + weight
        if items and waiting_bytes + self._held_bytes > self.max_bytes:
            return False
        self._waiting_bytes = waiting_bytes
        waiting.append((next(self._tickets), item, weight))
        if (len(waiting) >= self._mark or waiting_bytes >= self._mark_bytes) and not quietly:
            self._wake()
        return True

    def drain(self, most: int) -> list[Ticketed[T]]:
        """Take up to `most` items, oldest first. For the worker alone."""
        waiting = self._waiting
        taken: list[Ticketed[T]] = [_make_ticketed(waiting.popleft()) for _ in range(min(most, len(waiting)))]
        weight = sum(ticketed.weight for ticketed in taken)
        self._held += len(taken)
        self._held_bytes += weight
        self._waiting_bytes = max(0, self._waiting_bytes - weight) if waiting else 0
        return taken

    def clear(self) -> None:
        """Let go of what waits, which nobody will take any more."""
        self._waiting.clear()

    def mark(self) -> int:
        """A ticket of its own: lower ones are of items pushed before this call."""
        return next(self._tickets)

    def has_before(self, ticket: int) -> bool:
        """Whether an item with a lower ticket waits to be drained. For the worker alone."""
        return bool(self._waiting) and self._waiting[0][0] < ticket

    def release(self, items: int, weight: int) -> None:
        """Tell that drained items are delivered or lost, and no longer held. For the worker alone."""
        self._held -= items
        self._held_bytes -= weight

    def is_pressed(self) -> bool:
        """Whether as much is held as wakes where it waits. For the worker alone."""
        return self._held >= self._mark or self._held_bytes >= self._mark_bytes

    @property
    def in_flight(self) -> int:
        """Items pushed and not released."""
        return len(self._waiting) + self._held

    def __len__(self) -> int:
        return len(self._waiting)
