"""The delivery of one process: its ring, its workers, and the account of every call.

Without a spool, one worker takes exchanges from the ring, decodes them, and calls the sink. With a spool
there are two workers in a row. The first decodes and writes to disk, so that a slow or unreachable sink never
holds up the ring. The second reads from the disk and calls the sink.

Threads, locks, and open files do not survive a fork, so a forked child gets a new `Delivery` that starts with
zeros. The parent keeps the old one, and everything that waits in it.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final
from weakref import ReferenceType

from payi_transport.capture.exchange import Exchange, Listener, OpenResponses, Outcome
from payi_transport.capture.session import Session, SessionWork
from payi_transport.config.schema import IngestRetrySettings, Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.decode.sessions import read_session
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import RingSource, SpoolSource
from payi_transport.delivery.spool.sink import SpoolSink
from payi_transport.delivery.spool.spool import Spool
from payi_transport.delivery.stats import PayiStats
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.counter import Counter
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Sink

__all__ = ["Delivery"]

_LOST_AT_RING: Final = "overload"
_LOST_AFTER_SHUTDOWN: Final = "shutdown"


class Delivery:
    """Take finished exchanges with `push`, and deliver their events to `sink`.

    `listener` is called with what the sink returned for an event, if events go through a spool. Without one,
    the listener comes with the decoded event.
    """

    def __init__(
        self,
        settings: Settings,
        sink: Sink,
        decode: Callable[[Exchange], Decoded | str],
        *,
        listener: Listener | None = None,
        delivery_log: RateLimitedLogger,
        loss_log: RateLimitedLogger,
        on_fault: Callable[[Exception], None],
    ) -> None:
        # The process in which it runs; 0 before `start`.
        self.pid = 0
        # The responses that are still streaming.
        self.open_responses: OpenResponses = {}
        self._loss_log = loss_log
        self._on_fault = on_fault
        self._listener = listener
        # Counters that take no lock, because `push` runs on the caller's thread and in finalizers.
        self._captured = Counter()
        self._dropped = {_LOST_AT_RING: Counter(), _LOST_AFTER_SHUTDOWN: Counter()}
        self.closed = self._flushed = False
        self._wake = WakeEvent()
        delivery = settings.delivery
        self._ring: Ring[Exchange | SessionWork] = Ring(
            delivery.ring_capacity, delivery.max_bytes_in_flight, delivery.max_batch, self._wake_worker
        )
        directory = delivery.spool_directory
        self._spool = Spool(Path(directory), delivery.spool_max_bytes) if directory else None
        self._workers = self._make_workers(settings, sink, decode, delivery_log)

    def _make_workers(
        self,
        settings: Settings,
        sink: Sink,
        decode: Callable[[Exchange], Decoded | str],
        delivery_log: RateLimitedLogger,
    ) -> list[Worker]:
        """Return the workers in the order in which events pass them."""
        max_batch = settings.delivery.max_batch
        retry = settings.ingest_retry
        make = partial(Worker, interval=settings.delivery.flush_interval, on_fault=self._on_fault)
        source = RingSource(self._ring, decode, self._on_fault, max_batch, self._read_session)
        if self._spool is None:
            return [make(source, sink, wake=self._wake, retry=retry, log=delivery_log)]
        written = WakeEvent()
        spool_sink = SpoolSink(self._spool, max_batch, written)
        spool_source = SpoolSource(
            self._spool,
            sink.batch_limit or max_batch,
            written,
            self._on_fault,
            self._listener,
            self._loss_log.warning,
        )
        # The spool is the retry queue, so the settings that bound or disable the one in memory don't apply.
        retry = IngestRetrySettings(queue_interval=retry.queue_interval)
        # Twice as often as asked for. On a loaded machine the worker wakes up late, and what it has not
        # written is lost if the process is killed.
        writing = partial(make, interval=settings.delivery.flush_interval / 2)
        return [
            writing(source, spool_sink, wake=self._wake, retry=retry, log=self._loss_log),
            make(spool_source, sink, wake=written, retry=retry, log=delivery_log),
        ]

    def start(self) -> None:
        """Start the workers in this process.

        An exiting interpreter starts no threads. That counts as a fault, and what is pushed is counted.
        """
        try:
            for worker in self._workers:
                worker.start()
        except RuntimeError as exc:
            self._on_fault(exc)
        # Set it even if no thread was started. Otherwise every later call would find another process's id
        # here, and try to start the workers again.
        self.pid = os.getpid()

    def push(self, exchange: Exchange) -> None:
        """Queue a finished exchange. Any thread may call this; it never blocks or raises."""
        try:
            self._captured.add()
            # An abandoned exchange is pushed by a finalizer, which may have interrupted code that holds the
            # lock of the wake event or of the log. Then the worker finds it at its next interval.
            may_lock = exchange.outcome is not Outcome.ABANDONED
            if self.closed:
                self._dropped[_LOST_AFTER_SHUTDOWN].add()
            elif not self._ring.push(exchange, exchange.weight, wake=may_lock):
                self._dropped[_LOST_AT_RING].add()
                if may_lock:
                    self._loss_log.warning(
                        "calls end faster than their events can be delivered, and the newest are dropped;"
                        " delivery.ring_capacity and delivery.max_bytes_in_flight bound how many may wait"
                    )
        except Exception as exc:
            self._on_fault(exc)

    def watch(self, session: Session) -> None:
        """Finish a session at shutdown, if it is still open then."""
        self.open_responses[id(session)] = ReferenceType(session)

    def push_session(self, work: SessionWork) -> bool:
        """Give the worker messages of a session to look at; return False if they are dropped.

        Any thread may call this; it never blocks or raises. How many responses the messages make is only
        known afterwards. So of dropped ones, those are counted whose end was among them.
        """
        try:
            if work.outcome is not None:
                self.open_responses.pop(id(work.session), None)
            may_lock = work.outcome is not Outcome.ABANDONED
            if not self.closed and self._ring.push(work, work.weight, wake=may_lock):
                return True
            dropped = self._dropped[_LOST_AFTER_SHUTDOWN if self.closed else _LOST_AT_RING]
            for _ in range(work.ends):
                self._captured.add()
                dropped.add()
        except Exception as exc:
            self._on_fault(exc)
        return False

    def _read_session(self, work: SessionWork) -> list[Exchange]:
        try:
            exchanges = read_session(work)
        except Exception as exc:
            self._on_fault(exc)
            return []
        for _ in exchanges:
            self._captured.add()
        return exchanges

    def flush(self, timeout: float) -> bool:
        """Deliver everything pushed before this call within `timeout` seconds; return False if any is not."""
        if not self.pid:
            return True
        deadline = monotonic() + timeout
        # In order, because the second worker can only flush what the first has written. A list, because
        # `all` would stop a generator at the first False, and leave what is on disk unflushed.
        flushed = [worker.flush(max(0.0, deadline - monotonic())) for worker in self._workers]
        return all(flushed)

    def close(self, timeout: float) -> bool:
        """Accept no more exchanges, and flush within `timeout` seconds. A second call returns at once.

        Responses that are still streaming are reported with what has arrived so far, because nobody may be
        left to finish or collect them.
        """
        if self.closed:
            return self._flushed
        deadline = monotonic() + timeout
        self._end_open_responses()
        # Before the flush. What other threads capture during the flush would otherwise stay in the ring.
        self.closed = True
        self._flushed = self.flush(timeout)
        if self.pid:
            for worker in self._workers:
                worker.stop(max(0.0, deadline - monotonic()) if self._flushed else 0.0)
        stats = self.stats()
        if stats.queued:
            self._loss_log.warning(
                f"stopped with {stats.queued} events undelivered; call payi_flush() earlier, or set"
                " delivery.spool_directory to keep such events on disk for the next process"
            )
        return self._flushed

    def _end_open_responses(self) -> None:
        # Other threads go on adding and removing, and dict.copy is atomic.
        for reference in self.open_responses.copy().values():
            response = reference()
            if response is not None:
                response.finish(Outcome.ABANDONED)

    def leave_to_parent(self) -> None:
        """Close the files without changing them; in a forked child, everything here is the parent's."""
        if self._spool is not None:
            self._spool.leave_to_parent()

    def stats(self, faults: int = 0) -> PayiStats:
        """Return where everything that was captured is now."""
        # Read from the last stage to the first. An event that moves on in between is then seen where it was,
        # and never twice.
        first, last = self._workers[0].counts, self._workers[-1].counts
        delivered, lost = last.delivered, Tally(last.lost)
        settled = delivered + lost.total()
        skipped = dict(first.skipped)
        spooled = 0
        if self._spool is not None:
            # Records kept in memory are counted there before the first worker has settled them, so the
            # difference may be negative for a moment.
            spooled = max(0, first.delivered - settled - self._spool.in_memory)
            lost.update(first.lost)
        lost.update({reason: counter.value for reason, counter in self._dropped.items()})
        captured = self._captured.value
        return PayiStats(
            captured=captured,
            delivered=delivered,
            # The remainder, so that the sum that `PayiStats` documents holds at every moment.
            queued=captured - delivered - spooled - lost.total() - sum(skipped.values()),
            spooled=spooled,
            replayed=last.replayed,
            replay_lost=dict(last.replay_lost),
            retried=last.retried,
            lost={reason: count for reason, count in lost.items() if count},
            skipped=skipped,
            batches=last.batches,
            bytes_sent=last.bytes_sent,
            worker_lag=first.lag,
            faults=faults,
        )

    def _wake_worker(self) -> None:
        # Setting the event takes a lock, checking it does not.
        if not self._wake.is_set():
            self._wake.set()
