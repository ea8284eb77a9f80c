"""When a worker delivers what it holds, in which batches, and what it gives back to its source."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.spool.source import SpoolSource
from payi_transport.delivery.spool.spool import Spool
from payi_transport.delivery.worker import Worker
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from tests.delivery.named_exchanges import ids, make_named
from tests.delivery.worker_harness import Build, Harness, ScriptedSink


@pytest.mark.parametrize(("waited", "is_due"), [(3590, False), (3601, True)])
def test_an_event_waits_for_the_interval_from_the_end_of_its_call_on(waited: float, is_due: bool) -> None:
    harness = Harness(MemorySink(), flush_interval=3600)
    exchange = make_named(1)
    exchange.ended -= waited
    harness.ring.push(exchange, exchange.weight)
    harness.worker._take_ready()
    assert harness.worker._is_due() is is_due


@pytest.mark.parametrize(("interval", "seconds"), [(0.5, 0.5), (2.5, 2.0)])
def test_without_events_it_wakes_up_every_two_seconds_at_least(interval: float, seconds: float) -> None:
    # gevent ends the thread that resolves names after five.
    assert Harness(MemorySink(), flush_interval=interval).worker._find_sleep() == seconds


def test_a_newer_event_does_not_delay_the_oldest_one(build: Build) -> None:
    sink = ScriptedSink()
    harness = build(sink, flush_interval=3600)
    first = make_named(1)
    first.ended -= 3599.5
    harness.ring.push(first, first.weight)
    harness.wake.set()
    harness.push(2)
    assert sink.entered.wait(10)


def test_no_more_is_taken_from_the_ring_than_makes_a_batch() -> None:
    sink = MemorySink()
    harness = Harness(sink, max_batch=3, flush_interval=3600)
    harness.push(*range(9))
    with harness:
        assert harness.worker.flush(10)
    assert sink.batches == [3, 3, 3]


def test_events_that_were_denied_alone_are_read_from_the_disk_again_and_delivered_once(
    tmp_path: Path,
) -> None:
    denied = [Receipt(retry=range(size), wait=0.001, denied=True) for size in (2, 1, 1)]
    sink = ScriptedSink(*denied)
    wake = WakeEvent()
    faults: list[Exception] = []
    with closing(Spool(tmp_path, 1 << 20)) as spool:
        events = [Event(category="c", units={}, provider_response_id=name) for name in "ab"]
        assert spool.append([msgspec.json.encode(event) for event in events])
        worker = Worker(
            SpoolSource(spool, 9, wake, faults.append),
            sink,
            interval=0.01,
            retry=IngestRetrySettings(queue_interval=0.01),
            wake=wake,
            log=RateLimitedLogger(logging.getLogger("tests"), 60),
            on_fault=faults.append,
        )
        worker.start()
        assert worker.flush(30)
        worker.stop(30)
    assert sink.tried == [["a", "b"], ["a"], ["b"], ["a"], ["b"]]
    assert (ids(sink), worker.counts.delivered, faults) == (["a", "b"], 2, [])
