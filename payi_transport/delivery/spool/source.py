"""The source of the second worker when events go through a spool: it reads them back from disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from payi_transport.capture.exchange import Listener
from payi_transport.delivery.sources import Counts, QueuedEvent
from payi_transport.delivery.spool.events import decode_event
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import UncertainEvent, mark_uncertain
from payi_transport.values.event import Event

__all__ = ["SpoolSource"]

# Higher than any ticket of a flush: no flush waits for events that other processes left behind.
_LAST_TICKET = sys.maxsize


class SpoolSource:
    """Read events back from disk, up to `max_batch` at a time, the next when those are all settled.

    Tickets count the events of this process in the order they were written. Events of earlier processes are
    counted apart, as replayed. `listener` receives the sink's response to every delivered event, because the
    exchange that an event came from may have belonged to one of those processes.
    """

    def __init__(
        self,
        spool: Spool,
        max_batch: int,
        wake: WakeEvent,
        on_fault: Callable[[Exception], None],
        listener: Listener | None = None,
        on_damage: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.counts = Counts()
        self._spool = spool
        self._on_damage = on_damage
        self._max_batch = max_batch
        self._wake = wake
        self._on_fault = on_fault
        self._listener = listener
        # Read from the spool, not yet taken, and whether this process wrote them.
        self._payloads: list[bytes] = []
        self._is_own = True
        # Taken, not yet settled.
        self._unsettled = self._taken = 0
        self._settled_own = 0
        # Ids of events that were given back and that the sink may have.
        self._uncertain: frozenset[str | None] = frozenset()

    def is_ready(self) -> bool:
        # What is read has to be acknowledged as a whole before more is read.
        if self._unsettled:
            return False
        if not self._payloads:
            self._payloads, self._is_own = self._spool.read(self._max_batch)
            self._count_damage()
            while self._spool.adoption_errors:
                self._on_fault(self._spool.adoption_errors.pop())
        return bool(self._payloads)

    def take(self) -> list[QueuedEvent]:
        payloads, self._payloads = self._payloads, []
        self._unsettled = self._taken = len(payloads)
        taken = (
            self._take_one(number, payload)
            for number, payload in enumerate(in_time_slices(payloads), self._settled_own)
        )
        return [queued for queued in taken if queued is not None]

    def _take_one(self, number: int, payload: bytes) -> QueuedEvent | None:
        try:
            event = decode_event(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Another version of this library wrote it.
            self._settle_as("spool_unreadable", payload)
            return None
        if self._is_own and event.provider_response_id not in self._uncertain:
            return QueuedEvent(number, event)
        if self._is_own:
            return QueuedEvent(number, mark_uncertain(event))
        # The process that wrote it may have been killed after sending it, and nothing tells that it did.
        return QueuedEvent(_LAST_TICKET, mark_uncertain(event))

    def give_back(self, queued: Sequence[QueuedEvent]) -> bool:
        # What is settled already would be sent twice.
        if not len(queued) == self._unsettled == self._taken or not self._spool.rewind(len(queued)):
            return False
        self._uncertain = frozenset(
            one.event.provider_response_id for one in queued if isinstance(one.event, UncertainEvent)
        )
        self._unsettled = 0
        return True

    def is_batch_full(self) -> bool:
        # These events have waited in the ring before.
        return self._unsettled > 0

    def settle(self, queued: QueuedEvent, loss: str | None, response: Mapping[str, Any]) -> None:
        self._settle_as(loss, queued.event)
        if loss is None and self._listener is not None:
            self._listener(response)

    def _settle_as(self, loss: str | None, event: Event | bytes) -> None:
        counts = self.counts
        if loss is not None:
            # What an earlier process captured is not part of this process's sum.
            (counts.lost if self._is_own else counts.replay_lost)[loss] += 1
            line = msgspec.json.encode({"reason": loss, "event": event})
            self._try(lambda: self._spool.write_rejected(line))
        elif self._is_own:
            counts.delivered += 1
        else:
            counts.replayed += 1
        self._settled_own += self._is_own
        self._unsettled -= 1
        if not self._unsettled:
            # A read is acknowledged as a whole, so after a crash all of its events are read again.
            self._try(self._spool.acknowledge)
            # At once: the next read, which counts it too, may never come.
            self._count_damage()
            self._wake.set()

    def _try(self, action: Callable[[], None]) -> None:
        """A failing disk must not stop the counting."""
        try:
            action()
        except OSError as exc:
            self._on_fault(exc)

    def _count_damage(self) -> None:
        if self._spool.damaged:
            self.counts.lost["spool_damaged"] = self._spool.damaged
        damaged = self._spool.adopted_damaged
        if damaged > self.counts.replay_lost["spool_damaged"]:
            self.counts.replay_lost["spool_damaged"] = damaged
            self._on_damage(
                f"the spool of an earlier process is damaged in {damaged} places; the events there are lost,"
                " all others are delivered"
            )

    def take_ticket(self) -> int:
        return self._spool.written

    def has_before(self, ticket: int) -> bool:
        return self._settled_own + self._spool.damaged < ticket

    def close(self) -> None:
        self._spool.close()
