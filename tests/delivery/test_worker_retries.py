"""What a worker does with events that a sink did not accept, and with the pauses between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Receipt
from payi_transport.delivery.retry import Backoff
from tests.delivery.named_exchanges import ids
from tests.delivery.worker_harness import Build, Harness, ScriptedSink


@pytest.mark.parametrize(
    "failure", [Receipt(retry=[0, 1], problem="busy"), OSError("gone")], ids=["returned", "raised"]
)
def test_a_failed_batch_is_sent_again_in_order(build: Build, failure: Any) -> None:
    sink = ScriptedSink(failure, failure)
    harness = build(sink, flush_interval=3600)
    harness.push(1, 2)
    assert harness.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert len(sink.tried) == 3
    counts = harness.worker.counts
    assert (counts.delivered, counts.retried, counts.lost) == (2, 4, {})


def test_only_the_events_to_retry_are_sent_again(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[1], rejected={2: "item_400"}))
    harness = build(sink, flush_interval=3600)
    harness.push(0, 1, 2, 3)
    assert not harness.worker.flush(10)
    assert sink.tried == [["0", "1", "2", "3"], ["1"]]
    counts = harness.worker.counts
    assert (counts.delivered, counts.retried, counts.lost) == (3, 1, {"item_400": 1})
    assert harness.ring.in_flight == 0


def test_a_wait_that_the_sink_asks_for_is_honored(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[0], wait=3600))
    harness = build(sink)
    harness.push(1)
    assert not harness.worker.flush(0.1)
    assert len(sink.tried) == 1
    assert harness.worker.counts.delivered == 0


def test_a_wait_after_a_success_does_not_delay_a_flush(build: Build) -> None:
    sink = ScriptedSink(Receipt(wait=3600))
    harness = build(sink)
    harness.push(1)
    assert harness.worker.flush(10)
    harness.push(2)
    assert harness.worker.flush(10)
    assert ids(sink) == ["1", "2"]


@pytest.mark.parametrize(
    ("retry", "reason", "lost"),
    [({"queue_enabled": False}, "retry_disabled", 3), ({"queue_max_size": 1}, "retry_queue_full", 2)],
)
def test_events_the_retry_queue_does_not_accept_are_counted_as_lost(
    build: Build, retry: dict[str, Any], reason: str, lost: int
) -> None:
    sink = ScriptedSink(Receipt(retry=[0, 1, 2]))
    harness = build(sink, retry=retry, flush_interval=3600)
    harness.push(0, 1, 2)
    assert not harness.worker.flush(10)
    assert harness.worker.counts.lost == {reason: lost}
    assert harness.worker.counts.delivered == 3 - lost
    assert harness.ring.in_flight == 0


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_without_a_queue_an_event_gets_the_configured_inline_retries(build: Build, retries: int) -> None:
    sink = ScriptedSink(*[Receipt(retry=[0, 1])] * 5)
    harness = build(sink, retry={"queue_enabled": False, "max_inline_retries": retries}, flush_interval=3600)
    harness.push(0, 1)
    assert not harness.worker.flush(10)
    assert len(sink.tried) == 1 + retries
    assert harness.worker.counts.lost == {"retry_disabled": 2}
    assert harness.ring.in_flight == 0


def test_a_sink_that_denies_everything_is_logged_once_and_probed_with_one_event(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    denied = Receipt(retry=[0, 1, 2], wait=0.01, problem="Pay-i answered 401", denied=True)
    again = Receipt(retry=[0], wait=0.01, problem="Pay-i answered 401", denied=True)
    sink = ScriptedSink(denied, again, again, Receipt())
    harness = build(sink, flush_interval=3600)
    harness.push(0, 1, 2)
    assert harness.worker.flush(10)
    # Each probe is made with another event than the one that was refused.
    assert sink.tried == [["0", "1", "2"], ["0"], ["1"], ["2"], ["0", "1"]]
    assert ids(sink) == ["2", "0", "1"]
    logged = [record.getMessage() for record in caplog.records]
    assert logged == ["payi_transport: Pay-i answered 401; 3 events wait until this is fixed"]


def test_a_flush_returns_at_once_if_the_sink_will_not_be_called_in_time(build: Build) -> None:
    sink = ScriptedSink(Receipt(retry=[0], wait=60, denied=True, problem="Pay-i answered 401"))
    harness = build(sink, flush_interval=3600)
    harness.push(0)
    began = monotonic()
    assert not harness.worker.flush(30)
    assert not harness.worker.flush(30)
    assert monotonic() - began < 20
    assert len(sink.tried) == 1


def test_a_sink_that_is_down_for_days_is_still_retried(build: Build) -> None:
    sink = ScriptedSink(*[Receipt(retry=[0])] * 5)
    harness = build(sink, flush_interval=3600)
    harness.worker._backoff.failures = 100_000
    harness.push(0)
    assert harness.worker.flush(10)
    assert harness.faults == []


@pytest.mark.parametrize(
    ("receipt", "fault"),
    [
        (Receipt(retry=[7]), ValueError),
        (Receipt(retry=[0], rejected={0: "x"}), ValueError),
        (Receipt(rejected={-1: "x"}), ValueError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_an_invalid_receipt_loses_nothing(build: Build, receipt: Any, fault: type[Exception]) -> None:
    class Odd(MemorySink):
        first = True

        def deliver(self, batch: Sequence[Event]) -> Any:
            first, self.first = self.first, False
            return receipt if first else super().deliver(batch)

    sink = Odd()
    harness = build(sink, flush_interval=3600)
    harness.push(1, 2)
    assert harness.worker.flush(10)
    assert ids(sink) == ["1", "2"]
    assert [type(raised) for raised in harness.faults] == [fault]


def test_during_a_pause_the_thread_sleeps(build: Build) -> None:
    sink = ScriptedSink(Receipt(wait=3600))
    harness = build(sink, flush_interval=3600)
    harness.push(1)
    assert harness.worker.flush(10)
    harness.push(2)
    harness.worker._take_ready()
    assert harness.worker._find_sleep() > 1


def test_each_notice_of_the_sink_is_logged_however_recently_something_else_was(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    sink = ScriptedSink(Receipt(problem="one"), Receipt(notices=["two", "three"], problem="suppressed"))
    harness = build(sink, flush_interval=3600)
    for number in range(2):
        harness.push(number)
        assert harness.worker.flush(10)
    logged = [record.getMessage() for record in caplog.records]
    assert [message.removeprefix("payi_transport: ").partition(";")[0] for message in logged] == [
        "one",
        "two",
        "three",
    ]


def flush_until(harness: Harness, is_done: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not is_done():
        assert monotonic() < deadline
        harness.worker.flush(0.1)


class FailingAt(MemorySink):
    """Fail at every batch with one of these events, as a service that one event crashes."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        if any(event.provider_response_id in self.names for event in batch):
            return Receipt(retry=range(len(batch)), problem="Pay-i responded with HTTP 500")
        return super().deliver(batch)


