"""The parts of a pipeline: sinks that may be one and the same, and loggers that can't silence each other."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from payi_transport.pipeline.parts import Logs, Sinks
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event


class CountingSink:
    batch_limit = None

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.forks = 0
        self.closes = 0

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        raise NotImplementedError

    def fork(self) -> None:
        self.forks += 1
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closes += 1


def fail(error: BaseException) -> None:
    raise error


def test_a_sink_that_serves_twice_is_told_of_a_fork_once() -> None:
    shared = CountingSink()
    Sinks({"a": shared}, shared).fork(fail)
    assert shared.forks == 1


def test_a_sink_that_fails_in_a_fork_is_a_fault_and_the_other_one_is_told_too() -> None:
    error = OSError("no")
    broken, inline = CountingSink(error), CountingSink()
    faults: list[BaseException] = []
    Sinks({"a": broken}, inline).fork(faults.append)
    assert faults == [error]
    assert inline.forks == 1


def test_only_an_inline_sink_of_its_own_is_closed() -> None:
    worker, inline = CountingSink(), CountingSink()
    Sinks({"a": worker}, inline).close_inline()
    assert (worker.closes, inline.closes) == (0, 1)
    Sinks({"a": worker}, worker).close_inline()
    Sinks({"a": worker}).close_inline()
    assert worker.closes == 0


def test_one_kind_of_message_does_not_silence_another(caplog: pytest.LogCaptureFixture) -> None:
    logs = Logs(logging.getLogger("test_parts"), 60)
    for name in ("delivery", "faults", "losses", "headers", "budgets", "rewrites", "content_logger"):
        for _ in range(2):
            getattr(logs, name).warning(f"about {name}")
    for name in ("file", "otel"):
        log = logs.make_sink_log(name)
        for _ in range(2):
            log.warning("full")
    assert [record.getMessage() for record in caplog.records[7:]] == [
        "payi_transport: file: full",
        "payi_transport: otel: full",
    ]
    assert len(caplog.records) == 9
