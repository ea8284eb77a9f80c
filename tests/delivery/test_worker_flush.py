"""Flushing a worker: what it waits for, when it gives up, and how it shares the GIL meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.capture.exchange import Exchange
from payi_transport.decode.exchange_decoder import Decoded
from tests.delivery.named_exchanges import decode, ids
from tests.delivery.worker_harness import Build, ScriptedSink
from tests.support.waiting import WaitingCaller, wait_for_the_interpreter


class ComputingDecoder:
    """Computes for a while, and notes after each exchange whether a waiting caller has got the GIL.

    An exchange named "slow" is decoded at once.
    """

    def __init__(self, caller: WaitingCaller) -> None:
        self._caller = caller
        self.got_in: list[bool] = []

    def __call__(self, exchange: Exchange) -> Decoded | str:
        if exchange.route.category != "slow":
            self._caller.compute()
            self.got_in.append(self._caller.got_in)
        return decode(exchange)


def test_a_flush_waits_for_everything_that_was_pushed_before(build: Build) -> None:
    sink = MemorySink()
    harness = build(sink, flush_interval=3600)
    harness.push(*range(10))
    assert harness.worker.flush(10)
    assert ids(sink) == [str(number) for number in range(10)]
    assert harness.ring.in_flight == 0


def test_a_flush_succeeds_when_everything_was_skipped(build: Build) -> None:
    harness = build(MemorySink(), flush_interval=3600)
    harness.push("skip pending")
    assert harness.worker.flush(10)
    assert harness.worker.counts.batches == 0
    assert harness.ring.in_flight == 0


def test_a_flush_with_nothing_to_do_succeeds(build: Build) -> None:
    assert build(MemorySink(), flush_interval=3600).worker.flush(10)


def test_a_flush_returns_false_when_its_time_runs_out(build: Build) -> None:
    gate = threading.Event()
    harness = build(ScriptedSink(gate=gate))
    harness.push(1)
    assert not harness.worker.flush(0.02)
    gate.set()
    assert harness.worker.flush(10)


def test_a_flush_of_a_stopped_worker_returns_false(build: Build) -> None:
    harness = build(ScriptedSink())
    harness.worker.stop(10)
    assert not harness.worker.flush(0.5)


def test_what_was_lost_before_a_flush_does_not_make_it_false(build: Build) -> None:
    sink = MemorySink()
    harness = build(sink, flush_interval=3600)
    harness.push("bad")
    while not harness.worker.counts.lost:
        harness.worker.flush(10)
    harness.push(1)
    assert harness.worker.flush(10)
    assert (ids(sink), harness.worker.counts.lost) == (["1"], {"decode_fault": 1})


def test_between_two_exchanges_a_waiting_caller_gets_the_gil(build: Build) -> None:
    sink = ScriptedSink()
    with wait_for_the_interpreter() as caller:
        decoder = ComputingDecoder(caller)
        harness = build(sink, decode=decoder, flush_interval=0.01)
        harness.push(*range(10))
        assert sink.entered.wait(10)
    assert any(decoder.got_in)


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_during_a_flush_the_worker_keeps_the_gil_also_after_flushes_that_timed_out(
    earlier: int, build: Build
) -> None:
    gate = threading.Event()
    sink = ScriptedSink(gate=gate)
    with wait_for_the_interpreter() as caller:
        decoder = ComputingDecoder(caller)
        harness = build(sink, decode=decoder, flush_interval=3600)
        harness.push("slow")
        for _ in range(earlier):
            assert not harness.worker.flush(0.02)
        gate.set()
        harness.push(*range(10))
        assert harness.worker.flush(10)
    assert decoder.got_in == [False] * 10


def test_a_flush_on_the_workers_own_thread_returns_at_once(build: Build) -> None:
    """As where a log handler flushes: nobody else could deliver what it waits for."""
    flushed: list[bool] = []

    class Flushing(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            flushed.append(harness.worker.flush(600))
            return super().deliver(batch)

    harness = build(Flushing(), flush_interval=3600)
    harness.push("one")
    assert harness.worker.flush(30)
    assert flushed == [False]
