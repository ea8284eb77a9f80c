"""From a finished exchange to its event, with and without a spool, and every call accounted for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.capture.exchange import Outcome
from payi_transport.compat import Self
from payi_transport.config.schema import DeliverySettings, IngestRetrySettings, Settings
from payi_transport.delivery.delivery import Delivery
from payi_transport.delivery.stats import PayiStats
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from tests.delivery.named_exchanges import decode, ids, make_named


class SwitchableSink(MemorySink):
    """Accepts nothing while it is down, rejects events named in `poison`, and waits for `gate`."""

    batch_limit = 4  # type: ignore[assignment]

    def __init__(self, *, down: bool = False, poison: Sequence[str] = ()) -> None:
        super().__init__()
        self.down = down
        self.poison = poison
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.entered.set()
        self.gate.wait(30)
        if self.down:
            return Receipt(retry=range(len(batch)), problem="down")
        bad = {i: "status_400" for i, event in enumerate(batch) if event.provider_response_id in self.poison}
        super().deliver([event for i, event in enumerate(batch) if i not in bad])
        return Receipt(rejected=bad)


class Harness:
    """A delivery of named exchanges, which runs while the harness is entered."""

    def __init__(self, sink: MemorySink, directory: Path | None = None, **delivery: Any) -> None:
        self.faults: list[Exception] = []
        logger = logging.getLogger("tests")
        settings = Settings(
            delivery=DeliverySettings(
                **{
                    "flush_interval": 0.01,
                    "max_batch": 4,
                    "spool_directory": str(directory) if directory else None,
                    **delivery,
                }
            ),
            ingest_retry=IngestRetrySettings(queue_interval=0.01),
        )
        self.delivery = Delivery(
            settings,
            {"memory": sink},
            decode,
            make_log=lambda name: RateLimitedLogger(logger, 60),
            loss_log=RateLimitedLogger(logger, 60),
            on_fault=self.faults.append,
        )
        self.pushed = 0

    def __enter__(self) -> Self:
        self.delivery.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.delivery.close(10)

    def push(self, *names: object, outcome: Outcome = Outcome.EXHAUSTED) -> None:
        for name in names:
            self.delivery.push(make_named(name, outcome=outcome))
            self.pushed += 1

    def stats(self) -> PayiStats:
        stats = self.delivery.stats()
        parts = (stats.delivered, stats.queued, stats.spooled, *stats.lost.values(), *stats.skipped.values())
        assert stats.captured == self.pushed == sum(parts)
        assert min(parts) >= 0
        return stats


Build = Callable[..., Harness]


@pytest.fixture
def build(running: ExitStack) -> Build:
    return lambda *args, **options: running.enter_context(Harness(*args, **options))


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@pytest.mark.parametrize("spooled", [False, True])
def test_events_arrive_in_order_and_each_is_accounted_for(
    spooled: bool, build: Build, tmp_path: Path
) -> None:
    sink = SwitchableSink(poison=["5"])
    harness = build(sink, tmp_path if spooled else None)
    harness.push(*range(10), "bad", "skip")
    assert not harness.delivery.flush(10)
    assert ids(sink) == [name for name in numbers(10) if name != "5"]
    stats = harness.stats()
    assert (stats.delivered, stats.queued, stats.spooled) == (9, 0, 0)
    assert (stats.lost, stats.skipped) == ({"decode_fault": 1, "status_400": 1}, {"pending": 1})
    assert harness.delivery.close(10)
    assert [path.name for path in tmp_path.iterdir()] == (["rejected.jsonl"] if spooled else [])


@pytest.mark.parametrize("spooled", [False, True])
def test_a_sink_that_fails_to_close_is_a_fault_and_everything_else_is_closed(
    spooled: bool, build: Build, tmp_path: Path
) -> None:
    class UnclosableSink(MemorySink):
        def close(self) -> None:
            raise OSError("no")

    harness = build(UnclosableSink(), tmp_path if spooled else None)
    harness.push(1)
    assert harness.delivery.close(10)
    assert [str(fault) for fault in harness.faults] == ["no"]
    assert list(tmp_path.iterdir()) == []


def test_with_a_spool_a_sink_that_hangs_does_not_delay_decoding(build: Build, tmp_path: Path) -> None:
    sink = SwitchableSink()
    sink.gate.clear()
    harness = build(sink, tmp_path, ring_capacity=8)
    for number in range(100):
        harness.push(number)
        assert sink.entered.wait(10)
        while harness.stats().queued:
            harness.delivery.flush(0)
    stats = harness.stats()
    assert (stats.spooled, stats.lost) == (100, {})
    sink.gate.set()
    assert harness.delivery.flush(10)
    assert ids(sink) == numbers(100)


def test_what_one_process_could_not_deliver_the_next_delivers(build: Build, tmp_path: Path) -> None:
    dead = build(SwitchableSink(down=True), tmp_path)
    dead.push(*range(10))
    assert not dead.delivery.close(0.3)
    assert dead.stats().spooled == 10
    dead.delivery._queues["memory"].workers[1].stop(10)
    sink = SwitchableSink()
    harness = build(sink, tmp_path)
    harness.push("new")
    while not harness.stats().delivered:
        harness.delivery.flush(10)
    assert ids(sink) == [*numbers(10), "new"]
    assert (harness.stats().replayed, harness.stats().delivered) == (10, 1)


def test_when_the_spool_is_full_the_rest_stays_in_memory_within_its_bounds(
    build: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = SwitchableSink(down=True)
    harness = build(sink, tmp_path, spool_max_bytes=500, ring_capacity=8)
    harness.push(*range(8))
    while "the spool is full" not in caplog.text:
        harness.delivery.flush(0)
    harness.push(*range(8, 100))
    stats = harness.stats()
    assert stats.spooled >= 4 and stats.lost["overload"] >= 80
    sink.down = False
    assert harness.delivery.flush(20)
    assert harness.stats().delivered == 100 - stats.lost["overload"]


def test_after_close_calls_are_counted_as_lost_and_a_second_close_returns_at_once(build: Build) -> None:
    harness = build(MemorySink())
    harness.push(1)
    assert harness.delivery.close(10) and harness.delivery.close(0)
    harness.push(2)
    assert harness.stats().lost == {"shutdown": 1}


def interrupt(*arguments: object) -> bool:
    raise KeyboardInterrupt


def test_a_close_that_an_exception_interrupts_can_be_finished(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = build(MemorySink(), flush_interval=3600)
    harness.push("one")

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("payi_transport.delivery.delivery.wait_for_flushes", interrupt)
        harness.delivery.close(10)
    assert harness.stats().queued == 1
    assert harness.delivery.close(10)
    assert harness.stats().delivered == 1


def test_a_finalizer_never_wakes_the_worker_because_that_takes_a_lock() -> None:
    harness = Harness(MemorySink(), max_batch=1)
    harness.push(1, outcome=Outcome.ABANDONED)
    assert not harness.delivery._wake.is_set()
    harness.push(2)
    assert harness.delivery._wake.is_set()


def test_a_finalizer_that_meets_a_full_ring_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(MemorySink(), ring_capacity=1)
    harness.push(1, 2, outcome=Outcome.ABANDONED)
    assert harness.stats().lost == {"overload": 1}
    assert caplog.records == []
    harness.push(3)
    [record] = caplog.records
    assert record.getMessage().endswith("delivery.max_bytes_in_flight bound how many may wait")


def test_a_delivery_that_never_started_has_nothing_to_flush() -> None:
    harness = Harness(MemorySink())
    assert harness.delivery.pid == 0
    assert harness.delivery.flush(0) and harness.delivery.close(0)
    harness.delivery.discard_inherited()


def test_a_delivery_that_was_closed_before_its_start_starts_no_thread() -> None:
    harness = Harness(MemorySink())
    harness.delivery.closed = harness.delivery.ended = True
    before = threading.active_count()
    harness.delivery.start()
    harness.push(1)
    assert threading.active_count() == before
    assert harness.stats().lost["shutdown"] == 1


def test_closing_with_events_undelivered_logs_how_many(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    harness = build(SwitchableSink(down=True))
    harness.push(1, 2)
    assert not harness.delivery.close(0.1)
    assert harness.stats().queued == 2


@pytest.mark.parametrize("later", [True, False], ids=["at the next flush", "never"])
def test_where_no_thread_can_be_started_calls_are_counted_and_a_flush_tries_again(
    later: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    harness = Harness(MemorySink())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        harness.delivery.start()
        harness.push(1)
        if not later:
            assert not harness.delivery.flush(10)
            assert not harness.delivery.close(10)
            assert harness.stats().queued == 1
    assert [type(fault) for fault in harness.faults] == [RuntimeError]
    assert harness.delivery.flush(10) is later
    assert harness.delivery.close(10) is later
    assert harness.stats().delivered == later


def test_a_delivery_may_be_started_twice() -> None:
    with Harness(MemorySink()) as harness:
        before = threading.active_count()
        harness.delivery.start()
        assert threading.active_count() == before


def test_an_error_in_push_is_a_fault_and_is_not_raised(build: Build) -> None:
    harness = build(MemorySink())
    broken: Any = None
    harness.delivery.push(broken)
    assert [type(fault) for fault in harness.faults] == [AttributeError]


def test_an_interruption_in_push_is_raised(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = build(MemorySink())
    monkeypatch.setattr(harness.delivery._ring, "push", interrupt)
    with pytest.raises(KeyboardInterrupt):
        harness.push("one")


def test_a_delivery_left_to_the_parent_closes_its_files(tmp_path: Path) -> None:
    harness = Harness(MemorySink(), tmp_path)
    harness.delivery.discard_inherited()
    assert list(tmp_path.iterdir()) == []
