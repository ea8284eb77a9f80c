"""Where a worker gets its events, and who counts what becomes of them: the ring or the spool.

A worker knows nothing about exchanges or files. It takes events from a `Source`, and settles each of them: as
delivered, or as lost for a reason. The source counts, and frees what the event occupied: its room in the ring
(`RingSource`) or its record on disk (`spool/source.py`). So each event is counted exactly once.

Flushes work by tickets, numbers that rise with each event. A flush takes a ticket, and is complete once no
event with a lower one is left in the source or in the worker's queue.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from payi_transport.capture.exchange import Exchange, Listener
from payi_transport.capture.session import SessionWork
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.decode.sessions import read_session
from payi_transport.delivery.ring import Ring
from payi_transport.runtime.clock import perf_counter
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.values.event import Event

__all__ = ["Counts", "QueuedEvent", "RingSource", "Source"]


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
        # How long the oldest event of the last take had waited in the ring. Seconds.
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

    def give_back(self, queued: Sequence[QueuedEvent]) -> bool:
        """Return whether these, all that are unsettled, will be taken again, together with newer ones."""

    def take_ticket(self) -> int:
        """Return a number above the tickets of all events that were pushed before this call."""

    def has_before(self, ticket: int) -> bool:
        """Return whether events with a lower ticket are still to be taken."""

    def close(self) -> None: ...


class RingItem(Protocol):
    """An exchange, or an event that was decoded before. `forget` drops content that isn't in the event."""

    @property
    def ended(self) -> float: ...

    def forget(self) -> None: ...


T = TypeVar("T", bound=RingItem)


class RingSource(Generic[T]):
    """Decode what waits in a ring, up to `max_batch` at a time.

    `decode` returns a reason instead of an event if an item needs none. If it raises, the item is counted as
    lost, and the error is reported to `on_fault`. `read_session` returns the exchanges that a session's
    messages make.
    """

    def __init__(
        self,
        ring: Ring[T | SessionWork],
        decode: Callable[[T], Decoded | str],
        on_fault: Callable[[Exception], None],
        max_batch: int,
        read_session: Callable[[SessionWork], list[Exchange]] = read_session,
    ) -> None:
        self.counts = Counts()
        self._ring = ring
        self._decode = decode
        self._on_fault = on_fault
        self._max_batch = max_batch
        self._read_session: Callable[[SessionWork], list[Any]] = read_session

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

    def _take_one(self, ticket: int, item: T, weight: int) -> QueuedEvent | None:
        decoded = self._decode_one(item, weight)
        return None if decoded is None else QueuedEvent(ticket, decoded.event, weight, decoded.listener)

    def _decode_one(self, item: T, weight: int) -> Decoded | None:
        try:
            decoded = self._decode(item)
        except Exception as exc:
            self._on_fault(exc)
            self._lose("decode_fault", weight)
            return None
        finally:
            # The hook may hold the exchange for as long as the user holds the response.
            item.forget()
        if isinstance(decoded, str):
            self.counts.skipped[decoded] += 1
            self._ring.release(1, weight)
            return None
        return decoded

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

    def give_back(self, queued: Sequence[QueuedEvent]) -> bool:
        # Newer events join these anyway.
        return False

    def _lose(self, reason: str, weight: int) -> None:
        self.counts.lost[reason] += 1
        self._ring.release(1, weight)

    def take_ticket(self) -> int:
        return self._ring.take_ticket()

    def has_before(self, ticket: int) -> bool:
        return self._ring.has_before(ticket)

    def close(self) -> None:
        self._ring.clear()
