"""Find events at which Pay-i itself fails, however often they are sent.

A 5xx in Pay-i's own words usually passes, so its events are sent again. But if others are taken, and then one
event fails each time that it is sent alone, it is the event. It is given up then: with a spool, no other
events are read from the disk until it is settled.

A failure of anything on the way to Pay-i says nothing about events, and does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from payi_transport.values.event import Event

__all__ = ["Failures"]

# Attempts with one event alone. The pauses between them add up to a minute or more.
_MAX_ALONE = 20
_MAX_REMEMBERED = 1000


class Failures:
    """The events at which Pay-i failed lately. Any thread may use it."""

    def __init__(self) -> None:
        # Requests of which Pay-i took events.
        self._accepted = 0
        # By the id of an event: how many had been accepted when it failed first, and how often it has failed
        # alone since another one was.
        self._events: dict[str, tuple[int, int]] = {}

    def accept(self) -> None:
        """Count a request of which Pay-i took events."""
        self._accepted += 1

    def fail(self, batch: Sequence[Event]) -> bool:
        """Count a failure of Pay-i's own; return whether the only event of the batch is to be given up."""
        for event in batch:
            first, alone = self._events.get(event.provider_response_id, (self._accepted, 0))
            counts = len(batch) == 1 and self._accepted > first
            self._events[event.provider_response_id] = first, alone + counts
        while len(self._events) > _MAX_REMEMBERED:
            self._events.pop(next(iter(self._events.copy())), None)
        _, alone = self._events.get(batch[0].provider_response_id, (0, 0))
        return alone >= _MAX_ALONE
