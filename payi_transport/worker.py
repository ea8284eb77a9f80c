"""One thread that takes exchanges off the ring, decodes them and brings the events to a sink in batches.

Started early and kept: a daemon thread that already runs is the only thing that still works while the
interpreter exits. It uses no executor and no event loop for the same reason.
"""

from __future__ import annotations

import random
import threading
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import NamedTuple

from payi_transport.event import Event
from payi_transport.exchange import Exchange
from payi_transport.ring import Ring, Ticketed
from payi_transport.settings import DeliverySettings, IngestRetrySettings
from payi_transport.sinks import Receipt, Sink
from payi_transport.window import LogWindow

__all__ = ["Worker", "WorkerCounts"]

# The shortest upper bound of a pause after a failed delivery. Seconds.
_FIRST_PAUSE = 0.25
# How often a pause doubles; any `queue_interval` is reached by then, and no float overflows.
_DOUBLINGS = 20
# A destination may ask for longer pauses than ours, up to this. Seconds.
_LONGEST_WAIT = 60.0


class _Pending(NamedTuple):
    """An event that waits for delivery."""

    ticket: int
    event: Event
    weight: int
    tries: int = 0


class WorkerCounts:
    """What the worker did; raised by its thread alone."""

    def __init__(self) -> None:
        self.delivered = 0
        self.retried = 0
        self.batches = 0
        self.bytes_sent = 0
        self.lost: Tally[str] = Tally()
        self.skipped: Tally[str] = Tally()
        self.lag = 0.0


