"""Inline delivery: a call waits for its own report, so that its result can be in the answer."""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from payi_transport.event import Event
from payi_transport.exchange import Exchange, Outcome
from payi_transport.settings import IngestRetrySettings
from payi_transport.sinks import Sink, check_receipt
from payi_transport.stats import PayiStats

__all__ = ["Delivered", "InlineCounts", "InlineDelivery"]


class Delivered(NamedTuple):
    """What became of one event. `again`: it may be sent later; `lost` is why it never will be."""

    answer: Mapping[str, Any] = {}
    again: bool = False
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
    their result, and events that Pay-i did not take, if the retry queue is on. Never raises.
    """

    def __init__(
        self,
        sink: Sink,
        retry: IngestRetrySettings,
        *,
        decode: Callable[[Exchange], Event | str],
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

    def end(self, exchange: Exchange) -> None:
        """Report a call; its exchange has the result then."""
        if exchange.outcome is not Outcome.EXHAUSTED:
            self._queue(exchange)
            return
        try:
            event = self._decode(exchange)
        except Exception as exc:
            self._on_fault(exc)
            self.counts.add(lost="decode_fault")
            return
        if isinstance(event, str):
            self.counts.add(skipped=event)
        else:
            self._report(exchange, event)

    def _report(self, exchange: Exchange, event: Event) -> None:
        delivered = self._send(event)
        if delivered.problem is not None:
            self._on_problem(delivered.problem)
        if delivered.again and self._retry.queue_enabled:
            exchange.event = event
            self._queue(exchange)
            return
        lost = "retry_disabled" if delivered.again else delivered.lost
        self.counts.add(lost=lost, bytes_sent=delivered.bytes_sent)
        exchange.forget()
        result = delivered.answer.get("xproxy_result")
        if isinstance(result, dict):
            exchange.take_result(result)
        if lost is None and exchange.listener is not None:
            exchange.listener(delivered.answer)

    def _send(self, event: Event) -> Delivered:
        """With as many retries as are configured; each doubles the pause before it."""
        delivered = self._try(event)
        for retry in range(self._retry.max_inline_retries):
            if not delivered.again:
                break
            time.sleep(self._retry.inline_retry_initial_delay * 2**retry)
            delivered = self._try(event)
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
            receipt.rejected.get(0),
            receipt.problem,
            receipt.bytes_sent,
        )
