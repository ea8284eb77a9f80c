"""What belongs to one process: where a call is reported at its end, and what a forked child starts with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport import Event, MemorySink, Payi, PayiStats, payi_flush, payi_instrument, payi_stats
from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.results import ResultSlot, get_last_result, set_last
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.process import ProcessState
from tests.support.calls import call
from tests.support.exchanges import make_exchange
from tests.support.origin import CannedResponse, Origin
from tests.support.polling import wait_until
from tests.support.wire_cases import STREAM, UNARY


@pytest.fixture
def state(sink: MemorySink) -> ProcessState:
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    pipeline = get_active()
    assert pipeline is not None
    return pipeline._state


def make_slot(request_id: str) -> ResultSlot:
    slot = ResultSlot()
    slot.result = {"request_id": request_id}
    return slot


def test_a_call_is_delivered_before_its_end_returns(state: ProcessState, sink: MemorySink) -> None:
    state.end_inline(make_exchange(UNARY))
    assert len(sink.events) == 1


def test_the_last_result_is_that_of_the_call_that_was_read_last(state: ProcessState) -> None:
    set_last(make_slot("made later"))
    state.end_inline(make_exchange(STREAM, result_slot=make_slot("read later")))
    assert get_last_result() == {"request_id": "read later"}


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.ABANDONED, Outcome.FAILED])
def test_a_call_that_was_not_read_to_its_end_leaves_the_last_result(
    outcome: Outcome, state: ProcessState
) -> None:
    set_last(make_slot("made later"))
    state.end_inline(make_exchange(STREAM, outcome=outcome, result_slot=make_slot("left early")))
    assert get_last_result() == {"request_id": "made later"}


def test_a_fault_is_logged_with_its_kind_and_without_its_text(
    state: ProcessState, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        state.count_fault(KeyError("a prompt"))
    [record] = caplog.records
    assert record.getMessage().splitlines()[0] == (
        "payi_transport: an internal error (KeyError); the application is not affected, but an event may be"
        " missing; please report it with this traceback"
    )
    assert "a prompt" not in caplog.text
    assert payi_stats().faults == 2


def test_the_state_of_a_blocked_limit_is_asked_for_at_the_interval(
    sink: MemorySink, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.responses = [CannedResponse([b"{}"], status=503)]
    config: Any = {"enforce_limits": True, "limit_check_interval": 0.01}
    payi_instrument(Payi(api_key="k", base_url=origin.url), sink=sink, config=config)
    pipeline = get_active()
    assert pipeline is not None
    pipeline.limits.set("a", "blocked")
    pipeline._state.results.poll_limits()
    wait_until(lambda: caplog.records)
    assert caplog.records[0].getMessage() == (
        "payi_transport: the state of a limit could not be fetched from Pay-i (InternalServerError), so its"
        " last known state stays in force; it is fetched again at the next interval"
    )
    assert origin.received[0].path == "/api/v1/limits/a"
    assert pipeline.limits.snapshot() == {"a": "blocked"}


@pytest.mark.parametrize(
    ("config", "key", "polls"),
    [({"enforce_limits": True}, "k", True), ({"enforce_limits": True}, "", False), ({}, "k", False)],
)
def test_limits_are_asked_for_where_they_are_enforced_and_there_is_a_key(
    config: Any, key: str, polls: bool, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", key)
    payi_instrument(sink=sink, config=config)
    pipeline = get_active()
    assert pipeline is not None
    assert (pipeline._state.results._poller is not None) is polls


def test_a_fork_starts_empty_and_without_a_thread(state: ProcessState) -> None:
    state.count_fault(KeyError("ours"))
    child = state.fork()
    assert child.delivery.pid == 0
    assert not child.delivery.closed
    assert (child.stats().captured, child.stats().faults) == (0, 0)


def test_a_call_of_another_process_is_left_to_it(state: ProcessState, sink: MemorySink) -> None:
    inherited = state.fork()
    assert inherited.delivery.pid != os.getpid()
    inherited.end_inline(make_exchange(UNARY))
    assert sink.events == []
    assert payi_stats().faults == 0


def test_a_child_that_is_patched_by_gevent_after_the_fork_starts_with_locks_of_gevent(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    pipeline.reset_after_fork()
    forked, lock = pipeline._state, threading.Lock
    monkeypatch.setattr(threading, "Lock", lambda: lock())
    call()
    started = pipeline._state
    assert started is not forked
    call()
    assert payi_flush(10)
    assert pipeline._state is started
    assert payi_stats().delivered == 2


class Spans(MemorySink):
    """A sink that makes spans of calls, as far as a pipeline is concerned."""

    def __init__(self) -> None:
        super().__init__()
        self.remember = lambda: "here"
        self.callers: list[object] = []
        self.observed: list[tuple[Callable[[], PayiStats], Callable[[], bool]]] = []

    def trace_call(self, exchange: Exchange, event: Event) -> Event:
        self.callers.append(exchange.caller)
        return event

    def observe(self, read_stats: Callable[[], PayiStats], flush: Callable[[], bool]) -> None:
        self.observed.append((read_stats, flush))


def test_a_sink_that_makes_spans_sees_each_call_and_the_account(sink: MemorySink) -> None:
    spans = Spans()
    payi_instrument(sink=[sink, spans], config={"delivery": {"flush_interval": 3600}})
    call()
    [(read_stats, flush)] = spans.observed
    assert flush()
    assert (len(sink.events), len(spans.events), spans.callers) == (1, 1, ["here"])
    stats = read_stats()
    assert (stats.captured, stats.sinks["Spans"].delivered) == (1, 1)
