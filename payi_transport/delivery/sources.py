"""Where a worker gets its events, and who counts what becomes of them: the ring or the spool.

A worker knows nothing about exchanges or files. It takes events from a `Source`, and settles each of them: as
delivered, or as lost for a reason. The source counts, and frees what the event occupied: its room in the ring
(`RingSource`) or its record on disk (`SpoolSource`). So each event is counted exactly once, at the place that
knows all of them.

Flushes work by tickets, numbers that rise with each event. A flush takes a ticket, and is complete once no
event with a lower one is left in the source or in the worker's queue.
"""

from __future__ import annotations

import sys
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import msgspec

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.capture.session import SessionWork
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.decode.sessions import read_session
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import mark_uncertain
from payi_transport.values.event import Event

__all__ = ["Counts", "QueuedEvent", "RingSource", "Source", "SpoolSource"]

_event = msgspec.json.Decoder(Event)
# Higher than any ticket of a flush: no flush waits for events that other processes left behind.
_LAST_TICKET = sys.maxsize


class QueuedEvent(NamedTuple):
    """An event that waits for delivery; `attempts` counts how often it was put back."""

    ticket: int
    event: Event
    weight: int = 0
    listener: Listener | None = None
    attempts: int = 0


class Counts:
    """What a worker and its source did. Only that worker's thread changes it."""

    def __init__(self) -> None:
        self.delivered = 0
        self.replayed = 0
        self.retried = 0
        self.batches = 0
        self.bytes_sent = 0
        self.lost: Tally[str] = Tally()
        self.replay_lost: Tally[str] = Tally()
        self.skipped: Tally[str] = Tally()
        # How long the oldest event taken last had waited in the ring. Seconds.
        self.lag = 0.0


class Source(Protocol):
    """What a worker takes events from. All calls but `take_ticket` come from the worker's thread."""

    counts: Counts

    def is_ready(self) -> bool:
        """Return whether `take` would return events."""

    def take(self) -> list[QueuedEvent]:
        """Return the next events, oldest first. Each has to be settled."""

    def is_batch_full(self) -> bool:
        """Return whether so much is unsettled that it should be delivered before the interval is over."""

    def settle(self, queued: QueuedEvent, loss: str | None, response: Mapping[str, Any]) -> None:
        """Count an event as lost for the reason `loss`, or as delivered if that is None.

        `response` is what the sink returned for this one event, empty if nothing.
        """

    def take_ticket(self) -> int:
        """Return a number above the tickets of all events that were pushed before this call."""

    def has_before(self, ticket: int) -> bool:
        """Return whether events with a lower ticket are still to be taken."""

    def close(self) -> None: ...


class RingSource:
    """Decode exchanges that wait in a ring, up to `max_batch` at a time.

    `decode` returns a reason instead of an event if an exchange needs none. If it raises, the exchange is
    counted as lost, and the error is reported to `on_fault`. `read_session` returns what messages make.
    """

    def __init__(
        self,
        ring: Ring[Exchange | SessionWork],
        decode: Callable[[Exchange], Decoded | str],
        on_fault: Callable[[Exception], None],
        max_batch: int,
        read_session: Callable[[SessionWork], list[Exchange]] = read_session,
    ) -> None:
        self.counts = Counts()
        self._ring = ring
        self._decode = decode
        self._on_fault = on_fault
        self._max_batch = max_batch
        self._read_session = read_session

    def is_ready(self) -> bool:
        return len(self._ring) > 0

    def take(self) -> list[QueuedEvent]:
        taken = self._ring.drain(self._max_batch)
        self.counts.lag = perf_counter() - taken[0].item.ended
        # While events pile up, don't pause for callers. Next to threads that compute, a pause costs 5 ms.
        is_behind = len(self._ring) >= self._max_batch
        events: list[QueuedEvent] = []
        for ticket, item, weight in taken if is_behind else in_time_slices(taken):
            if isinstance(item, SessionWork):
                events += self._take_session(ticket, item, weight)
            elif (queued := self._take_one(ticket, item, weight)) is not None:
                events.append(queued)
        return events

    def _take_session(self, ticket: int, work: SessionWork, weight: int) -> list[QueuedEvent]:
        exchanges = self._read_session(work)
        self._ring.release(1, weight)
        self._ring.hold(len(exchanges), sum(exchange.weight for exchange in exchanges))
        taken = (self._take_one(ticket, exchange, exchange.weight) for exchange in exchanges)
        return list(filter(None, taken))

    def _take_one(self, ticket: int, exchange: Exchange, weight: int) -> QueuedEvent | None:
        try:
            decoded = self._decode(exchange)
        except Exception as exc:
            self._on_fault(exc)
            self._lose("decode_fault", weight)
            return None
        finally:
            # The hook may hold the exchange for as long as the user holds the response.
            exchange.forget()
        if isinstance(decoded, str):
            self.counts.skipped[decoded] += 1
            self._ring.release(1, weight)
            return None
        return QueuedEvent(ticket, decoded.event, weight, decoded.listener)

    def is_batch_full(self) -> bool:
        return self._ring.is_batch_full()

    def settle(self, queued: QueuedEvent, loss: str | None, response: Mapping[str, Any]) -> None:
        if loss is not None:
            self._lose(loss, queued.weight)
            return
        self.counts.delivered += 1
        self._ring.release(1, queued.weight)
        # After counting, so that a listener that raises leaves no event uncounted.
        if queued.listener is not None:
            queued.listener(response)

    def _lose(self, reason: str, weight: int) -> None:
        self.counts.lost[reason] += 1
        self._ring.release(1, weight)

    def take_ticket(self) -> int:
        return self._ring.take_ticket()

    def has_before(self, ticket: int) -> bool:
        return self._ring.has_before(ticket)

    def close(self) -> None:
        self._ring.clear()


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
        self._unsettled = 0
        self._settled_own = 0

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
        self._unsettled = len(payloads)
        taken = (
            self._take_one(number, payload)
            for number, payload in enumerate(in_time_slices(payloads), self._settled_own)
        )
        return [queued for queued in taken if queued is not None]

    def _take_one(self, number: int, payload: bytes) -> QueuedEvent | None:
        try:
            event = _event.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Another version of this library wrote it.
            self._settle_as("spool_unreadable", payload)
            return None
        if self._is_own:
            return QueuedEvent(number, event)
        # The process that wrote it may have been killed after sending it, and nothing tells that it did.
        return QueuedEvent(_LAST_TICKET, mark_uncertain(event))

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
