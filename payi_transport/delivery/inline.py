"""Inline delivery: a call waits for its own report, so that its result can be in the answer."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.stats import PayiStats
from payi_transport.sinks.protocol import LONGEST_WAIT, Receipt, Sink, check_receipt
from payi_transport.values.event import Event

__all__ = ["Delivered", "InlineCounts", "InlineDelivery"]


class Delivered(NamedTuple):
    """What became of one event. `again`: it may be sent later; `lost` is why it never will be.

    `wait` is how many seconds Pay-i is to be left alone first, `denied` that it takes nothing at all.
    """

    answer: Mapping[str, Any] = {}
    again: bool = False
    wait: float = 0.0
    denied: bool = False
    lost: str | None = None
    problem: str | None = None
    bytes_sent: int = 0


class InlineCounts:
    """What became of the calls that ended here; those that were handed on are counted there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.delivered = 0
        self.bytes_sent = 0
        self.lost: Tally[str] = Tally()
        self.skipped: Tally[str] = Tally()

    @property
    def captured(self) -> int:
        return self.delivered + self.lost.total() + self.skipped.total()

    def add_to(self, stats: PayiStats) -> PayiStats:
        """The counts of a pipeline, these among them."""
        return msgspec.structs.replace(
            stats,
            captured=stats.captured + self.captured,
            delivered=stats.delivered + self.delivered,
            lost=dict(self.lost + Tally(stats.lost)),
            skipped=dict(self.skipped + Tally(stats.skipped)),
            bytes_sent=stats.bytes_sent + self.bytes_sent,
        )

    def add(self, *, lost: str | None = None, skipped: str | None = None, bytes_sent: int = 0) -> None:
        """One more; delivered, where it is neither lost nor skipped."""
        with self._lock:
            self.bytes_sent += bytes_sent
            if skipped is not None:
                self.skipped[skipped] += 1
            elif lost is not None:
                self.lost[lost] += 1
            else:
                self.delivered += 1


class InlineDelivery:
    """Ends exchanges on the thread of their caller. `sink` is called from many threads at once.

    `queue` takes what is to be reported in the background: answers that were left early, as nobody waits for
    their result, events that Pay-i did not take, if the retry queue is on, and those of calls that end while
    Pay-i is to be left alone. Never raises.
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
    ) -> None:
        self.counts = InlineCounts()
        self._sink = sink
        self._retry = retry
        self._decode = decode
        self._queue = queue
        self._on_fault = on_fault
        self._on_problem = on_problem
        self._lock = threading.Lock()
        # Until when Pay-i is left alone; 0.0 when it did not ask for that last.
        self._not_before = 0.0

    def deliver(self, exchange: Exchange) -> None:
        """Report a call; its exchange has the result then."""
        if exchange.outcome is not Outcome.EXHAUSTED:
            self._queue(exchange)
            return
        try:
            decoded = self._decode(exchange)
        except Exception as exc:
            self._on_fault(exc)
            self.counts.add(lost="decode_fault")
            return
        if isinstance(decoded, str):
            self.counts.add(skipped=decoded)
        else:
            self._report(exchange, decoded)

    def _report(self, exchange: Exchange, decoded: Decoded) -> None:
        if not self._may_ask():
            self._enqueue(exchange, decoded)
            return
        delivered = self._send(decoded.event)
        queued = delivered.again and self._retry.queue_enabled
        # Who takes a denied event from the queue is denied as well, and says so once.
        if delivered.problem is not None and not (queued and delivered.denied):
            self._on_problem(delivered.problem)
        if queued:
            self._enqueue(exchange, decoded)
        else:
            self._settle(exchange, decoded, delivered)

    def _may_ask(self) -> bool:
        """Whether Pay-i may be asked now: behind a time that it was left alone for by one call first."""
        with self._lock:
            now = monotonic()
            if now < self._not_before:
                return False
            if self._not_before:
                self._not_before = now + LONGEST_WAIT
            return True

    def _enqueue(self, exchange: Exchange, decoded: Decoded) -> None:
        self._queue(msgspec.structs.replace(exchange, event=decoded.event, listener=decoded.listener))

    def _settle(self, exchange: Exchange, decoded: Decoded, delivered: Delivered) -> None:
        lost = "retry_disabled" if delivered.again else delivered.lost
        self.counts.add(lost=lost, bytes_sent=delivered.bytes_sent)
        exchange.forget()
        result = delivered.answer.get("xproxy_result")
        if isinstance(result, dict):
            exchange.take_result(result)
        if lost is None and decoded.listener is not None:
            decoded.listener(delivered.answer)

    def _send(self, event: Event) -> Delivered:
        """With as many retries as are configured, each after twice the pause; none where it is to wait."""
        delivered = self._try(event)
        for retry in range(self._retry.max_inline_retries):
            if not delivered.again or delivered.wait:
                break
            sleep(self._retry.inline_retry_initial_delay * 2**retry)
            delivered = self._try(event)
        self._not_before = monotonic() + delivered.wait if delivered.wait else 0.0
        return delivered

    def _try(self, event: Event) -> Delivered:
        try:
            receipt = self._sink.deliver([event])
            check_receipt(receipt, 1)
        except Exception as exc:
            self._on_fault(exc)
            return Delivered(again=True, problem=f"delivery failed ({type(exc).__name__})")
        return Delivered(
            receipt.results.get(0, {}),
            bool(receipt.retry),
            _find_wait(receipt),
            receipt.denied,
            receipt.rejected.get(0),
            receipt.problem,
            receipt.bytes_sent,
        )


def _find_wait(receipt: Receipt) -> float:
    """How long the destination is to be left alone. Seconds."""
    usual = LONGEST_WAIT if receipt.denied else 0.0
    return min(usual if receipt.wait is None else receipt.wait, LONGEST_WAIT)
