"""A worker with its ring, and a sink that follows a script."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from payi_transport import Event, MemorySink, Receipt
from payi_transport.capture.exchange import Exchange
from payi_transport.capture.session import SessionWork
from payi_transport.compat import Self
from payi_transport.config.schema import DeliverySettings, IngestRetrySettings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sources import RingSource
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from tests.delivery.named_exchanges import decode, make_named

__all__ = ["Build", "Harness", "ScriptedSink"]


class ScriptedSink(MemorySink):
    """Return or raise each of `receipts` in turn, then accept everything.

    `entered` is set at each delivery, which then waits for `gate`, if there is one.
    """

    def __init__(
        self,
        *receipts: Receipt | Exception,
        gate: threading.Event | None = None,
        batch_limit: int | None = None,
    ) -> None:
        super().__init__()
        self.batch_limit = batch_limit  # type: ignore[assignment]  # it is None in the base class
        self.receipts = list(receipts)
        self.tried: list[list[str]] = []
        self.entered = threading.Event()
        self.gate = gate
        self.closed = False

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.entered.set()
        if self.gate is not None:
            self.gate.wait(30)
        self.tried.append([event.provider_response_id for event in batch])
        receipt = self.receipts.pop(0) if self.receipts else Receipt()
        if isinstance(receipt, Exception):
            raise receipt
        kept = [e for i, e in enumerate(batch) if i not in receipt.retry and i not in receipt.rejected]
        super().deliver(kept)
        return receipt

    def close(self) -> None:
        self.closed = True


class Harness:
    """A worker with a ring, which runs while the harness is entered, and exchanges by name."""

    def __init__(
        self,
        sink: MemorySink,
        retry: dict[str, Any] | None = None,
        *,
        decode: Callable[[Exchange], Decoded | str] = decode,
        **delivery: Any,
    ) -> None:
        self.faults: list[Exception] = []
        self.wake = WakeEvent()
        settings = DeliverySettings(**{"flush_interval": 0.01, **delivery})
        self.ring: Ring[Exchange | SessionWork] = Ring(
            settings.ring_capacity, settings.max_bytes_in_flight, settings.max_batch, self.wake.set
        )
        self.worker = Worker(
            RingSource(self.ring, decode, self.faults.append, settings.max_batch),
            sink,
            interval=settings.flush_interval,
            retry=IngestRetrySettings(**{"queue_interval": 0.01, **(retry or {})}),
            wake=self.wake,
            log=RateLimitedLogger(logging.getLogger("tests"), 60),
            on_fault=self.faults.append,
        )

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.worker.stop(10)

    def push(self, *names: object) -> None:
        for name in names:
            exchange = make_named(name)
            assert self.ring.push(exchange, exchange.weight)


Build = Callable[..., Harness]
