"""Bring events from a source to a sink in batches, on one background thread.

The thread is a daemon that starts with the instrumentation and stays until shutdown. An exiting interpreter
refuses to start threads, shuts down executors, and closes event loops, but a daemon thread that already runs
keeps running until the `atexit` hooks have returned. It is the one thing that can still deliver events then,
so this module uses neither an executor nor an event loop, and starts no further threads.

The loop sleeps until something is due: the source wakes it, `interval` has passed since the oldest event, a
pause after a failure is over, or somebody flushes. All state belongs to this thread, with one exception: a
flush takes a ticket from the source and waits on a condition until every event before the ticket is settled,
that is, delivered or lost. `retry.Backoff` decides when the sink may be called again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.flushes import Flush, wait_for_flushes
from payi_transport.delivery.process_exit import RESOLVER_SECONDS, prepare_resolver
from payi_transport.delivery.retry import Backoff
from payi_transport.delivery.sources import QueuedEvent, Source
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.time_slices import skip_pauses_while
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Receipt, Sink, check_receipt, mark_uncertain

__all__ = ["Worker"]


class Worker:
    """Deliver events from `source` when a batch is full, or after `interval` seconds at the latest."""

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
        settled: threading.Condition | None = None,
    ) -> None:
        self.counts = source.counts
        self._source = source
        self._sink = sink
        self._interval = interval
        # Wake up often enough to keep gevent's resolver thread alive, see `prepare_resolver`.
        self._longest_sleep = min(interval, RESOLVER_SECONDS)
        self._backoff = Backoff(retry)
        self._wake = wake
        self._log = log
        self._on_fault = on_fault
        self._queue: deque[QueuedEvent] = deque()
        # When the event at the head of the queue was captured, or last put back.
        self._oldest_at = 0.0
        # Its default lock is an RLock, so a signal handler may flush on a thread that is in `flush`
        # already. Workers that are flushed together share one.
        self._settled = settled or threading.Condition()
        # Tickets: what the last flush asked for, and how far this thread has settled.
        self._flush_until = self._settled_until = -1
        self._flushes = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it was started before. Raises RuntimeError where none can be started."""
        if self._thread is not None:
            return
        # Not in __init__: gevent may patch threading in a forked process between the two.
        thread = threading.Thread(target=self._run, name="payi-transport", daemon=True)
        thread.start()
        # Afterwards, because a thread that could not be started can't be joined either.
        self._thread = thread

    def flush(self, timeout: float) -> bool:
        """Wait until every event pushed before this call is settled, for at most `timeout` seconds.

        Returns False if any of them was lost or still waits, and at once if the sink will not be called again
        in time. What was lost before the call does not matter, or no later flush could ever return True.
        """
        deadline = monotonic() + timeout
        return wait_for_flushes(self._settled, [self.start_flush(deadline)], deadline)

    def start_flush(self, deadline: float) -> Flush:
        """Ask for a flush, and yield until it is over. Use it with `wait_for_flushes`."""
        # A log handler or a listener on the worker's own thread would wait for itself.
        if self._thread is not None and self._thread.ident == threading.get_ident():
            return False
        lost = self.counts.lost.total()
        # Tickets rise, so the one of the latest flush covers all flushes before it.
        ticket = self._flush_until = self._source.take_ticket()
        self._flushes += 1
        try:
            self._wake.set()
            while self._settled_until < ticket:
                if not self._is_running() or self._backoff.outlasts(deadline):
                    return False
                yield
        finally:
            self._flushes -= 1
        return self.counts.lost.total() == lost

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start_stop(self) -> None:
        """Let the thread end after what it does now. What it has not delivered stays undelivered."""
        self._stopping = True
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """End the thread within `timeout` seconds. What it has not delivered by then stays undelivered."""
        self.start_stop()
        # A user's listener runs on the worker's thread and may shut down, but a thread cannot join itself.
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        skip_pauses_while(lambda: self._flushes > 0)
        prepare_resolver()
        while not self._stopping:
            self._wake.wait(self._find_sleep())
            try:
                self._take_ready()
                self._deliver_due()
            # A fault ends one round and never the thread: nothing would start another, and every later
            # event would be lost.
            except Exception as exc:
                self._on_fault(exc)
                self._backoff.pause_after_fault(monotonic())
            prepare_resolver()
            # This comes last. The caller of a flush may fork right after it, and a thread that sleeps by then
            # holds no lock that the child would inherit.
            self._notify_flushes()
        self._close()

    def _close(self) -> None:
        for part in (self._sink, self._source):
            try:
                part.close()
            except Exception as exc:
                self._on_fault(exc)
        # The counts stay available after shutdown. The content of the events need not.
        self._queue.clear()

    def _notify_flushes(self) -> None:
        """Wake the callers of flush. Only this thread knows that no event is between source and queue."""
        ticket = self._flush_until
        waits = self._source.has_before(ticket) or any(queued.ticket < ticket for queued in self._queue)
        is_settled = ticket > self._settled_until and not waits
        # After a failure, callers have to find out whether waiting still makes sense.
        if is_settled or self._backoff.failures:
            with self._settled:
                self._settled_until = ticket if is_settled else self._settled_until
                self._settled.notify_all()

    def _find_sleep(self) -> float:
        """Return the seconds to sleep unless woken."""
        if not self._queue:
            return self._longest_sleep
        due = self._backoff.not_before
        if not self._backoff.failures:
            due = max(due, self._oldest_at + self._interval)
        return min(self._longest_sleep, max(0.0, due - monotonic()))

    def _take_ready(self) -> None:
        while self._source.is_ready():
            taken = self._source.take()
            if not self._queue:
                self._oldest_at = monotonic() - self.counts.lag
            self._queue.extend(taken)
            if self._source.is_batch_full():
                self._deliver_due()
            # Or the loop would keep the last events alive while it sleeps.
            del taken

    def _deliver_due(self) -> None:
        while self._queue and self._is_due():
            limit = self._backoff.limit_batch(self._sink.batch_limit)
            size = min(len(self._queue), limit or len(self._queue))
            batch = [self._queue.popleft() for _ in range(size)]
            self._settle(batch, self._deliver(batch))

    def _is_due(self) -> bool:
        now = monotonic()
        flushing = self._queue[0].ticket < self._flush_until
        if not self._backoff.allows(now, flushing=flushing):
            return False
        if flushing or self._backoff.failures or self._source.is_batch_full():
            return True
        return now >= self._oldest_at + self._interval

    def _deliver(self, batch: list[QueuedEvent]) -> Receipt:
        try:
            receipt = self._sink.deliver([queued.event for queued in batch])
            check_receipt(receipt, len(batch))
        # The sink may have sent a part of the batch before it raised, so every event of it is uncertain.
        except Exception as exc:
            self._on_fault(exc)
            everything = range(len(batch))
            problem = f"delivery failed ({type(exc).__name__})"
            return Receipt(retry=everything, uncertain=everything, problem=problem)
        self.counts.batches += 1
        self.counts.bytes_sent += receipt.bytes_sent
        return receipt

    def _settle(self, batch: list[QueuedEvent], receipt: Receipt) -> None:
        """Count each event of a batch as delivered or lost, or put it back in the queue."""
        retried = set(receipt.retry)
        uncertain = retried.intersection(receipt.uncertain)
        for index, queued in enumerate(batch):
            if index not in retried:
                self._source.settle(queued, receipt.rejected.get(index), receipt.results.get(index, {}))
        back = [
            batch[index]._replace(event=mark_uncertain(batch[index].event))
            if index in uncertain
            else batch[index]
            for index in sorted(retried)
        ]
        # A single event is a probe. The next one should be made with another event, a newer one if need be.
        is_probe = len(batch) == 1 and (receipt.denied or self._backoff.is_halving)
        self._put_back(back, last=is_probe)
        if is_probe and back and self._is_stuck() and self._source.give_back(self._queue):
            self._queue.clear()
        self._log_problem(receipt)
        self._backoff.update(receipt, monotonic(), failed=len(retried) == len(batch))

    def _put_back(self, retried: list[QueuedEvent], *, last: bool) -> None:
        """Queue events again: first, or last if the next probe should be made with another event."""
        kept: list[QueuedEvent] = []
        for queued in retried:
            reason = self._backoff.find_drop_reason(queued.attempts, len(kept))
            if reason is None:
                kept.append(queued._replace(attempts=queued.attempts + 1))
            else:
                self._source.settle(queued, reason, {})
        self.counts.retried += len(kept)
        if last:
            self._queue.extend(kept)
        else:
            # They are older than what is in the queue, and `extendleft` reverses them once more.
            self._queue.extendleft(reversed(kept))
        if kept:
            self._oldest_at = monotonic()

    def _is_stuck(self) -> bool:
        """Return whether each event was denied as a probe, so that only another one can show why."""
        return self._backoff.keeps_all and all(queued.attempts > 1 for queued in self._queue)

    def _log_problem(self, receipt: Receipt) -> None:
        """Log why a delivery failed; a sink that denies everything is logged once, until that changes."""
        for notice in receipt.notices:
            self._log.warn_apart(notice)
        waiting = f"{receipt.problem}; {len(self._queue)} events wait"
        minutes = int(self._backoff.measure_failing(monotonic()) / 60)
        # Every event may be waiting for that long, and the user should know before the queue is full.
        waiting += f", and none was accepted for {minutes} minutes," if minutes else ""
        if receipt.denied and not self._backoff.is_denied:
            self._log.warn_now(f"{waiting} until this is fixed")
        elif receipt.problem and not receipt.denied:
            self._log.warning(f"{waiting} to be sent again")