@pytest.mark.parametrize("culprit", ["0", "5", "19"])
def test_an_event_that_the_sink_always_fails_at_keeps_no_other_back(build: Build, culprit: str) -> None:
    sink = FailingAt(culprit)
    harness = build(sink, {"queue_interval": 0.001}, flush_interval=0.001)
    harness.push(*range(20))
    others = {str(number) for number in range(20)} - {culprit}
    flush_until(harness, lambda: set(ids(sink)) == others)
    # It is not lost: nobody knows that the sink will always fail at it.
    assert not harness.worker.counts.lost
    sink.names = ()
    flush_until(harness, lambda: len(sink.events) == 20)
    assert len(set(ids(sink))) == 20


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59.9, ""),
        (60.0, ", and none was accepted for 1 minutes,"),
        (120.0, ", and none was accepted for 2 minutes,"),
    ],
)
def test_the_log_says_for_how_long_nothing_was_accepted(
    seconds: float,
    told: str,
    build: Build,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backoff, "measure_failing", lambda backoff, now: seconds)
    sink = ScriptedSink(Receipt(retry=[0], problem="Pay-i responded with HTTP 500"))
    harness = build(sink, {"queue_interval": 0.001}, flush_interval=0.001)
    harness.push(0)
    flush_until(harness, lambda: bool(sink.events))
    assert caplog.records[0].getMessage() == (
        f"payi_transport: Pay-i responded with HTTP 500; 1 events wait{told} to be sent again"
    )
