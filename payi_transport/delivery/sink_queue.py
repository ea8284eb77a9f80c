"""What belongs to one sink: its queue, its worker with its retries, its spool, and its account.

Without a spool, one worker takes events from `source` and calls the sink. With a spool there are two workers
in a row. The first writes to disk, so that a slow or unreachable sink never holds up the source. The second
reads from the disk and calls the sink.

Where there are several sinks, each has an `EventQueue`: a bounded ring of decoded events, filled by the
worker that decodes. Sinks share nothing but the events themselves, so none can hold up another.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from payi_transport.capture.exchange import Listener
from payi_transport.capture.session import SessionWork
from payi_transport.config.schema import IngestRetrySettings, Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.account import LOST_AT_RING
from payi_transport.delivery.distribution import DecodedCall
from payi_transport.delivery.flushes import Flush
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import RingSource, Source
from payi_transport.delivery.spool.sink import SpoolSink
from payi_transport.delivery.spool.source import SpoolSource
from payi_transport.delivery.spool.spool import Spool
from payi_transport.delivery.stats import SinkStats
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.counter import Counter
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.protocol import Sink

__all__ = ["EventQueue", "SinkQueue", "WorkerOptions"]


class WorkerOptions(msgspec.Struct, frozen=True):
    """What all workers of a delivery share. They notify `settled` when a flush makes progress.

    `make_log` returns the log for the problems of the sink with a name.
    """

    settings: Settings
    make_log: Callable[[str], RateLimitedLogger]
    loss_log: RateLimitedLogger
    on_fault: Callable[[Exception], None]
    settled: threading.Condition

    def make_worker(
        self,
        source: Source,
        sink: Sink,
        *,
        wake: WakeEvent,
        log: RateLimitedLogger,
        retry: IngestRetrySettings | None = None,
        often: bool = False,
    ) -> Worker:
        """Return a worker with these options; `often` makes its interval half as long as configured."""
        interval = self.settings.delivery.flush_interval
        return Worker(
            source,
            sink,
            interval=interval / 2 if often else interval,
            retry=retry or self.settings.ingest_retry,
            wake=wake,
            log=log,
            on_fault=self.on_fault,
            settled=self.settled,
        )


class SinkQueue:
    """Deliver what `source` has to `sink`, by way of a spool in `directory` unless that is None.

    `wake` wakes the worker of the source. `listener` is called with what the sink returned for an event, if
    events go through a spool. Without one, the listener comes with the decoded event.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        source: Source,
        wake: WakeEvent,
        options: WorkerOptions,
        directory: str | None,
        listener: Listener | None,
    ) -> None:
        log = options.make_log(name)
        # Whether everything was delivered before the workers were stopped.
        self._is_done = False
        max_bytes = options.settings.delivery.spool_max_bytes
        # What a sink keeps in memory about its events would be lost on the way through a file.
        self.may_spool: bool = getattr(sink, "spools", True)
        self.spool = Spool(Path(directory), max_bytes) if directory and self.may_spool else None
        # In the order in which events pass them.
        self.workers = (
            [options.make_worker(source, sink, wake=wake, log=log)]
            if self.spool is None
            else _make_spooling_workers(self.spool, sink, source, wake, options, log, listener)
        )

    def start(self) -> None:
        """Start the workers. Raises RuntimeError where no thread can be started."""
        for worker in self.workers:
            worker.start()

    def start_flush(self, deadline: float, *, stop: bool = False) -> Flush:
        """Flush one worker after the other; with `stop`, let them end once they have delivered everything."""
        successful = True
        # In order, because the second worker can only flush what the first has written.
        for worker in self.workers:
            flushed = yield from worker.start_flush(deadline)
            successful = successful and flushed
        if stop and successful:
            self._is_done = True
            # At once, so that this sink closes in time even if another one hangs.
            for worker in self.workers:
                worker.start_stop()
        return successful

    def stop(self, deadline: float) -> None:
        """End the workers, waiting for them until the deadline if they have delivered everything."""
        for worker in self.workers:
            worker.stop(max(0.0, deadline - monotonic()) if self._is_done else 0.0)

    def discard_inherited(self) -> None:
        """Close the files without changing them; in a forked child, they are the parent's."""
        if self.spool is not None:
            self.spool.discard_inherited()

    def read(self) -> SinkStats:
        """Return what became of the events that reached this queue; `captured` and `queued` are left at 0."""
        # Read from the last stage to the first. An event that moves on in between is then seen where it was,
        # and never twice.
        first, last = self.workers[0].counts, self.workers[-1].counts
        delivered, lost = last.delivered, Tally(last.lost)
        settled = delivered + lost.total()
        skipped = dict(first.skipped)
        spooled = 0
        if self.spool is not None:
            # Records kept in memory are counted there before the first worker has settled them, so the
            # difference may be negative for a moment.
            spooled = max(0, first.delivered - settled - self.spool.in_memory)
            lost.update(first.lost)
        return SinkStats(
            delivered=delivered,
            spooled=spooled,
            replayed=last.replayed,
            replay_lost=dict(last.replay_lost),
            retried=last.retried,
            lost=dict(lost),
            skipped=skipped,
            batches=last.batches,
            bytes_sent=last.bytes_sent,
            worker_lag=first.lag,
        )


