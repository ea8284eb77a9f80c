"""Ties routes, ring and worker together: `begin` is all that adapters know of what comes behind.

At most one pipeline is active in a process; None means that every hook passes through.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter as Tally
from typing import Final

from payi_transport.context import current_frame
from payi_transport.decode import Reading, decode
from payi_transport.event import Event
from payi_transport.exchange import Detour, Exchange, Headers, Outcome
from payi_transport.headers import find_own_headers, override_frame
from payi_transport.include_usage import ask_for_usage
from payi_transport.notices import Notices
from payi_transport.repeats import Repeats
from payi_transport.ring import Counter, Ring
from payi_transport.routes import Route, Routes
from payi_transport.settings import Settings
from payi_transport.sinks import Sink
from payi_transport.stats import PayiStats
from payi_transport.window import LogWindow
from payi_transport.worker import Worker

__all__ = ["Pipeline", "activate", "get_active"]

_LOST_AT_RING: Final = "overload"
_LOST_AFTER_SHUTDOWN: Final = "shutdown"


class Pipeline:
    """From the beginning of a request to the delivery of its event."""

    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        sink: Sink,
        *,
        reading: Reading,
        notices: Notices,
        log_content: bool,
        logger: logging.Logger,
    ) -> None:
        self.routes = routes
        self.traces_guardrails = settings.aws_config.guardrail_trace
        self._settings = settings
        self._sink = sink
        self._log_content = log_content
        self._body_limit = settings.capture.max_body_bytes
        self._reading = reading
        self.notices = notices
        window = settings.connection_error_logging_window
        self._delivery_log = LogWindow(logger, window)
        self._fault_log = LogWindow(logger, window)
        self._loss_log = LogWindow(logger, window)
        self._header_log = LogWindow(logger, window)
        self._start()

    def _start(self) -> None:
        """Begin empty: at first, and again in a child that was forked."""
        self._pid = os.getpid()
        self._captured, self._faults = Counter(), Counter()
        self._shed = {_LOST_AT_RING: Counter(), _LOST_AFTER_SHUTDOWN: Counter()}
        self._closed = False
        self._repeats = Repeats()
        delivery = self._settings.delivery
        self._wake = threading.Event()
        self._ring: Ring[Exchange] = Ring(
            delivery.ring_capacity, delivery.max_bytes_in_flight, delivery.max_batch, self._wake_worker
        )
        self._worker = Worker(
            self._ring,
            self._decode,
            self._sink,
            delivery=delivery,
            retry=self._settings.ingest_retry,
            wake=self._wake,
            log=self._delivery_log,
            on_fault=self.count_fault,
        )
        self._worker.start()

    def observes(self, host: str, port: int | None) -> bool:
        """Whether calls to a host are recorded here and now."""
        match = self.routes.hosts.find(host, port)
        return match is not None and self.routes.observes(match) and current_frame() is not None

    def begin(self, route: Route, headers: Headers, body: bytes | None) -> Exchange | None:
        """Remember a request; None when calls outside a scope don't count and this is one.

        Where the exchange has a `detour`, that is what to send.
        """
        frame = current_frame()
        if frame is None:
            return None
        own = find_own_headers(headers)
        if own:
            frame = override_frame(frame, headers, self._tell_malformed)
        logged = frame.log_prompt_and_response
        exchange = Exchange(
            self._push,
            route,
            frame,
            log_content=self._log_content if logged is None else logged,
            request_headers=headers,
            request_body=body,
            body_limit=self._body_limit,
        )
        asking = ask_for_usage(body) if body and route.asks_usage else None
        if asking is not None:
            exchange.request_body = asking
        if asking is not None or own:
            exchange.detour = Detour(without=own, body=asking, hides_usage=asking is not None)
        return exchange

    def _tell_malformed(self, name: str) -> None:
        self._header_log.warning(f"the header {name} of a call can not be read and is left out")

    def count_fault(self, exc: Exception) -> None:
        """An error of our own that nobody may feel: counted, and the first of a window logged."""
        self._faults.add()
        self._fault_log.warning(f"a fault of this library's own ({type(exc).__name__})", exc_info=exc)

    def flush(self, timeout: float) -> bool:
        """Deliver all that was captured before, within `timeout` seconds; False if any is not."""
        self._check_process()
        return self._worker.flush(timeout)

    def close(self, timeout: float) -> bool:
        """Flush within `timeout` seconds, then take no more."""
        flushed = self.flush(timeout)
        self._closed = True
        queued = self.stats().queued
        if queued:
            self._loss_log.warning(f"stopped with {queued} events undelivered")
        self._worker.stop(timeout if flushed else 0.0)
        return flushed

    def restart_in_child(self) -> None:
        """This process was just forked: the queue, the thread and the connections are the parent's."""
        self._sink.fork()
        self._start()

    def stats(self) -> PayiStats:
        """Where everything is that was captured."""
        counts = self._worker.counts
        lost = Tally(counts.lost)
        lost.update({reason: counter.value for reason, counter in self._shed.items()})
        captured, delivered = self._captured.value, counts.delivered
        return PayiStats(
            captured=captured,
            delivered=delivered,
            queued=captured - delivered - lost.total() - counts.skipped.total(),
            retried=counts.retried,
            lost={reason: count for reason, count in lost.items() if count},
            skipped=dict(counts.skipped),
            batches=counts.batches,
            bytes_sent=counts.bytes_sent,
            worker_lag=counts.lag,
            faults=self._faults.value,
        )

    def _push(self, exchange: Exchange) -> None:
        """The end of an exchange, on whatever thread that was."""
        try:
            self._enqueue(exchange)
        except Exception as exc:
            self.count_fault(exc)

    def _enqueue(self, exchange: Exchange) -> None:
        self._check_process()
        self._captured.add()
        # A finaliser may run in the middle of anything, a lock that waking takes included.
        quietly = exchange.outcome is Outcome.ABANDONED
        if self._closed:
            self._shed[_LOST_AFTER_SHUTDOWN].add()
        elif not self._ring.push(exchange, exchange.weight, quietly=quietly):
            self._shed[_LOST_AT_RING].add()
            if not quietly:
                self._loss_log.warning(
                    "calls outrun the delivery of their events, the newest are not reported"
                )

    def _decode(self, exchange: Exchange) -> Event | str:
        """The event of an exchange, or why it needs none. On the worker's thread."""
        event = decode(exchange, self._reading)
        if event is None:
            return "pending"
        if self._repeats.is_repeat(event, exchange.route.operation.endswith(".again")):
            return "repeated"
        context = exchange.context
        if not (context.price_as_category or context.price_as_resource):
            self.notices.check_price(exchange.route, event)
        return event

    def _wake_worker(self) -> None:
        # Setting an event takes a lock, asking does not.
        if not self._wake.is_set():
            self._wake.set()

    def _check_process(self) -> None:
        """Forks that call no hook (uWSGI's) are noticed here."""
        if os.getpid() != self._pid:
            self.restart_in_child()


_active: Pipeline | None = None


def get_active() -> Pipeline | None:
    """The pipeline of this process, if there is one."""
    return _active


def activate(pipeline: Pipeline | None) -> None:
    """Make `pipeline` the one that hooks hand requests to."""
    global _active
    _active = pipeline


def _restart_in_child() -> None:
    if _active is not None:
        _active.restart_in_child()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_restart_in_child)
