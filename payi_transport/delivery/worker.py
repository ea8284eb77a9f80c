"""One thread that takes events from a source and brings them to a sink in batches.

Started early and kept: a daemon thread that already runs is the only thing that still works while the
interpreter exits. It uses no executor and no event loop for the same reason.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.process_exit import prepare_resolver
from payi_transport.delivery.sources import QueuedEvent, Source
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.time_slices import skip_pauses_while
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import LONGEST_WAIT, Receipt, Sink, check_receipt

__all__ = ["Worker"]

# The shortest upper bound of a pause after a failed delivery. Seconds.
_FIRST_PAUSE = 0.25
# How often a pause doubles; any `queue_interval` is reached by then, and no float overflows.
_DOUBLINGS = 20
# How long an address can be resolved for sure once that was prepared. Seconds.
_PREPARED_SECONDS = 2.0


class Worker:
    """Brings events from `source` to `sink` when the source is pressed, or after `interval` seconds."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        *,
        interval: float,
        retry: IngestRetrySettings,
        wake: WakeEvent,
        log: RateLimitedLogger,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.counts = source.counts
        self._source = source
        self._sink = sink
        self._interval = interval
        self._longest_pause = min(interval, _PREPARED_SECONDS)
        self._retry = retry
        self._wake = wake
        self._log = log
        self._on_fault = on_fault
        self._pending: deque[QueuedEvent] = deque()
        self._oldest_at: float | None = None
        self._not_before = 0.0
        self._failures = 0
        self._denied = False
        self._settled = threading.Condition()
        self._flush_until = self._settled_to = -1
        self._flushing = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is not None:
            raise RuntimeError("a worker can only be started once")
        # Made here and not before: gevent may patch a forked process between the two.
        self._thread = threading.Thread(target=self._run, name="payi-transport", daemon=True)
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Wait, `timeout` seconds at most, until nothing pushed before waits; False if any does or was lost.

        False at once where the destination will not be asked again before that. What was lost before the call
        is no matter of this one: it is counted, and no flush could be true any more.
        """
        deadline = monotonic() + timeout
        with self._settled:
            lost = self.counts.lost.total()
            ticket = self._flush_until = self._source.mark()
            self._flushing += 1
            try:
                self._wake.set()
                return self._wait_for(ticket, deadline) and self.counts.lost.total() == lost
            finally:
                self._flushing -= 1

    def _wait_for(self, ticket: int, deadline: float) -> bool:
        """Until all before `ticket` is settled; False if that will not be. With the lock of `_settled`."""
        while self._settled_to < ticket:
            left = deadline - monotonic()
            if left <= 0 or not self._is_running() or self._must_wait_until(deadline):
                return False
            self._settled.wait(left)
        return True

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _must_wait_until(self, moment: float) -> bool:
        return self._failures > 0 and self._not_before > moment

    def stop(self, timeout: float) -> None:
        """End the thread, `timeout` seconds at most; what is not delivered by then stays undelivered."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        skip_pauses_while(lambda: self._flushing > 0)
        prepare_resolver()
        while not self._stopping:
            self._wake.wait(self._pause())
            try:
                self._take()
                self._deliver_due()
            except Exception as exc:
                self._on_fault(exc)
                self._not_before = monotonic() + _FIRST_PAUSE
            prepare_resolver()
            # Last: whoever flushed may fork next, and this thread had better sleep by then.
            self._tell_flushed()
        self._close()

    def _close(self) -> None:
        for part in (self._sink, self._source):
            try:
                part.close()
            except Exception as exc:
                self._on_fault(exc)
        # What is counted stays: prompts need not.
        self._pending.clear()

    def _tell_flushed(self) -> None:
        """Only this thread knows that nothing is between source and queue."""
        ticket = self._flush_until
        waits = self._source.has_before(ticket) or any(pending.ticket < ticket for pending in self._pending)
        settled = ticket > self._settled_to and not waits
        if settled or self._failures:
            with self._settled:
                self._settled_to = ticket if settled else self._settled_to
                self._settled.notify_all()

    def _pause(self) -> float:
        """Seconds to sleep unless woken."""
        if not self._pending:
            return self._longest_pause
        due = self._not_before
        if not self._failures:
            due = max(due, (self._oldest_at or 0.0) + self._interval)
        return min(self._longest_pause, max(0.0, due - monotonic()))

    def _take(self) -> None:
        while self._source.is_ready():
            taken = self._source.take()
            if not self._pending:
                self._oldest_at = monotonic() - self.counts.lag
            self._pending.extend(taken)
            if self._source.is_pressed():
                self._deliver_due()
            del taken

    def _deliver_due(self) -> None:
        while self._pending and self._is_due():
            limit = 1 if self._denied else self._sink.batch_limit
            size = min(len(self._pending), limit or len(self._pending))
            batch = [self._pending.popleft() for _ in range(size)]
            self._settle(batch, self._deliver(batch))

    def _is_due(self) -> bool:
        now = monotonic()
        flushing = self._pending[0].ticket < self._flush_until
        if (self._failures or not flushing) and now < self._not_before:
            return False
        if flushing or self._failures or self._source.is_pressed():
            return True
        return now >= (self._oldest_at or 0.0) + self._interval

    def _deliver(self, batch: list[QueuedEvent]) -> Receipt:
        try:
            receipt = self._sink.deliver([pending.event for pending in batch])
            check_receipt(receipt, len(batch))
        except Exception as exc:
            self._on_fault(exc)
            return Receipt(retry=range(len(batch)), problem=f"delivery failed ({type(exc).__name__})")
        self.counts.batches += 1
        self.counts.bytes_sent += receipt.bytes_sent
        return receipt

    def _settle(self, batch: list[QueuedEvent], receipt: Receipt) -> None:
        """Count each event of a batch as delivered or lost, or put it back in line."""
        again = set(receipt.retry)
        for index, pending in enumerate(batch):
            if index not in again:
                self._source.settle(pending, receipt.rejected.get(index), receipt.results.get(index, {}))
        self._put_back([batch[index] for index in sorted(again)])
        self._schedule(receipt, failed=len(again) == len(batch))
        self._tell(receipt)

    def _tell(self, receipt: Receipt) -> None:
        if receipt.denied and not self._denied:
            self._log.warn_now(f"{receipt.problem}; {len(self._pending)} events wait for it to be put right")
        elif receipt.problem and not receipt.denied:
            self._log.warning(f"{receipt.problem}; {len(self._pending)} events wait")
        self._denied = receipt.denied

    def _put_back(self, again: list[QueuedEvent]) -> None:
        kept: list[QueuedEvent] = []
        for pending in again:
            refusal = self._refuse_retry(pending, len(kept))
            if refusal is None:
                kept.append(pending._replace(tries=pending.tries + 1))
            else:
                self._source.settle(pending, refusal, {})
        self.counts.retried += len(kept)
        self._pending.extendleft(reversed(kept))
        if kept:
            self._oldest_at = monotonic()

    def _refuse_retry(self, pending: QueuedEvent, ahead: int) -> str | None:
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
        self._not_before = monotonic() + max(pause, min(receipt.wait or 0.0, LONGEST_WAIT))
