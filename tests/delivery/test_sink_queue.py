"""The queue of one of several sinks: bounded by itself, with listeners for the first sink only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.config.schema import DeliverySettings, IngestRetrySettings, Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.distribution import DecodedCall
from payi_transport.delivery.flushes import wait_for_flushes
from payi_transport.delivery.ring import Ring
from payi_transport.delivery.sink_queue import EventQueue, WorkerOptions
from payi_transport.delivery.sources import RingSource
from payi_transport.delivery.spool.spool import Spool
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.wake_event import WakeEvent
from tests.delivery.named_exchanges import ids
from tests.delivery.worker_harness import ScriptedSink
from tests.support.polling import wait_until


class Harness:
    """An event queue with its sink."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        is_first: bool = False,
        sink: MemorySink | None = None,
        retry: dict[str, Any] | None = None,
        **delivery: Any,
    ) -> None:
        self.sink = MemorySink() if sink is None else sink
        # By the listener of the event, and by the one for events from the spool.
        self.taken: list[Mapping[str, Any]] = []
        self.responses: list[Mapping[str, Any]] = []
        self.settled = threading.Condition()
        log = RateLimitedLogger(logging.getLogger("tests"), 60)
        settings = Settings(
            delivery=DeliverySettings(**{"flush_interval": 0.01, **delivery}),
            ingest_retry=IngestRetrySettings(**{"queue_interval": 0.01, **(retry or {})}),
        )
        options = self.options = WorkerOptions(settings, lambda name: log, log, self.fail, self.settled)
        where = None if directory is None else str(directory)
        listener = self.responses.append
        self.queue = EventQueue("memory", self.sink, options, where, listener, is_first=is_first)

    def fail(self, exc: Exception) -> None:
        raise AssertionError(exc)

    def push(self, *names: str) -> None:
        for name in names:
            event = Event(category="c", units={}, provider_response_id=name)
            self.queue.push(DecodedCall(Decoded(event, self.taken.append), 0.0), 10)

    def finish(self) -> bool:
        self.queue.start()
        deadline = monotonic() + 30
        flushed = wait_for_flushes(self.settled, [self.queue.start_flush(deadline, stop=True)], deadline)
        self.queue.stop(deadline)
        return flushed


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_only_the_first_sink_has_listeners(spooled: bool, is_first: bool, tmp_path: Path) -> None:
    harness = Harness(tmp_path if spooled else None, is_first=is_first)
    harness.push("a", "b")
    assert harness.finish()
    assert ids(harness.sink) == ["a", "b"]
    assert len(harness.taken) == (2 if is_first else 0)
    assert len(harness.responses) == (2 if is_first and spooled else 0)
    assert not any(worker._is_running() for worker in harness.queue.workers)


def test_what_does_not_fit_is_counted_as_lost_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(ring_capacity=2)
    harness.push("a", "b", "c", "d")
    assert harness.queue.read().lost == {"overload": 2}
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: a sink is so far behind that its queue is full, and the newest events are lost for"
        " it; delivery.ring_capacity and delivery.max_bytes_in_flight bound how many may wait for each sink,"
        " and payi_stats().sinks says which one it is"
    ]
    assert harness.finish()
    assert ids(harness.sink) == ["a", "b"]
    assert harness.queue.read().delivered == 2


def test_a_queue_without_a_spool_has_nothing_to_leave_to_a_parent() -> None:
    Harness().queue.discard_inherited()


def leave_behind(directory: Path, *names: str) -> None:
    """Leave events on disk, as an earlier process that could not deliver them."""
    spool = Spool(directory, 1 << 20)
    events = [Event(category="c", units={}, provider_response_id=name) for name in names]
    assert spool.append([msgspec.json.encode(event) for event in events])
    spool.close()


def test_events_of_earlier_processes_are_counted_apart(tmp_path: Path) -> None:
    leave_behind(tmp_path, "a", "b", "c")
    sink = ScriptedSink(Receipt(rejected={1: "status_400"}, bytes_sent=7))
    harness = Harness(tmp_path, sink=sink)
    harness.push("d")
    harness.finish()
    stats = harness.queue.read()
    assert (stats.replayed, stats.replay_lost) == (2, {"status_400": 1})
    assert (stats.delivered, stats.lost, stats.spooled) == (1, {}, 0)
    assert (stats.batches, stats.bytes_sent) == (2, 7)


@pytest.mark.parametrize(("limit", "sizes"), [(None, [3, 1]), (2, [2, 2])])
def test_a_batch_from_the_disk_is_as_large_as_the_sink_takes_or_else_as_configured(
    limit: int | None, sizes: list[int], tmp_path: Path
) -> None:
    leave_behind(tmp_path, *"abcd")
    sink = ScriptedSink(batch_limit=limit)
    harness = Harness(tmp_path, sink=sink, max_batch=3)
    harness.queue.start()
    wait_until(lambda: harness.queue.read().replayed == 4)
    harness.queue.stop(monotonic() + 30)
    assert sink.batches == sizes


def test_what_bounds_the_queue_in_memory_does_not_bound_the_one_on_disk(tmp_path: Path) -> None:
    sink = ScriptedSink(Receipt(retry=[0, 1, 2]), Receipt(retry=[0, 1, 2]))
    retry = {"queue_enabled": False, "queue_max_size": 1, "max_inline_retries": 0}
    harness = Harness(tmp_path, sink=sink, retry=retry, flush_interval=3600)
    harness.push("a", "b", "c")
    assert harness.finish()
    assert (harness.queue.read().retried, harness.queue.read().lost) == (6, {})
    assert ids(sink) == ["a", "b", "c"]


def test_without_a_directory_events_are_dropped_as_configured() -> None:
    sink = ScriptedSink(Receipt(retry=[0, 1, 2]))
    harness = Harness(sink=sink, retry={"queue_max_size": 1}, flush_interval=3600)
    harness.push("a", "b", "c")
    assert not harness.finish()
    assert harness.queue.read().lost == {"retry_queue_full": 2}


def test_a_sink_that_hangs_is_not_waited_for_once_its_flush_has_failed() -> None:
    gate = threading.Event()
    sink = ScriptedSink(gate=gate)
    harness = Harness(sink=sink)
    harness.queue.start()
    harness.push("a")
    assert sink.entered.wait(30)
    started = monotonic()
    harness.queue.stop(started + 20)
    assert monotonic() - started < 10
    gate.set()
    harness.queue.workers[0].stop(30)
    assert sink.closed


def test_a_sink_whose_events_live_in_memory_has_no_spool(tmp_path: Path) -> None:
    spans = ScriptedSink()
    assert Harness(tmp_path, sink=spans).queue.may_spool
    spans.spools = False  # type: ignore[attr-defined]
    harness = Harness(tmp_path, sink=spans)
    assert (harness.queue.may_spool, harness.queue.spool, len(harness.queue.workers)) == (False, None, 1)


@pytest.mark.parametrize(("often", "seconds"), [(False, 1.0), (True, 0.5)])
def test_a_worker_that_passes_on_wakes_up_twice_as_often(often: bool, seconds: float) -> None:
    harness = Harness(flush_interval=1.0)
    source = RingSource(Ring[Any](1, 1, 1, lambda: None), lambda item: "pending", harness.fail, 1)
    worker = harness.options.make_worker(
        source, harness.sink, wake=WakeEvent(), log=harness.options.loss_log, often=often
    )
    assert worker._find_sleep() == seconds
