"""Inline delivery: a call waits for its own report, so that its result can be part of the response.

The event is decoded and sent on the thread that ends the exchange, while the user's code waits. So this path
gives up early. It makes only as many retries as are configured, asks nothing of Pay-i while Pay-i wants to be
left alone (`retry.CircuitBreaker`), and passes everything that can wait to the background queue: responses
that were left before their end, whose caller no longer looks at a result, and events that Pay-i did not take.

Every call is counted once: here if it ended here, or by the queue's worker if it was passed on.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable
from threading import get_ident
from time import sleep
from typing import Final

import msgspec

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.retry import CircuitBreaker, find_inline_pauses, find_wait
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.runtime.clock import monotonic
from payi_transport.sinks.protocol import Receipt, Sink, check_receipt, mark_uncertain
from payi_transport.values.event import Event

__all__ = ["InlineCounts", "InlineDelivery"]

_UNDECODED: Final = "decode_fault"
# What inline delivery counts, by the names of `SinkStats`.
_CHANGED: Final = ("captured", "delivered", "queued", "lost", "skipped", "bytes_sent")


class InlineCounts:
    """What became of the calls that ended here. Any thread may use it."""

    def __init__(self) -> None:
        # Reentrant, because a signal handler may make a call that ends while its thread holds this lock.
        self._lock = threading.RLock()
        self.delivered = 0
        self.bytes_sent = 0
        self.lost: Tally[str] = Tally()
        # The part of `lost` that no sink got.
        self.undecoded: Tally[str] = Tally()
        self.skipped: Tally[str] = Tally()

    @property
    def captured(self) -> int:
        return self.delivered + self.lost.total() + self.skipped.total()

    def add_to(self, stats: PayiStats) -> PayiStats:
        """Return the stats of background delivery with these counts added."""
        sinks: dict[str, SinkStats] = {}
        for name, sink in stats.sinks.items():
            # Only the first sink was called. The other ones get what could be decoded through their queues.
            sinks[name] = self._add_to_other(sink) if sinks else self._add_to_first(sink)
        first = next(iter(sinks.values()))
        totals = {name: getattr(first, name) for name in _CHANGED}
        return msgspec.structs.replace(stats, **totals, sinks=sinks)

    def _add_to_first(self, sink: SinkStats) -> SinkStats:
        return sink.add(
            captured=self.captured,
            delivered=self.delivered,
            lost=self.lost,
            skipped=self.skipped,
            bytes_sent=self.bytes_sent,
        )

    def _add_to_other(self, sink: SinkStats) -> SinkStats:
        return sink.add(captured=self.captured, lost=self.undecoded, skipped=self.skipped)

    def add_undecoded(self) -> None:
        """Count one call as lost before any sink was called."""
        with self._lock:
            self.lost[_UNDECODED] += 1
            self.undecoded[_UNDECODED] += 1

    def add(self, *, lost: str | None = None, skipped: str | None = None, bytes_sent: int = 0) -> None:
        """Count one call: as skipped or lost for a reason, or else as delivered."""
        with self._lock:
            self.bytes_sent += bytes_sent
            if skipped is not None:
                self.skipped[skipped] += 1
            elif lost is not None:
                self.lost[lost] += 1
            else:
                self.delivered += 1


class InlineDelivery:
    """Report exchanges on the threads that end them. `sink` is called from many threads at once.

    `queue` takes what is to be reported in the background, `on_problem` the text of a failed delivery, and
    `on_notice` what is to be logged at once. `on_reported` takes an event that was reported, its weight in
    bytes, and when its call ended: it is for the other sinks.
    """

    def __init__(
        self,
        sink: Sink,
        retry: IngestRetrySettings,
        *,
        decode: Callable[[Exchange], Decoded | str],
        queue: Callable[[Exchange], None],
        on_fault: Callable[[Exception], None],
        on_problem: Callable[[str], None],
        on_notice: Callable[[str], None],
        on_reported: Callable[[Decoded, int, float], None] = lambda decoded, weight, ended: None,
    ) -> None:
        self.counts = InlineCounts()
        self._sink = sink
        self._retry = retry
        self._decode = decode
        self._queue = queue
        self._on_fault = on_fault
        self._on_problem = on_problem
        self._on_notice = on_notice
        self._on_reported = on_reported
        self._breaker = CircuitBreaker()
        # The threads that report a call right now.
        self._busy: set[int] = set()

    def deliver(self, exchange: Exchange) -> None:
        """Report a finished call and store its result on the exchange. Never raises.

        A signal handler or a log handler may make a call while its thread reports another one, and holds
        locks of the HTTP client. That call is queued.
        """
        thread = get_ident()
        if exchange.outcome is not Outcome.EXHAUSTED or thread in self._busy:
            self._queue(exchange)
            return
        self._busy.add(thread)
        try:
            self._deliver(exchange)
        finally:
            self._busy.discard(thread)

    def _deliver(self, exchange: Exchange) -> None:
        try:
            decoded = self._decode(exchange)
        except BaseException as exc:
            self.counts.add_undecoded()
            # Ctrl+C, or what a signal handler has raised, is the caller's.
            if not isinstance(exc, Exception):
                raise
            self._on_fault(exc)
            return
        if isinstance(decoded, str):
            self.counts.add(skipped=decoded)
        else:
            self._report(exchange, decoded)

    def _report(self, exchange: Exchange, decoded: Decoded) -> None:
        if not self._breaker.allows_call(monotonic()):
            self._enqueue(exchange, decoded)
            return
        try:
            event, receipt = self._send(decoded.event)
        except BaseException:
            # Ctrl+C, or what a signal handler has raised, which the caller gets. Pay-i may have the event.
            self._enqueue(exchange, decoded._replace(event=mark_uncertain(decoded.event)))
            raise
        queued = bool(receipt.retry) and self._retry.queue_enabled
        # The worker that takes a denied event from the queue will be denied too, and logs it once.
        for notice in receipt.notices:
            self._on_notice(notice)
        if receipt.problem is not None and not (queued and receipt.denied):
            self._on_problem(receipt.problem)
        if queued:
            self._enqueue(exchange, decoded._replace(event=event))
        else:
            self._settle(exchange, decoded, receipt)

    def _enqueue(self, exchange: Exchange, decoded: Decoded) -> None:
        # The event travels with the exchange. If the worker decoded the exchange again, a response that was
        # fetched by id would count as a repeat of itself, and be skipped.
        queued = msgspec.structs.replace(exchange, event=decoded.event, listener=decoded.listener)
        # The hook may hold the exchange as long as the user holds the response.
        exchange.forget()
        self._queue(queued)

    def _settle(self, exchange: Exchange, decoded: Decoded, receipt: Receipt) -> None:
        # An event to retry only gets here if the queue is disabled, so nothing will send it again.
        lost = "retry_disabled" if receipt.retry else receipt.rejected.get(0)
        self.counts.add(lost=lost, bytes_sent=receipt.bytes_sent)
        self._on_reported(decoded, exchange.weight, exchange.ended)
        exchange.forget()
        response = receipt.results.get(0, {})
        result = response.get("xproxy_result")
        if isinstance(result, dict):
            exchange.take_result(result)
        if lost is None and decoded.listener is not None:
            decoded.listener(response)

    def _send(self, event: Event) -> tuple[Event, Receipt]:
        """Send an event, with the configured retries; stop early if the sink asks for a wait.

        Returns the event as it is to be sent the next time, and the last receipt.
        """
        pauses = find_inline_pauses(self._retry)
        while True:
            receipt = self._try(event)
            if receipt.uncertain:
                # Pay-i counts a new event that it gets twice as two, so the next attempt has to be an
                # update.
                event = mark_uncertain(event)
            pause = next(pauses, None)
            # Don't spend a wait that Pay-i asks for on a user's thread. The event goes to the queue, if
            # that is enabled, and the breaker keeps other calls away meanwhile.
            if pause is None or not receipt.retry or find_wait(receipt):
                self._breaker.update(receipt, monotonic())
                return event, receipt
            sleep(pause)

    def _try(self, event: Event) -> Receipt:
        try:
            receipt = self._sink.deliver([event])
            check_receipt(receipt, 1)
        # The sink may have sent the event before it raised, so the event is retried as uncertain.
        except Exception as exc:
            self._on_fault(exc)
            problem = f"delivery failed ({type(exc).__name__})"
            return Receipt(retry=(0,), uncertain=(0,), problem=problem)
        return receipt