class EventQueue(SinkQueue):
    """The queue of one of several sinks, which takes decoded events.

    Only the first of the sinks has listeners, which want Pay-i's response.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        options: WorkerOptions,
        directory: str | None,
        listener: Listener | None = None,
        *,
        is_first: bool = False,
    ) -> None:
        delivery = options.settings.delivery
        wake = WakeEvent()
        self._refused = Counter()
        self._loss_log = options.loss_log
        self._ring: Ring[DecodedCall | SessionWork] = Ring(
            delivery.ring_capacity, delivery.max_bytes_in_flight, delivery.max_batch, wake.set
        )
        decode = _take_decoded if is_first else _take_event
        source = RingSource(self._ring, decode, options.on_fault, delivery.max_batch)
        super().__init__(name, sink, source, wake, options, directory, listener if is_first else None)

    def push(self, call: DecodedCall, weight: int) -> None:
        """Queue an event of `weight` bytes, or count it as lost if the queue is full. Any thread may."""
        if not self._ring.push(call, weight):
            self._refused.add()
            self._loss_log.warning(
                "a sink is so far behind that its queue is full, and the newest events are lost for it;"
                " delivery.ring_capacity and delivery.max_bytes_in_flight bound how many may wait for each"
                " sink, and payi_stats().sinks says which one it is"
            )

    def read(self) -> SinkStats:
        stats = super().read()
        return replace(stats, lost=dict(Tally({LOST_AT_RING: self._refused.value}) + Tally(stats.lost)))


def _take_decoded(call: DecodedCall) -> Decoded:
    return call.decoded


def _take_event(call: DecodedCall) -> Decoded:
    """Return the event without its listener, which is for the first sink."""
    return call.decoded._replace(listener=None)


def _make_spooling_workers(
    spool: Spool,
    sink: Sink,
    source: Source,
    wake: WakeEvent,
    options: WorkerOptions,
    log: RateLimitedLogger,
    listener: Listener | None,
) -> list[Worker]:
    max_batch = options.settings.delivery.max_batch
    written = WakeEvent()
    spool_sink = SpoolSink(spool, max_batch, written)
    spool_source = SpoolSource(
        spool, sink.batch_limit or max_batch, written, options.on_fault, listener, options.loss_log.warning
    )
    # The spool is the retry queue, so the settings that bound or disable the one in memory don't apply.
    retry = IngestRetrySettings(queue_interval=options.settings.ingest_retry.queue_interval)
    make = partial(options.make_worker, retry=retry)
    return [
        # Often, because on a loaded machine the worker wakes up late, and what it has not written is lost if
        # the process is killed.
        make(source, spool_sink, wake=wake, log=options.loss_log, often=True),
        make(spool_source, sink, wake=written, log=log),
    ]
