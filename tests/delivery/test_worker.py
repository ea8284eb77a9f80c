"""One thread from ring to sink: batches, pauses, retries, and an account of every event."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.delivery.alarm import Alarm
from payi_transport.delivery.intake import RingSource
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.worker import Worker
from payi_transport.exchange import Exchange
from payi_transport.settings import DeliverySettings, IngestRetrySettings
from payi_transport.window import LogWindow
from tests.exchanges import make_exchange
from tests.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_unary")


class ScriptedSink(MemorySink):
    """Does what it is told with each batch, then keeps all of it."""

    def __init__(self, *receipts: Receipt | Exception, gate: threading.Event | None = None) -> None:
        super().__init__()
        self.receipts = list(receipts)
        self.tried: list[list[str]] = []
        self.gate = gate
        self.closed = False

    def deliver(self, batch: Sequence[Event]) -> Receipt:
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


class Bench:
    """A worker with a ring, and exchanges numbered by their category."""

    def __init__(self, sink: MemorySink, retry: dict[str, Any] | None = None, **delivery: Any) -> None:
        self.faults: list[Exception] = []
        self.wake = Alarm()
        settings = DeliverySettings(**{"flush_interval": 0.01, **delivery})
        self.ring: Ring[Exchange] = Ring(1000, 1 << 24, settings.max_batch, self.wake.set)
        self.worker = Worker(
            RingSource(self.ring, self.decode, self.faults.append, settings.max_batch),
            sink,
            batch_mark=settings.max_batch,
            interval=settings.flush_interval,
            retry=IngestRetrySettings(**{"queue_interval": 0.01, **(retry or {})}),
            wake=self.wake,
            log=LogWindow(logging.getLogger("tests"), 60),
            on_fault=self.faults.append,
        )
        self.worker.start()

    @staticmethod
    def decode(exchange: Exchange) -> Event | str:
        if exchange.route.category == "bad":
            raise RuntimeError("no")
        if exchange.route.category.startswith("skip "):
            return exchange.route.category.removeprefix("skip ")
        return Event(category="c", units={}, provider_response_id=exchange.route.category)

    def push(self, *names: object) -> None:
        for name in names:
            exchange = make_exchange(CASE)
            exchange.route = exchange.route._replace(category=str(name))
            assert self.ring.push(exchange, exchange.weight)


Build = Callable[..., Bench]


@pytest.fixture
def build() -> Iterator[Build]:
    made: list[Bench] = []

    def make(sink: MemorySink, **options: Any) -> Bench:
        made.append(Bench(sink, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.worker.stop(10)


def ids(sink: MemorySink) -> list[str]:
    return [event.provider_response_id for event in sink.events]


def test_a_flush_waits_for_all_that_was_pushed_before(build: Build) -> None:
    sink = MemorySink()
    bench = build(sink, flush_interval=3600)
    bench.push(*range(10))
    assert bench.worker.flush(10)
    assert ids(sink) == [str(number) for number in range(10)]
    assert bench.ring.in_flight == 0


def test_an_exchange_that_needs_no_event_is_counted_by_its_reason_and_not_lost(build: Build) -> None:
    sink = MemorySink()
    bench = build(sink, flush_interval=3600)
    bench.push(1, "skip pending", "skip repeated", 2, "skip pending")
    assert bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert bench.worker.counts.skipped == {"pending": 2, "repeated": 1}
    assert (bench.worker.counts.delivered, bench.worker.counts.lost.total()) == (2, 0)
    assert bench.ring.in_flight == 0
    assert bench.faults == []


def test_a_flush_is_done_when_all_was_skipped(build: Build) -> None:
    bench = build(MemorySink(), flush_interval=3600)
    bench.push("skip pending")
    assert bench.worker.flush(10)
    assert bench.worker.counts.batches == 0
    assert bench.ring.in_flight == 0


def test_a_flush_with_nothing_to_do_is_done(build: Build) -> None:
    assert build(MemorySink(), flush_interval=3600).worker.flush(10)


def test_the_interval_alone_delivers(build: Build) -> None:
    done = threading.Event()

    class Telling(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            done.set()
            return super().deliver(batch)

    build(Telling(), flush_interval=0.01).push(1)
    assert done.wait(10)


def test_a_full_batch_is_delivered_before_the_interval(build: Build) -> None:
    done = threading.Event()

    class Telling(MemorySink):
        batch_limit = 3  # type: ignore[assignment]

        def deliver(self, batch: Sequence[Event]) -> Receipt:
            done.set()
            return super().deliver(batch)

    build(Telling(), flush_interval=3600, max_batch=3).push(1, 2, 3)
    assert done.wait(10)


def test_no_batch_is_larger_than_the_sink_takes(build: Build) -> None:
    class Small(MemorySink):
        batch_limit = 4  # type: ignore[assignment]

    sink = Small()
    bench = build(sink, flush_interval=3600, max_batch=4)
    bench.push(*range(10))
    assert bench.worker.flush(10)
    assert max(sink.batches) <= 4
    assert len(sink.events) == 10


@pytest.mark.parametrize(
    "failure", [Receipt(retry=[0, 1], problem="busy"), OSError("gone")], ids=["told", "raised"]
)
def test_a_failed_batch_is_sent_again_in_order(build: Build, failure: Any) -> None:
    sink = ScriptedSink(failure, failure)
    bench = build(sink, flush_interval=3600)
    bench.push(1, 2)
    assert bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert len(sink.tried) == 3
    counts = bench.worker.counts
    assert (counts.delivered, counts.retried, counts.lost) == (2, 4, {})


def test_only_the_items_that_were_refused_are_sent_again(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[1], rejected={2: "item_400"}))
    bench = build(sink, flush_interval=3600)
    bench.push(0, 1, 2, 3)
    assert not bench.worker.flush(10)
    assert sink.tried == [["0", "1", "2", "3"], ["1"]]
    counts = bench.worker.counts
    assert (counts.delivered, counts.retried, counts.lost) == (3, 1, {"item_400": 1})
    assert bench.ring.in_flight == 0


def test_a_flush_is_false_when_time_runs_out(build: Build) -> None:
    gate = threading.Event()
    bench = build(ScriptedSink(gate=gate))
    bench.push(1)
    assert not bench.worker.flush(0.02)
    gate.set()
    assert bench.worker.flush(10)


def test_a_wait_that_the_destination_asks_for_is_kept(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[0], wait=3600))
    bench = build(sink)
    bench.push(1)
    assert not bench.worker.flush(0.1)
    assert len(sink.tried) == 1
    assert bench.worker.counts.delivered == 0


def test_a_pause_that_is_no_failure_does_not_hold_up_a_flush(build: Build) -> None:
    sink = ScriptedSink(Receipt(wait=3600))
    bench = build(sink)
    bench.push(1)
    assert bench.worker.flush(10)
    bench.push(2)
    assert bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]


@pytest.mark.parametrize(
    ("retry", "reason", "lost"),
    [({"queue_enabled": False}, "retry_disabled", 3), ({"queue_max_size": 1}, "retry_queue_full", 2)],
)
def test_what_the_retry_queue_does_not_take_is_counted_as_lost(
    build: Build, retry: dict[str, Any], reason: str, lost: int
) -> None:
    sink = ScriptedSink(Receipt(retry=[0, 1, 2]))
    bench = build(sink, retry=retry, flush_interval=3600)
    bench.push(0, 1, 2)
    assert not bench.worker.flush(10)
    assert bench.worker.counts.lost == {reason: lost}
    assert bench.worker.counts.delivered == 3 - lost
    assert bench.ring.in_flight == 0


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_without_a_queue_an_event_has_its_inline_retries(build: Build, retries: int) -> None:
    sink = ScriptedSink(*[Receipt(retry=[0, 1])] * 5)
    bench = build(sink, retry={"queue_enabled": False, "max_inline_retries": retries}, flush_interval=3600)
    bench.push(0, 1)
    assert not bench.worker.flush(10)
    assert len(sink.tried) == 1 + retries
    assert bench.worker.counts.lost == {"retry_disabled": 2}
    assert bench.ring.in_flight == 0


def test_a_destination_that_denies_all_is_told_once_and_probed_with_one_event(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    denied = Receipt(retry=[0, 1, 2], wait=0.01, problem="Pay-i answered 401", denied=True)
    again = Receipt(retry=[0], wait=0.01, problem="Pay-i answered 401", denied=True)
    sink = ScriptedSink(denied, again, again, Receipt())
    bench = build(sink, flush_interval=3600)
    bench.push(0, 1, 2)
    assert bench.worker.flush(10)
    assert [len(batch) for batch in sink.tried] == [3, 1, 1, 1, 2]
    assert ids(sink) == ["0", "1", "2"]
    told = [record.getMessage() for record in caplog.records]
    assert told == ["payi_transport: Pay-i answered 401; 3 events wait for it to be put right"]


def test_a_flush_that_is_in_vain_does_not_wait(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[0], wait=60, denied=True, problem="Pay-i answered 401"))
    bench = build(sink, flush_interval=3600)
    bench.push(0)
    began = monotonic()
    assert not bench.worker.flush(30)
    assert not bench.worker.flush(30)
    assert monotonic() - began < 20
    assert len(sink.tried) == 1


def test_a_destination_that_is_down_for_days_overflows_nothing(build: Build) -> None:
    sink = ScriptedSink(*[Receipt(retry=[0])] * 5)
    bench = build(sink, flush_interval=3600)
    bench.worker._failures = 100_000
    bench.push(0)
    assert bench.worker.flush(10)
    assert bench.faults == []


def test_an_exchange_that_can_not_be_decoded_is_lost_by_count_and_holds_up_nothing(build: Build) -> None:
    sink = MemorySink()
    bench = build(sink)
    bench.push(1, "bad", 2)
    assert not bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert bench.worker.counts.lost == {"decode_fault": 1}
    assert [str(fault) for fault in bench.faults] == ["no"]


def test_decoded_exchanges_hold_no_content(build: Build) -> None:
    bench = build(MemorySink())
    exchange = make_exchange(CASE)
    bench.ring.push(exchange, exchange.weight)
    bench.worker.flush(10)
    assert exchange.request_body is None and not exchange.chunks


def test_stopping_ends_the_thread_and_closes_the_sink(build: Build) -> None:
    sink = ScriptedSink()
    bench = build(sink)
    bench.worker.stop(10)
    assert sink.closed
    assert not bench.worker.flush(0.5)


def test_events_pushed_while_the_sink_is_busy_are_delivered_too(build: Build) -> None:
    gate = threading.Event()
    sink = ScriptedSink(gate=gate)
    bench = build(sink, max_batch=2)
    bench.push(*range(3))
    bench.push(*range(3, 9))
    gate.set()
    assert bench.worker.flush(10)
    assert sorted(ids(sink), key=int) == [str(number) for number in range(9)]


@pytest.mark.parametrize(
    "receipt", [Receipt(retry=[7]), Receipt(retry=[0], rejected={0: "x"}), Receipt(rejected={-1: "x"})]
)
def test_a_receipt_that_makes_no_sense_loses_nothing(build: Build, receipt: Receipt) -> None:
    class Odd(MemorySink):
        first = True

        def deliver(self, batch: Sequence[Event]) -> Receipt:
            first, self.first = self.first, False
            return receipt if first else super().deliver(batch)

    sink = Odd()
    bench = build(sink, flush_interval=3600)
    bench.push(1, 2)
    assert bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert [type(fault) for fault in bench.faults] == [ValueError]


def test_a_fault_of_the_ring_does_not_end_the_thread(build: Build) -> None:
    bench = build(MemorySink(), flush_interval=3600)
    drain, bench.ring.drain = bench.ring.drain, lambda most: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    bench.push(1)
    assert not bench.worker.flush(0.05)
    bench.ring.drain = drain  # type: ignore[method-assign]
    assert bench.worker.flush(10)
    assert {type(fault) for fault in bench.faults} == {ZeroDivisionError}


def test_a_sink_may_stop_the_worker_that_calls_it(build: Build) -> None:
    stopped = threading.Event()

    class Stopping(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            bench.worker.stop(10)
            stopped.set()
            return super().deliver(batch)

    bench = build(Stopping())
    bench.push(1)
    assert stopped.wait(10)


def test_while_a_pause_lasts_the_thread_sleeps(build: Build) -> None:
    sink = ScriptedSink(Receipt(wait=3600))
    bench = build(sink, flush_interval=3600)
    bench.push(1)
    assert bench.worker.flush(10)
    bench.push(2)
    bench.worker._take()
    assert bench.worker._pause() > 1
