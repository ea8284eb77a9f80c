"""Events in a list: for tests, of this library and of those who use it."""

from __future__ import annotations

from collections.abc import Sequence

from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["MemorySink"]


class MemorySink:
    """Keeps every event in `events`, in the order of delivery."""

    batch_limit = None

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.batches: list[int] = []

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.events.extend(batch)
        self.batches.append(len(batch))
        return Receipt()

    def fork(self) -> None:
        self.events, self.batches = [], []

    def close(self) -> None:
        """Nothing to let go of."""
