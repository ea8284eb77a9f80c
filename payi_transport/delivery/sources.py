"""Where a worker takes its events from, and who keeps account of them: the ring, or the spool."""

from __future__ import annotations

import sys
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import msgspec

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.values.event import Event

__all__ = ["Counts", "QueuedEvent", "RingSource", "Source", "SpoolSource"]

_event = msgspec.json.Decoder(Event)
# Behind every mark: no flush waits for events of other processes.
_LAST_TICKET = sys.maxsize


class QueuedEvent(NamedTuple):
    """An event that waits for delivery."""

    ticket: int
    event: Event
    weight: int = 0
    listener: Listener | None = None
    tries: int = 0


class Counts:
    """What a worker and its source did; raised by that worker's thread alone."""

    def __init__(self) -> None:
        self.delivered = 0
        self.replayed = 0
        self.retried = 0
        self.batches = 0
        self.bytes_sent = 0
        self.lost: Tally[str] = Tally()
        self.replay_lost: Tally[str] = Tally()
        self.skipped: Tally[str] = Tally()
        # How long what was taken last had waited for it. Seconds.
        self.lag = 0.0


class Source(Protocol):
    """What a worker takes events from, all calls but `mark` on its thread.

    Tickets rise with time. `mark` is a ticket of now, and `has_before` tells whether events of an earlier one
    are still to be taken.
    """

    counts: Counts

    def is_ready(self) -> bool:
        """Whether there is anything to take."""

    def take(self) -> list[QueuedEvent]:
        """The next events, oldest first, in line until they are settled."""

    def is_pressed(self) -> bool:
        """Whether what was taken and is not settled had better be delivered at once."""

    def settle(self, pending: QueuedEvent, loss: str | None, answer: Mapping[str, Any]) -> None:
        """An event is delivered, with the destination's answer if it gave one, or lost for that reason."""

    def mark(self) -> int: ...

    def has_before(self, ticket: int) -> bool: ...

    def close(self) -> None: ...


class RingSource:
    """Decodes what waits in a ring, `most` exchanges at a time.

    `decode` answers with the reason where an exchange needs no event. It may raise: then the exchange is
    counted as lost to a fault.
    """

    def __init__(
        self,
        ring: Ring[Exchange],
        decode: Callable[[Exchange], Decoded | str],
        on_fault: Callable[[Exception], None],
        most: int,
    ) -> None:
        self.counts = Counts()
        self._ring = ring
        self._decode = decode
        self._on_fault = on_fault
        self._most = most

    def is_ready(self) -> bool:
        return len(self._ring) > 0

    def take(self) -> list[QueuedEvent]:
        taken = self._ring.drain(self._most)
        self.counts.lag = perf_counter() - taken[0].item.ended
        # Where events pile up no way is given: among threads that compute, too, it would be too often.
        behind = len(self._ring) >= self._most
        decoded = (self._take_one(*ticketed) for ticketed in (taken if behind else in_time_slices(taken)))
        return [pending for pending in decoded if pending is not None]

    def _take_one(self, ticket: int, exchange: Exchange, weight: int) -> QueuedEvent | None:
        try:
            decoded = self._decode(exchange)
        except Exception as exc:
            self._on_fault(exc)
            self._lose("decode_fault", weight)
            return None
        finally:
            exchange.forget()
        if isinstance(decoded, str):
            self.counts.skipped[decoded] += 1
            self._ring.release(1, weight)
            return None
        return QueuedEvent(ticket, decoded.event, weight, decoded.listener)

    def is_pressed(self) -> bool:
        return self._ring.is_pressed()

    def settle(self, pending: QueuedEvent, loss: str | None, answer: Mapping[str, Any]) -> None:
        if loss is not None:
            self._lose(loss, pending.weight)
            return
        self.counts.delivered += 1
        self._ring.release(1, pending.weight)
        if pending.listener is not None:
            pending.listener(answer)

    def _lose(self, reason: str, weight: int) -> None:
        self.counts.lost[reason] += 1
        self._ring.release(1, weight)

    def mark(self) -> int:
        return self._ring.mark()

    def has_before(self, ticket: int) -> bool:
        return self._ring.has_before(ticket)

    def close(self) -> None:
        """What is in memory alone goes with it."""
        self._ring.clear()


class SpoolSource:
    """Reads events back from the disk, `most` at a time, and the next when all of them are settled.

    `listener` is told the answer to each that was delivered, whichever process it came from: the listeners of
    its exchange may be in one of the past.
    """

    def __init__(
        self,
        spool: Spool,
        most: int,
        wake: WakeEvent,
        on_fault: Callable[[Exception], None],
        listener: Listener | None = None,
    ) -> None:
        self.counts = Counts()
        self._spool = spool
        self._most = most
        self._wake = wake
        self._on_fault = on_fault
        self._listener = listener
        self._payloads: list[bytes] = []
        self._own = True
        self._unsettled = 0
        self._settled_own = 0

    def is_ready(self) -> bool:
        if self._unsettled:
            return False
        if not self._payloads:
            self._payloads, self._own = self._spool.read(self._most)
            self._count_damage()
            while self._spool.problems:
                self._on_fault(self._spool.problems.pop())
        return bool(self._payloads)

    def take(self) -> list[QueuedEvent]:
        payloads, self._payloads = self._payloads, []
        self._unsettled = len(payloads)
        taken = (
            self._take_one(number, payload)
            for number, payload in enumerate(in_time_slices(payloads), self._settled_own)
        )
        return [pending for pending in taken if pending is not None]

    def _take_one(self, number: int, payload: bytes) -> QueuedEvent | None:
        try:
            return QueuedEvent(number if self._own else _LAST_TICKET, _event.decode(payload))
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Written by another version.
            self._settle_as("spool_unreadable", payload)
            return None

    def is_pressed(self) -> bool:
        return self._unsettled > 0

    def settle(self, pending: QueuedEvent, loss: str | None, answer: Mapping[str, Any]) -> None:
        self._settle_as(loss, pending.event)
        if loss is None and self._listener is not None:
            self._listener(answer)

    def _settle_as(self, loss: str | None, record: Event | bytes) -> None:
        counts = self.counts
        if loss is not None:
            (counts.lost if self._own else counts.replay_lost)[loss] += 1
            line = msgspec.json.encode({"reason": loss, "event": record})
            self._try(lambda: self._spool.set_aside(line))
        elif self._own:
            counts.delivered += 1
        else:
            counts.replayed += 1
        self._settled_own += self._own
        self._unsettled -= 1
        if not self._unsettled:
            self._try(self._spool.acknowledge)
            self._count_damage()
            self._wake.set()

    def _try(self, action: Callable[[], None]) -> None:
        """What the disk can't do is no reason to lose account."""
        try:
            action()
        except OSError as exc:
            self._on_fault(exc)

    def _count_damage(self) -> None:
        if self._spool.damaged:
            self.counts.lost["spool_damaged"] = self._spool.damaged

    def mark(self) -> int:
        return self._spool.written

    def has_before(self, ticket: int) -> bool:
        return self._settled_own + self._spool.damaged < ticket

    def close(self) -> None:
        self._spool.close()