class Worker:
    """Drains `ring` into `sink`.

    `decode` answers with the reason where an exchange needs no event. It may raise: then the exchange is
    counted as lost to a fault.
    """

    def __init__(
        self,
        ring: Ring[Exchange],
        decode: Callable[[Exchange], Event | str],
        sink: Sink,
        *,
        delivery: DeliverySettings,
        retry: IngestRetrySettings,
        wake: threading.Event,
        log: LogWindow,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.counts = WorkerCounts()
        self._ring = ring
        self._decode = decode
        self._sink = sink
        # How many events make a batch worth sending, and how many one may hold.
        self._batch_mark = delivery.max_batch
        self._batch_limit = sink.batch_limit or delivery.ring_capacity
        self._interval = delivery.flush_interval
        self._retry = retry
        self._wake = wake
        self._log = log
        self._on_fault = on_fault
        self._pending: deque[_Pending] = deque()
        self._oldest_at: float | None = None
        self._not_before = 0.0
        self._failures = 0
        self._denied = False
        self._settled = threading.Condition()
        self._flush_until = self._settled_to = -1
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="payi-transport", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Wait, `timeout` seconds at most, until all pushed before is delivered; False if any is not.

        False at once where the destination will not be asked again before that.
        """
        deadline = monotonic() + timeout
        with self._settled:
            lost = self.counts.lost.total()
            ticket = self._flush_until = self._ring.mark()
            self._wake.set()
            while self._settled_to < ticket:
                left = deadline - monotonic()
                if left <= 0 or not self._thread.is_alive() or self._must_wait_until(deadline):
                    return False
                self._settled.wait(left)
            return self.counts.lost.total() == lost

    def _must_wait_until(self, moment: float) -> bool:
        return self._failures > 0 and self._not_before > moment

    def stop(self, timeout: float) -> None:
        """End the thread, `timeout` seconds at most; what is not delivered by then stays undelivered."""
        self._stopping = True
        self._wake.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._pause())
            self._wake.clear()
            try:
                self._take()
                self._deliver_due()
            except Exception as exc:
                self._on_fault(exc)
            self._tell_flushed()
        self._sink.close()

    def _tell_flushed(self) -> None:
        """Only this thread knows that nothing is between ring and queue."""
        ticket = self._flush_until
        waits = self._ring.has_before(ticket) or any(pending.ticket < ticket for pending in self._pending)
        settled = ticket > self._settled_to and not waits
        if settled or self._failures:
            with self._settled:
                self._settled_to = ticket if settled else self._settled_to
                self._settled.notify_all()

    def _pause(self) -> float:
        """Seconds to sleep unless woken."""
        if not self._pending:
            return self._interval
        due = self._not_before
        if not self._failures:
            due = max(due, (self._oldest_at or 0.0) + self._interval)
        return min(self._interval, max(0.0, due - monotonic()))

    def _take(self) -> None:
        """Decode what waits in the ring."""
        while taken := self._ring.drain(self._batch_mark):
            started = perf_counter()
            self.counts.lag = started - taken[0].item.ended
            for ticketed in taken:
                self._decode_one(ticketed)
            if len(self._pending) >= self._batch_mark:
                self._deliver_due()
            del ticketed, taken

    def _decode_one(self, ticketed: Ticketed[Exchange]) -> None:
        exchange = ticketed.item
        try:
            event = self._decode(exchange)
        except Exception as exc:
            self._on_fault(exc)
            self._lose("decode_fault", ticketed.weight)
            return
        finally:
            exchange.forget()
        if isinstance(event, str):
            self.counts.skipped[event] += 1
            self._ring.release(1, ticketed.weight)
            return
        if not self._pending:
            self._oldest_at = monotonic()
        self._pending.append(_Pending(ticketed.ticket, event, ticketed.weight))

    def _deliver_due(self) -> None:
        while self._pending and self._is_due():
            size = min(len(self._pending), 1 if self._denied else self._batch_limit)
            batch = [self._pending.popleft() for _ in range(size)]
            self._settle(batch, self._deliver(batch))

    def _is_due(self) -> bool:
        now = monotonic()
        flushing = self._pending[0].ticket < self._flush_until
        if (self._failures or not flushing) and now < self._not_before:
            return False
        full = len(self._pending) >= self._batch_mark
        return full or flushing or bool(self._failures) or now >= (self._oldest_at or 0.0) + self._interval

    def _deliver(self, batch: list[_Pending]) -> Receipt:
        try:
            receipt = self._sink.deliver([pending.event for pending in batch])
            _check_indexes(receipt, len(batch))
        except Exception as exc:
            self._on_fault(exc)
            return Receipt(retry=range(len(batch)), problem=f"delivery failed ({type(exc).__name__})")
        self.counts.batches += 1
        self.counts.bytes_sent += receipt.bytes_sent
        return receipt

    def _settle(self, batch: list[_Pending], receipt: Receipt) -> None:
        """Count each event of a batch as delivered or lost, or put it back in line."""
        again = [batch[index] for index in receipt.retry]
        gone = len(batch) - len(again)
        weight = sum(pending.weight for pending in batch) - sum(pending.weight for pending in again)
        for reason in receipt.rejected.values():
            self.counts.lost[reason] += 1
        self.counts.delivered += gone - len(receipt.rejected)
        self._ring.release(gone, weight)
        self._put_back(again)
        self._schedule(receipt, failed=gone == 0)
        self._tell(receipt)

    def _tell(self, receipt: Receipt) -> None:
        if receipt.denied and not self._denied:
            self._log.once(f"{receipt.problem}; {len(self._pending)} events wait for it to be put right")
        elif receipt.problem and not receipt.denied:
            self._log.warning(f"{receipt.problem}; {len(self._pending)} events wait")
        self._denied = receipt.denied

    def _put_back(self, again: list[_Pending]) -> None:
        kept: list[_Pending] = []
        for pending in again:
            refusal = self._refuse_retry(pending, len(kept))
            if refusal is None:
                kept.append(pending._replace(tries=pending.tries + 1))
            else:
                self._lose(refusal, pending.weight)
        self.counts.retried += len(kept)
        self._pending.extendleft(reversed(kept))
        if kept:
            self._oldest_at = monotonic()

    def _refuse_retry(self, pending: _Pending, ahead: int) -> str | None:
        """Why an event is not sent again, None if it is; `ahead` of it are as many that are."""
        retry = self._retry
        if not retry.queue_enabled:
            return "retry_disabled" if pending.tries >= retry.max_inline_retries else None
        full = 0 < retry.queue_max_size <= ahead
        return "retry_queue_full" if full else None

    def _schedule(self, receipt: Receipt, *, failed: bool) -> None:
        """When to call the sink next: with full jitter after a failure, so that a fleet spreads out."""
        self._failures = self._failures + 1 if failed else 0
        pause = 0.0
        if failed:
            first = max(self._retry.inline_retry_initial_delay, _FIRST_PAUSE)
            most = min(first * 2 ** min(self._failures - 1, _DOUBLINGS), self._retry.queue_interval)
            pause = random.uniform(0, most)
        self._not_before = monotonic() + max(pause, min(receipt.wait or 0.0, _LONGEST_WAIT))

    def _lose(self, reason: str, weight: int) -> None:
        self.counts.lost[reason] += 1
        self._ring.release(1, weight)


def _check_indexes(receipt: Receipt, size: int) -> None:
    """A sink may be anybody's; what it says must not make an event vanish."""
    named = [*receipt.retry, *receipt.rejected]
    if len(set(named)) < len(named) or any(not 0 <= index < size for index in named):
        raise ValueError("a receipt names an event twice, or one that was not in the batch")
