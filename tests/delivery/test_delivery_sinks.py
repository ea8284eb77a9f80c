"""Several sinks side by side: whatever one does, the others get everything, and each account adds up."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport import Event, MemorySink, Receipt
from payi_transport.config.schema import DeliverySettings, IngestRetrySettings, Settings
from payi_transport.delivery.delivery import Delivery
from payi_transport.delivery.stats import PayiStats, SinkStats
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.protocol import Sink
from tests.delivery.named_exchanges import decode, ids, make_named

# Longer than any test waits for a sink that works. Seconds.
LONG = 30.0


class BadSink(MemorySink):
    """Do what its `behavior` says: "works", "refuses", "rejects", "raises", "full" (disk), or "hangs"."""

    def __init__(self, behavior: str) -> None:
        super().__init__()
        self.behavior = behavior
        self.released = threading.Event()
        self.entered = threading.Event()
        self.closed = threading.Event()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.entered.set()
        everything = range(len(batch))
        if self.behavior == "refuses":
            return Receipt(retry=everything, problem="no", wait=1.0)
        if self.behavior == "rejects":
            return Receipt(rejected=dict.fromkeys(everything, "status_400"))
        if self.behavior == "raises":
            raise ValueError("no")
        if self.behavior == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.behavior == "hangs":
            self.released.wait(LONG)
        return super().deliver(batch)

    def close(self) -> None:
        self.closed.set()


class Harness:
    """A delivery to sinks by name, which is closed by the test."""

    def __init__(self, sinks: dict[str, Sink], directory: Path | None = None, **delivery: Any) -> None:
        self.faults: list[Exception] = []
        log, loss_log = (RateLimitedLogger(logging.getLogger("tests"), 60) for _ in range(2))
        where = str(directory) if directory else None
        for name in sinks if directory else ():
            (directory / name).mkdir(exist_ok=True)  # type: ignore[operator]
        config = Settings(
            delivery=DeliverySettings(**{"flush_interval": 0.01, "spool_directory": where, **delivery}),
            ingest_retry=IngestRetrySettings(queue_interval=0.01),
        )
        self.delivery = Delivery(
            config, sinks, decode, make_log=lambda name: log, loss_log=loss_log, on_fault=self.faults.append
        )
        self.pushed = 0
        self.delivery.start()

    def push(self, *names: object) -> None:
        for name in names:
            self.delivery.push(make_named(name))
            self.pushed += 1

    def stats(self) -> PayiStats:
        stats = self.delivery.stats()
        for sink in stats.sinks.values():
            assert add_up(sink) == sink.captured == self.pushed
            assert min(sink.queued, sink.spooled, sink.delivered) >= 0
        return stats


def add_up(stats: SinkStats) -> int:
    counts = (stats.delivered, stats.queued, stats.spooled, *stats.lost.values(), *stats.skipped.values())
    return sum(counts)


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


BEHAVIORS = ["works", "refuses", "rejects", "raises", "full", "hangs"]


@settings(max_examples=12, deadline=None)
@given(
    behaviors=st.lists(st.sampled_from(BEHAVIORS), min_size=1, max_size=2),
    place=st.integers(0, 2),
    names=st.lists(st.sampled_from(["event", "event", "bad", "skip"]), max_size=30),
    spooled=st.booleans(),
    capacity=st.sampled_from([4, 1000]),
)
def test_a_sink_that_works_gets_everything_in_time_whatever_the_others_do(
    behaviors: list[str], place: int, names: list[str], spooled: bool, capacity: int
) -> None:
    good = BadSink("works")
    others = [BadSink(behavior) for behavior in behaviors]
    sinks = [*others[:place], good, *others[place:]]
    by_name: dict[str, Sink] = {f"sink-{number}": sink for number, sink in enumerate(sinks)}
    [name] = [name for name, sink in by_name.items() if sink is good]
    sent = [f"{number}" if kind == "event" else kind for number, kind in enumerate(names)]
    with TemporaryDirectory() as directory:
        harness = Harness(by_name, Path(directory) if spooled else None, ring_capacity=capacity)
        for one in sent:
            harness.push(one)
        started = monotonic()
        harness.delivery.close(1.0)
        assert monotonic() - started < LONG / 2
        stats = harness.stats()
        for other in others:
            other.released.set()
        account = stats.sinks[name]
        lost = account.lost.get("overload", 0)
        assert lost == 0 or capacity == 4
        expected = [one for one in sent if one.isdigit()]
        assert account.delivered == len(good.events) and account.queued == account.spooled == 0
        # What was lost before it was decoded may be any of them.
        assert set(ids(good)) <= set(expected)
        assert lost or ids(good) == expected
        assert good.closed.wait(LONG)
        harness.stats()


@pytest.mark.parametrize("spooled", [False, True])
def test_a_flush_delivers_to_the_others_while_one_hangs(spooled: bool, tmp_path: Path) -> None:
    stuck, good = BadSink("hangs"), BadSink("works")
    harness = Harness({"stuck": stuck, "good": good}, tmp_path if spooled else None)
    harness.push(*range(20))
    assert stuck.entered.wait(LONG)
    assert not harness.delivery.flush(0.5)
    assert ids(good) == numbers(20)
    stats = harness.stats()
    assert stats.sinks["good"].delivered == 20
    assert (stats.delivered, stats.queued + stats.spooled) == (0, 20)
    stuck.released.set()
    assert harness.delivery.flush(LONG)
    assert ids(stuck) == numbers(20)
    assert harness.delivery.close(LONG) and harness.faults == []


def test_a_sink_that_hangs_loses_the_newest_of_its_own_events_once_its_queue_is_full() -> None:
    stuck, good = BadSink("hangs"), BadSink("works")
    harness = Harness({"stuck": stuck, "good": good}, ring_capacity=4)
    harness.push(1)
    assert stuck.entered.wait(LONG)
    for number in range(2, 12):
        harness.push(number)
        harness.delivery.flush(0.05)
    stats = harness.stats()
    assert (stats.sinks["stuck"].lost, stats.sinks["good"].lost) == ({"overload": 7}, {})
    stuck.released.set()
    assert harness.delivery.close(LONG)
    assert len(stuck.events) == 4 and len(good.events) == 11


def test_closing_names_the_sinks_that_did_not_get_everything(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness({"payi": BadSink("refuses"), "good": BadSink("works"), "file": BadSink("full")})
    harness.push(1)
    assert not harness.delivery.close(0.2)
    assert caplog.records[-1].getMessage() == (
        "payi_transport: stopped with 2 events undelivered (to payi, file); call payi_flush() earlier, or set"
        " delivery.spool_directory to keep such events on disk for the next process"
    )


def test_a_directory_for_events_is_advice_only_where_a_sink_takes_them_from_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    spans: Any = BadSink("refuses")
    spans.spools = False
    harness = Harness({"otel": spans})
    harness.push(1)
    assert not harness.delivery.close(0.2)
    assert "stopped with 1 events undelivered; call payi_flush() earlier" in caplog.text
    assert "delivery.spool_directory" not in caplog.text


def test_the_totals_are_those_of_the_first_sink(tmp_path: Path) -> None:
    harness = Harness({"payi": BadSink("works"), "bad": BadSink("rejects")}, tmp_path)
    harness.push(*range(3), "skip", "bad")
    assert not harness.delivery.flush(LONG)
    stats = harness.stats()
    assert (stats.delivered, stats.lost, stats.skipped) == (3, {"decode_fault": 1}, {"pending": 1})
    assert stats.sinks["bad"].lost == {"status_400": 3, "decode_fault": 1}
    assert stats["sinks"]["payi"]["delivered"] == 3
    # Pay-i's spool is where that of a single sink is.
    harness.delivery.close(LONG)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "payi"]
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["rejected.jsonl"]


def test_an_event_that_was_reported_inline_goes_to_the_other_sinks_only() -> None:
    first, other = MemorySink(), MemorySink()
    harness = Harness({"first": first, "other": other})
    decoded = decode(make_named("a"))
    assert not isinstance(decoded, str)
    harness.delivery.push_reported(decoded, 10, 0.0)
    assert harness.delivery.close(LONG)
    assert (ids(first), ids(other)) == ([], ["a"])
