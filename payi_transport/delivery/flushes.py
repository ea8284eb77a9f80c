"""Flush several workers at once, without a thread for each.

A flush is a generator that yields while it has to wait for its worker. The workers share one condition, and
notify it when they have settled what was asked for. Each time, the waiting caller steps all flushes. So a
sink that hangs only holds up its own flush, and all of them share one deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable

from payi_transport.runtime.clock import monotonic

__all__ = ["Flush", "wait_for_flushes"]

# Yields while it waits for a worker, and returns whether every event that it covers was delivered.
Flush = Generator[None, None, bool]


def wait_for_flushes(settled: threading.Condition, flushes: Iterable[Flush], deadline: float) -> bool:
    """Run flushes side by side until the deadline (of `monotonic`); return whether all were successful.

    Those that are not over by then are left, and count as failed.
    """
    with settled:
        waiting = list(flushes)
        successful = True
        while waiting:
            for flush in waiting.copy():
                try:
                    next(flush)
                except StopIteration as end:
                    waiting.remove(flush)
                    successful = successful and end.value
            left = deadline - monotonic()
            if waiting and left <= 0:
                for flush in waiting:
                    flush.close()
                return False
            if waiting:
                settled.wait(left)
        return successful
