"""The delivery of one process: its ring, its sinks with a queue each, and where every call is counted.

With one sink, its worker takes exchanges from the ring and decodes them. With several, one more worker does
so for all of them (`distribution.py`), and every sink has a queue of decoded events (`sink_queue.py`).

Threads, locks, and open files do not survive a fork, so a forked child gets a new `Delivery` that starts with
zeros. The parent keeps the old one, and everything that waits in it.
"""

from __future__ import annotations

import os
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from weakref import ReferenceType

import msgspec

from payi_transport.capture.exchange import Exchange, Listener, OpenResponses
from payi_transport.capture.outcome import ABANDONED
from payi_transport.capture.session import Session, SessionWork
from payi_transport.config.schema import Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.decode.sessions import read_session
from payi_transport.delivery.account import LOST_AT_RING, Account
from payi_transport.delivery.distribution import DecodedCall, DistributingSource
from payi_transport.delivery.flushes import Flush, wait_for_flushes
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sink_queue import EventQueue, SinkQueue, WorkerOptions
from payi_transport.delivery.sources import RingSource
from payi_transport.delivery.spool.directory import find_spool_directory
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.sinks.memory import MemorySink
from payi_transport.sinks.protocol import Sink

__all__ = ["Delivery"]


class Delivery:
    """Take finished exchanges with `push`, and deliver their events to every one of `sinks`.

    The first sink is the one whose responses matter: `listener` is called with what it returned for an event,
    if events go through a spool. Without one, the listener comes with the decoded event. `make_log` returns
    the log for the problems of a sink.
    """

    def __init__(
        self,
        settings: Settings,
        sinks: Mapping[str, Sink],
        decode: Callable[[Exchange], Decoded | str],
        *,
        listener: Listener | None = None,
        make_log: Callable[[str], RateLimitedLogger],
        loss_log: RateLimitedLogger,
        on_fault: Callable[[Exception], None],
    ) -> None:
        # The process in which it runs; 0 before `start`.
        self.pid = 0
        # The responses that are still streaming.
        self.open_responses: OpenResponses = {}
        self._loss_log = loss_log
        self._on_fault = on_fault
        self.account = Account(loss_log)
        self._captured = self.account.captured
        self._dropped = self.account.dropped
        self.closed = self._flushed = self.ended = False
        self._wake = WakeEvent()
        delivery = settings.delivery
        self._ring: Ring[Exchange | SessionWork] = Ring(
            delivery.ring_capacity, delivery.max_bytes_in_flight, delivery.max_batch, self._wake.set
        )
        self._settled = threading.Condition()
        options = WorkerOptions(settings, make_log, loss_log, on_fault, self._settled)
        # Decodes for several sinks. None where the worker of the only sink does.
        self._distributor: Worker | None = None
        self._queues: dict[str, SinkQueue] = {}
        self._others: list[EventQueue] = []
        if len(sinks) == 1:
            self._add_only_queue(*next(iter(sinks.items())), decode, listener, options)
        else:
            self._add_queues(sinks, decode, listener, options)

    def _add_only_queue(
        self,
        name: str,
        sink: Sink,
        decode: Callable[[Exchange], Decoded | str],
        listener: Listener | None,
        options: WorkerOptions,
    ) -> None:
        delivery = options.settings.delivery
        source = RingSource(self._ring, decode, self._on_fault, delivery.max_batch, self._read_session)
        directory = delivery.spool_directory
        self._queues[name] = SinkQueue(name, sink, source, self._wake, options, directory, listener)

    def _add_queues(
        self,
        sinks: Mapping[str, Sink],
        decode: Callable[[Exchange], Decoded | str],
        listener: Listener | None,
        options: WorkerOptions,
    ) -> None:
        delivery = options.settings.delivery
        queues: list[EventQueue] = []
        for name, sink in sinks.items():
            directory = find_spool_directory(delivery.spool_directory, name)
            queue = EventQueue(name, sink, options, directory, listener, is_first=not queues)
            self._queues[name] = queue
            queues.append(queue)
        self._others = queues[1:]
        pushes = [queue.push for queue in queues]
        source = DistributingSource(
            self._ring, decode, self._on_fault, delivery.max_batch, pushes, self._read_session
        )
        # Often, so that passing on adds nothing to the time until an event is delivered. The source keeps no
        # event back, so the sink is never called.
        self._distributor = options.make_worker(
            source, MemorySink(), wake=self._wake, log=self._loss_log, often=True
        )

    def start(self) -> None:
        """Start the workers, unless this has ended: a child may be forked after a shutdown.

        Where no thread can be started, that counts as a fault, and what is pushed is counted.
        """
        try:
            self._start_workers()
        except RuntimeError as exc:
            self._on_fault(exc)
        # Even if no thread was started. Otherwise every later call would try to start one.
        self.pid = os.getpid()

    def _start_workers(self) -> None:
        parts = () if self.ended else (*self._queues.values(), self._distributor)
        for part in parts:
            if part is not None:
                part.start()

    def push(self, exchange: Exchange) -> None:
        """Queue a finished exchange. Any thread may call this; it never blocks or raises."""
        try:
            # An abandoned exchange is pushed by a finalizer, which may have interrupted code that holds the
            # lock of the wake event or of the log. Then the worker finds it at its next interval.
            may_lock = exchange.outcome is not ABANDONED
            if self.closed:
                self.account.count_late(may_log=may_lock)
                return
            self._captured.add()
            if not self._ring.push(exchange, exchange.size + len(exchange.request_body or b""), may_lock):
                self._dropped[LOST_AT_RING].add()
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
        known afterwards. If messages are dropped, only the responses that end in them are counted.
        """
        try:
            if work.outcome is not None:
                self.open_responses.pop(id(work.session), None)
            may_lock = work.outcome is not ABANDONED
            if not self.closed and self._ring.push(work, work.weight, wake=may_lock):
                return True
            for _ in range(work.ends):
                if self.closed:
                    self.account.count_late(may_log=may_lock)
                else:
                    self._captured.add()
                    self._dropped[LOST_AT_RING].add()
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

    def push_reported(self, decoded: Decoded, weight: int, ended: float) -> None:
        """Queue an event that the first sink has already taken for all others. Any thread may call this."""
        for queue in self._others:
            queue.push(DecodedCall(decoded, ended), weight)

    def flush(self, timeout: float) -> bool:
        """Deliver everything pushed before this call within `timeout` seconds; return False if any is not."""
        return self._flush(monotonic() + timeout, stop=False)

    def _flush(self, deadline: float, *, stop: bool) -> bool:
        if not self.pid:
            return True
        # Where no thread could be started before, there may be room for one now.
        with suppress(RuntimeError):
            self._start_workers()

        def wait(flushes: Iterable[Flush]) -> bool:
            return wait_for_flushes(self._settled, flushes, deadline)

        # First what isn't decoded yet. Then all sinks side by side.
        decoded = self._distributor is None or wait([self._distributor.start_flush(deadline)])
        delivered = wait([queue.start_flush(deadline, stop=stop) for queue in self._queues.values()])
        return decoded and delivered

    def close(self, timeout: float) -> bool:
        """Accept no more exchanges, and flush within `timeout` seconds. Once that is over, return at once.

        Responses that are still streaming are reported with what has arrived so far, because nobody may be
        left to finish or collect them.
        """
        # Not `closed`: an earlier call may have been left by an exception, such as KeyboardInterrupt.
        if self.ended:
            return self._flushed
        deadline = monotonic() + timeout
        self._end_open_responses()
        # First, or what other threads capture during the flush would stay in the ring.
        self.closed = True
        self._flushed = self._flush(deadline, stop=True)
        if self.pid:
            self._stop(deadline)
        self.ended = True
        self._warn_of_undelivered()
        return self._flushed

    def _stop(self, deadline: float) -> None:
        if self._distributor is not None:
            self._distributor.stop(max(0.0, deadline - monotonic()) if self._flushed else 0.0)
        for queue in self._queues.values():
            queue.stop(deadline)

    def _warn_of_undelivered(self) -> None:
        queued = {name: stats.queued for name, stats in self.stats().sinks.items() if stats.queued}
        if not queued:
            return
        names = f" (to {', '.join(queued)})" if len(self._queues) > 1 else ""
        advice = "call payi_flush() earlier"
        if any(self._queues[name].may_spool for name in queued):
            advice += ", or set delivery.spool_directory to keep such events on disk for the next process"
        self._loss_log.warning(f"stopped with {sum(queued.values())} events undelivered{names}; {advice}")

    def _end_open_responses(self) -> None:
        # Other threads go on adding and removing, and dict.copy is atomic.
        for found in self.open_responses.copy().values():
            response = found() if isinstance(found, ReferenceType) else found
            if response is not None:
                response.finish(ABANDONED)

    def discard_inherited(self) -> None:
        """Drop what waits and close the files unchanged; in a forked child, all of it is the parent's."""
        # Clear it explicitly: exchanges are not tracked by the garbage collector, so a cycle through the
        # ring would leak.
        self._ring.clear()
        for queue in self._queues.values():
            queue.discard_inherited()

    def stats(self, faults: int = 0) -> PayiStats:
        """Return where everything that was captured is now."""
        # From the last stage to the first, as in `SinkQueue.read`.
        sinks = {name: queue.read() for name, queue in self._queues.items()}
        lost: Tally[str] = Tally()
        skipped: Tally[str] = Tally()
        if self._distributor is not None:
            lost.update(self._distributor.counts.lost)
            skipped.update(self._distributor.counts.skipped)
        lost.update({reason: counter.value for reason, counter in self._dropped.items()})
        captured = self._captured.value
        sinks = {name: _complete(stats, captured, lost, skipped) for name, stats in sinks.items()}
        totals = msgspec.structs.asdict(next(iter(sinks.values())))
        if self._distributor is not None:
            totals["worker_lag"] = self._distributor.counts.lag
        return PayiStats(**totals, faults=faults, sinks=sinks)


def _complete(stats: SinkStats, captured: int, lost: Tally[str], skipped: Tally[str]) -> SinkStats:
    """Add what never reached the queue of the sink. What is left of `captured` is queued."""
    settled = stats.delivered + stats.spooled + sum(stats.lost.values()) + sum(stats.skipped.values())
    # The remainder, so that the sum that `SinkStats` documents holds at every moment.
    return msgspec.structs.replace(stats, queued=-settled).add(captured=captured, lost=lost, skipped=skipped)
