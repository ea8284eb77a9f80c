"""One thread from source to sink: batches, the interval, faults, and an account of every event."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import Queue
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from tests.delivery.named_exchanges import ids, make_named
from tests.delivery.worker_harness import Build, ScriptedSink
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY

WEIGHT = make_named(0).weight


def test_a_call_that_needs_no_event_is_counted_as_skipped_by_reason(build: Build) -> None:
    sink = MemorySink()
    harness = build(sink, flush_interval=3600)
    harness.push(1, "skip pending", "skip repeated", 2, "skip pending")
    assert harness.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert harness.worker.counts.skipped == {"pending": 2, "repeated": 1}
    assert (harness.worker.counts.delivered, harness.worker.counts.lost.total()) == (2, 0)
    assert harness.ring.in_flight == 0
    assert harness.faults == []


def test_an_exchange_that_cannot_be_decoded_is_counted_as_lost_and_blocks_nothing(build: Build) -> None:
    sink = MemorySink()
    harness = build(sink)
    harness.push(1, "bad", 2)
    assert not harness.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert harness.worker.counts.lost == {"decode_fault": 1}
    assert [str(fault) for fault in harness.faults] == ["no"]


def test_events_are_delivered_when_the_interval_is_over(build: Build) -> None:
    sink = ScriptedSink()
    build(sink, flush_interval=0.01).push(1)
    assert sink.entered.wait(10)


def test_the_interval_starts_when_the_call_ends_and_not_when_the_worker_takes_it(build: Build) -> None:
    sink = ScriptedSink()
    harness = build(sink, flush_interval=3600)
    exchange = make_named(1)
    exchange.ended -= 3601
    assert harness.ring.push(exchange, exchange.weight)
    harness.wake.set()
    assert sink.entered.wait(10)


def test_a_full_batch_is_delivered_before_the_interval_is_over(build: Build) -> None:
    sink = ScriptedSink(batch_limit=3)
    build(sink, flush_interval=3600, max_batch=3).push(1, 2, 3)
    assert sink.entered.wait(10)


@pytest.mark.parametrize("room", [{"ring_capacity": 8}, {"max_bytes_in_flight": 8 * WEIGHT}])
def test_a_small_ring_is_emptied_before_it_overflows_even_if_no_batch_is_full(
    room: dict[str, int], build: Build
) -> None:
    delivered: Queue[str] = Queue()

    class QueueSink(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            for event in batch:
                delivered.put(event.provider_response_id)
            return super().deliver(batch)

    harness = build(QueueSink(), flush_interval=3600, **room)
    for number in range(0, 40, 2):
        harness.push(number, number + 1)
        assert [delivered.get(timeout=10) for _ in range(2)] == [str(number), str(number + 1)]


def test_no_batch_is_larger_than_the_sinks_limit(build: Build) -> None:
    sink = ScriptedSink(batch_limit=4)
    harness = build(sink, flush_interval=3600, max_batch=4)
    harness.push(*range(10))
    assert harness.worker.flush(10)
    assert max(map(len, sink.tried)) <= 4
    assert len(sink.events) == 10


def test_events_pushed_while_the_sink_is_busy_are_delivered_too(build: Build) -> None:
    gate = threading.Event()
    sink = ScriptedSink(gate=gate)
    harness = build(sink, max_batch=2)
    harness.push(*range(3))
    harness.push(*range(3, 9))
    gate.set()
    assert harness.worker.flush(10)
    assert sorted(ids(sink), key=int) == [str(number) for number in range(9)]


def test_an_exchange_holds_no_content_once_it_is_decoded(build: Build) -> None:
    harness = build(MemorySink())
    exchange = make_exchange(UNARY)
    harness.ring.push(exchange, exchange.weight)
    harness.worker.flush(10)
    assert exchange.request_body is None and not exchange.chunks


def test_stopping_ends_the_thread_and_closes_the_sink(build: Build) -> None:
    sink = ScriptedSink()
    harness = build(sink)
    harness.worker.stop(10)
    assert sink.closed
    assert not harness.worker._is_running()


def test_a_worker_that_has_ended_holds_no_events(build: Build) -> None:
    harness = build(ScriptedSink(Receipt(retry=[0], wait=60.0)), flush_interval=3600)
    harness.push(1)
    assert not harness.worker.flush(10)
    harness.worker.stop(10)
    harness.push(2)
    assert not harness.worker._queue
    harness.worker._source.close()
    assert len(harness.ring) == 0


def test_a_sink_may_stop_the_worker_that_calls_it(build: Build) -> None:
    stopped = threading.Event()

    class StoppingSink(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            harness.worker.stop(10)
            stopped.set()
            return super().deliver(batch)

    harness = build(StoppingSink())
    harness.push(1)
    assert stopped.wait(10)


def test_the_thread_is_a_daemon_that_the_interpreter_does_not_wait_for(build: Build) -> None:
    harness = build(MemorySink())
    thread = harness.worker._thread
    assert thread is not None
    assert (thread.name, thread.daemon) == ("payi-transport", True)


def test_a_worker_is_started_once(build: Build) -> None:
    worker = build(MemorySink()).worker
    before = threading.active_count()
    worker.start()
    assert threading.active_count() == before


def test_a_fault_of_the_ring_does_not_end_the_thread(build: Build) -> None:
    harness = build(MemorySink(), flush_interval=3600)
    drain, harness.ring.drain = harness.ring.drain, lambda most: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    harness.push(1)
    assert not harness.worker.flush(0.05)
    harness.ring.drain = drain  # type: ignore[method-assign]
    assert harness.worker.flush(10)
    assert {type(fault) for fault in harness.faults} == {ZeroDivisionError}


MALFORMED: dict[str, Any] = {
    "rejected is a list": {"rejected": [0]},
    "a reason is not a string": {"rejected": {0: ["x"]}},
    "results is None": {"results": None},
    "a result is None": {"results": {0: None}},
    "bytes_sent is None": {"bytes_sent": None},
    "retry is None": {"retry": None},
    "wait is a word": {"wait": "long"},
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_receipt_with_a_field_of_the_wrong_type_is_a_fault_and_the_batch_is_sent_again(
    fields: dict[str, Any], build: Build
) -> None:
    sink = ScriptedSink(Receipt(**fields))
    harness = build(sink, flush_interval=3600)
    harness.push(1)
    harness.worker.flush(10)
    assert harness.worker.flush(10)
    assert len(harness.faults) == 1
    assert (harness.worker.counts.delivered, harness.ring.in_flight) == (1, 0)
