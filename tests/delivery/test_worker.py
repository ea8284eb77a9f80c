"""One thread from ring to sink: batches, flushes, faults, and an account of every event."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import Queue
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.capture.exchange import Exchange
from payi_transport.decode.exchange_decoder import Decoded
from tests.delivery.named import decode, ids, make_named
from tests.delivery.worker_bench import Build, ScriptedSink
from tests.support.exchanges import make_exchange
from tests.support.waiting import wait_for_the_interpreter
from tests.support.wire_cases import UNARY

WEIGHT = make_named(0).weight


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


def test_the_interval_begins_with_the_call_and_not_where_it_is_taken(build: Build) -> None:
    done = threading.Event()

    class Telling(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            done.set()
            return super().deliver(batch)

    bench = build(Telling(), flush_interval=3600)
    exchange = make_named(1)
    exchange.ended -= 3601
    assert bench.ring.push(exchange, exchange.weight)
    bench.wake.set()
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


@pytest.mark.parametrize("room", [{"ring_capacity": 8}, {"max_bytes_in_flight": 8 * WEIGHT}])
def test_callers_that_the_worker_keeps_up_with_lose_nothing_whatever_a_full_batch_is(
    room: dict[str, int], build: Build
) -> None:
    delivered: Queue[str] = Queue()

    class Telling(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            for event in batch:
                delivered.put(event.provider_response_id)
            return super().deliver(batch)

    bench = build(Telling(), flush_interval=3600, **room)
    for number in range(0, 40, 2):
        bench.push(number, number + 1)
        assert [delivered.get(timeout=10) for _ in range(2)] == [str(number), str(number + 1)]


@pytest.mark.parametrize("flushes", [False, True])
def test_callers_get_the_interpreter_in_between_save_where_one_waits_for_the_delivery(
    flushes: bool, build: Build
) -> None:
    got_in: list[bool] = []
    done = threading.Event()

    class Telling(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            done.set()
            return super().deliver(batch)

    def compute(exchange: Exchange) -> Decoded | str:
        caller.compute()
        got_in.append(caller.got_in)
        return decode(exchange)

    bench = build(Telling(), decode=compute, flush_interval=0.01 if not flushes else 3600)
    exchanges = [make_named(number) for number in range(10)]
    with wait_for_the_interpreter() as caller:
        for exchange in exchanges:
            bench.ring.push(exchange, exchange.weight)
        assert bench.worker.flush(10) if flushes else done.wait(10)
    assert any(got_in) is not flushes


def test_no_batch_is_larger_than_the_sink_takes(build: Build) -> None:
    class Small(MemorySink):
        batch_limit = 4  # type: ignore[assignment]

    sink = Small()
    bench = build(sink, flush_interval=3600, max_batch=4)
    bench.push(*range(10))
    assert bench.worker.flush(10)
    assert max(sink.batches) <= 4
    assert len(sink.events) == 10


def test_a_flush_is_false_when_time_runs_out(build: Build) -> None:
    gate = threading.Event()
    bench = build(ScriptedSink(gate=gate))
    bench.push(1)
    assert not bench.worker.flush(0.02)
    gate.set()
    assert bench.worker.flush(10)


def test_an_exchange_that_can_not_be_decoded_is_lost_by_count_and_holds_up_nothing(build: Build) -> None:
    sink = MemorySink()
    bench = build(sink)
    bench.push(1, "bad", 2)
    assert not bench.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert bench.worker.counts.lost == {"decode_fault": 1}
    assert [str(fault) for fault in bench.faults] == ["no"]


def test_what_was_lost_before_a_flush_is_no_matter_of_it(build: Build) -> None:
    sink = MemorySink()
    bench = build(sink, flush_interval=3600)
    bench.push("bad")
    while not bench.worker.counts.lost:
        bench.worker.flush(10)
    bench.push(1)
    assert bench.worker.flush(10)
    assert (ids(sink), bench.worker.counts.lost) == (["1"], {"decode_fault": 1})


def test_decoded_exchanges_hold_no_content(build: Build) -> None:
    bench = build(MemorySink())
    exchange = make_exchange(UNARY)
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


MALFORMED: dict[str, Any] = {
    "a list of what is rejected": {"rejected": [0]},
    "a reason that is none": {"rejected": {0: ["x"]}},
    "no results": {"results": None},
    "a result that is none": {"results": {0: None}},
    "no bytes": {"bytes_sent": None},
    "nothing to bring again": {"retry": None},
    "a wait in words": {"wait": "long"},
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_receipt_with_a_field_of_another_type_is_a_fault_and_the_batch_brought_again(
    fields: dict[str, Any], build: Build
) -> None:
    sink = ScriptedSink(Receipt(**fields))
    bench = build(sink, flush_interval=3600)
    bench.push(1)
    bench.worker.flush(10)
    assert bench.worker.flush(10)
    assert len(bench.faults) == 1
    assert (bench.worker.counts.delivered, bench.ring.in_flight) == (1, 0)


def test_a_worker_that_has_ended_holds_no_events(build: Build) -> None:
    bench = build(ScriptedSink(Receipt(retry=[0], wait=60.0)), flush_interval=3600)
    bench.push(1)
    assert not bench.worker.flush(10)
    bench.worker.stop(10)
    bench.push(2)
    assert not bench.worker._queue
    bench.worker._source.close()
    assert len(bench.ring) == 0
