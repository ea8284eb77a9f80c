"""A sink that keeps events in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["MemorySink"]


class MemorySink:
    """Keep every event in `events`, in order of delivery, and the size of each batch in `batches`."""

    batch_limit = None

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.batches: list[int] = []

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.events.extend(batch)
        self.batches.append(len(batch))
        return Receipt()

    def fork(self) -> None:
        # New lists, since a child reports only its own calls.
        self.events, self.batches = [], []

    def close(self) -> None:
        """Do nothing: there are no resources to release, and `events` stays readable."""
