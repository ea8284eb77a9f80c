"""Ring, workers and counts of one process. A child that was forked has its own, and begins empty."""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final
from weakref import ReferenceType

from payi_transport.capture.exchange import Exchange, Listener, Outcome
from payi_transport.config.schema import IngestRetrySettings, Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Counter, Ring
from payi_transport.delivery.sources import RingSource, SpoolSource
from payi_transport.delivery.spool.sink import SpoolSink
from payi_transport.delivery.spool.spool import Spool
from payi_transport.delivery.stats import PayiStats
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Sink

__all__ = ["Delivery"]

_LOST_AT_RING: Final = "overload"
_LOST_AFTER_SHUTDOWN: Final = "shutdown"


class Delivery:
    """From the end of an exchange to the delivery of its event.

    One worker brings exchanges from the ring to the sink. With a spool there are two in a row: the first
    brings them to the disk, so no destination holds it up, and the second from there to the sink, whose
    answers `listener` is told then.
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
        # The process that it runs in; none before `start`.
        self.pid = 0
        # The exchanges whose answer has begun and not ended.
        self.open_exchanges: dict[int, ReferenceType[Exchange]] = {}
        self._loss_log = loss_log
        self._on_fault = on_fault
        self._listener = listener
        self._captured = Counter()
        self._shed = {_LOST_AT_RING: Counter(), _LOST_AFTER_SHUTDOWN: Counter()}
        self.closed = self._flushed = False
        self._wake = WakeEvent()
        delivery = settings.delivery
        self._ring: Ring[Exchange] = Ring(
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
        """The workers that an event passes, one behind the other."""
        most = settings.delivery.max_batch
        retry = settings.ingest_retry
        make = partial(Worker, interval=settings.delivery.flush_interval, on_fault=self._on_fault)
        source = RingSource(self._ring, decode, self._on_fault, most)
        if self._spool is None:
            return [make(source, sink, wake=self._wake, retry=retry, log=delivery_log)]
        written = WakeEvent()
        disk = SpoolSink(self._spool, most, written)
        back = SpoolSource(self._spool, sink.batch_limit or most, written, self._on_fault, self._listener)
        # The spool is the queue.
        retry = IngestRetrySettings(queue_interval=retry.queue_interval)
        return [
            make(source, disk, wake=self._wake, retry=retry, log=self._loss_log),
            make(back, sink, wake=written, retry=retry, log=delivery_log),
        ]

    def start(self) -> None:
        """Run in this process. Threads can't be started while the interpreter exits: that is a fault."""
        try:
            for worker in self._workers:
                worker.start()
        except RuntimeError as exc:
            self._on_fault(exc)
        self.pid = os.getpid()

    def push(self, exchange: Exchange) -> None:
        """The end of an exchange, on whatever thread that was. Never blocks or raises."""
        try:
            self._captured.add()
            # A finaliser may run in the middle of anything, a lock that waking takes included.
            quietly = exchange.outcome is Outcome.ABANDONED
            if self.closed:
                self._shed[_LOST_AFTER_SHUTDOWN].add()
            elif not self._ring.push(exchange, exchange.weight, quietly=quietly):
                self._shed[_LOST_AT_RING].add()
                if not quietly:
                    self._loss_log.warning(
                        "calls outrun the delivery of their events, the newest are not reported"
                    )
        except Exception as exc:
            self._on_fault(exc)

    def flush(self, timeout: float) -> bool:
        """Deliver all that was pushed before and waits, within `timeout` seconds; False if any is not."""
        if not self.pid:
            return True
        deadline = monotonic() + timeout
        flushed = [worker.flush(max(0.0, deadline - monotonic())) for worker in self._workers]
        return all(flushed)

    def close(self, timeout: float) -> bool:
        """Take no more, and flush within `timeout` seconds. Once: a second call waits for nothing.

        An answer that is still open is reported as far as it came: nobody may collect what would end it.
        """
        if self.closed:
            return self._flushed
        deadline = monotonic() + timeout
        self._end_open()
        # First, or what threads go on to capture meanwhile would be left behind.
        self.closed = True
        self._flushed = self.flush(timeout)
        if self.pid:
            for worker in self._workers:
                worker.stop(max(0.0, deadline - monotonic()) if self._flushed else 0.0)
        stats = self.stats()
        if stats.queued:
            self._loss_log.warning(f"stopped with {stats.queued} events undelivered")
        return self._flushed

    def _end_open(self) -> None:
        # A copy is made at once, while other threads go on.
        for found in self.open_exchanges.copy().values():
            exchange = found()
            if exchange is not None:
                exchange.finish(Outcome.ABANDONED)

    def leave_to_parent(self) -> None:
        """This process is a forked child, and all of this its parent's."""
        if self._spool is not None:
            self._spool.leave_to_parent()

    def stats(self, faults: int = 0) -> PayiStats:
        """Where everything is that was captured."""
        # From the end to the beginning: what moves on meanwhile is seen where it was, and nothing twice.
        first, last = self._workers[0].counts, self._workers[-1].counts
        delivered, lost = last.delivered, Tally(last.lost)
        settled = delivered + lost.total()
        skipped = dict(first.skipped)
        spooled = 0
        if self._spool is not None:
            spooled = max(0, first.delivered - settled - self._spool.held)
            lost.update(first.lost)
        lost.update({reason: counter.value for reason, counter in self._shed.items()})
        captured = self._captured.value
        return PayiStats(
            captured=captured,
            delivered=delivered,
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
        # Setting an event takes a lock, asking does not.
        if not self._wake.is_set():
            self._wake.set()
