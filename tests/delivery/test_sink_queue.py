"""The queue of one of several sinks: bounded by itself, with listeners for the first sink only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport import Event, MemorySink
from payi_transport.config.schema import DeliverySettings, Settings
from payi_transport.decode.exchange_decoder import Decoded
from payi_transport.delivery.distribution import DecodedCall
from payi_transport.delivery.flushes import wait_for_flushes
from payi_transport.delivery.sink_queue import EventQueue, WorkerOptions
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from tests.delivery.named_exchanges import ids


class Harness:
    """An event queue with its sink."""

    def __init__(self, directory: Path | None = None, *, is_first: bool = False, **delivery: Any) -> None:
        self.sink = MemorySink()
        # By the listener of the event, and by the one for events from the spool.
        self.taken: list[Mapping[str, Any]] = []
        self.responses: list[Mapping[str, Any]] = []
        self.settled = threading.Condition()
        log = RateLimitedLogger(logging.getLogger("tests"), 60)
        settings = Settings(delivery=DeliverySettings(**{"flush_interval": 0.01, **delivery}))
        options = WorkerOptions(settings, lambda name: log, log, self.fail, self.settled)
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
    assert "a sink is so far behind that its queue is full" in caplog.text
    assert harness.finish()
    assert ids(harness.sink) == ["a", "b"]
    assert harness.queue.read().delivered == 2


def test_a_queue_without_a_spool_has_nothing_to_leave_to_a_parent() -> None:
    Harness().queue.discard_inherited()
