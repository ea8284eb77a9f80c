"""The whole way in one process: accounts, overload, forks, and what is not left behind."""

from __future__ import annotations

import contextvars
import json
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport import (
    Event,
    MemorySink,
    Receipt,
    payi_flush,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.capture.exchange import Outcome
from payi_transport.capture.rewrites import HookAbilities
from payi_transport.pipeline import assembly
from payi_transport.pipeline.active import get_active
from tests.support.calls import call
from tests.support.exchanges import ROUTE, feed
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY

ALL_ABILITIES = HookAbilities()


class HeldSink(MemorySink):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = threading.Event(), threading.Event()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.entered.set()
        self.gate.wait(30)
        return super().deliver(batch)


def test_captured_is_delivered_plus_queued_plus_lost_at_any_time() -> None:
    sink = HeldSink()
    payi_instrument(
        sink=sink, config={"delivery": {"ring_capacity": 5, "flush_interval": 0.01, "max_batch": 1}}
    )
    call()
    assert sink.entered.wait(10)
    for _ in range(20):
        call()
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued, stats.lost) == (21, 0, 5, {"overload": 16})
    sink.gate.set()
    assert payi_flush(10)
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued, stats.lost) == (21, 5, 0, {"overload": 16})
    assert (stats.batches, stats.faults) == (len(sink.batches), 0)
    call()
    assert payi_flush(10)
    assert payi_stats().delivered == 6


def test_bytes_in_flight_are_bounded_too_and_the_loss_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = HeldSink()
    payi_instrument(sink=sink, config={"delivery": {"max_bytes_in_flight": 2000, "flush_interval": 0.01}})
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            call()
    assert 0 < payi_stats().lost["overload"] < 10
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    sink.gate.set()


def test_many_threads_lose_nothing(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def work() -> None:
        for _ in range(25):
            call()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert payi_flush(20)
    assert len(sink.events) == payi_stats().captured == 200


def test_a_forked_child_delivers_its_own_events_and_none_of_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "capture.json"
    payi_instrument(
        config={"offline_instrumentation": {"file_name": str(file)}, "delivery": {"flush_interval": 3600}}
    )
    call()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            before = payi_stats().captured
            call()
            code = 0 if before == 0 and payi_flush(10) and payi_stats().delivered == 1 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    call()
    assert payi_flush(10)
    assert len(json.loads(file.read_text())) == 2
    assert len(json.loads((tmp_path / f"capture-{child}.json").read_text())) == 1


def test_a_sink_that_fails_in_a_forked_child_is_a_fault_there_and_no_more() -> None:
    class Failing(MemorySink):
        def fork(self) -> None:
            raise RuntimeError("a socket that can't be closed")

    payi_instrument(sink=Failing())
    call()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            call()
            stats = payi_stats()
            code = 0 if payi_flush(10) and (stats.captured, stats.faults) == (1, 1) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert payi_flush(10)
    assert (payi_stats().delivered, payi_stats().faults) == (1, 0)


def test_a_fork_without_at_fork_hooks_is_noticed_at_the_next_call(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    call()
    assert payi_flush(10)
    pipeline._state.delivery.pid = -1
    call()
    assert payi_flush(10)
    assert payi_stats().captured == 1
    # Of two threads that make the first call at once, one starts the workers.
    assert pipeline._start_state() is pipeline._state


def test_the_own_traffic_is_never_recorded(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    origin.responses = [CannedResponse(confirms=True)]
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    # With "?", Pay-i's path becomes a query, and only the mark tells this request from one to a provider.
    monkeypatch.setattr(assembly, "check_base_url", lambda url, name: url)
    monkeypatch.setenv("PAYI_BASE_URL", origin.url + "/v1/chat/completions?")
    payi_instrument(config={"host_mappings": {"127.0.0.1": {"price_as_category": "system.openai"}}})
    call()
    assert payi_flush(10)
    assert len(origin.received) == payi_stats().captured == 1


SPAN: contextvars.ContextVar[str] = contextvars.ContextVar("SPAN", default="none")


@pytest.mark.parametrize("log_content", [True, False])
def test_a_prompt_and_response_logger_gets_both_with_pay_is_request_id(
    log_content: bool, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [CannedResponse([b'{"request_id":"r-1"}']), CannedResponse([b'{"request_id":"r-2"}'])]
    told: list[Any] = []

    def log(request_id: str, data: dict[str, str]) -> None:
        told.append((request_id, SPAN.get(), data["provider_request_json"]))

    payi_instrument(log_prompt_and_response=log_content, prompt_and_response_logger=log)
    for span in ("first", "second"):
        token = SPAN.set(span)
        call()
        SPAN.reset(token)
    assert payi_flush(10)
    prompt = UNARY.request.decode()
    assert told == [("r-1", "first", prompt), ("r-2", "second", prompt)]
    assert {received.path.partition("?")[0] for received in origin.received} == {"/api/v1/ingest"}
    assert [b"provider_request_json" in received.body for received in origin.received] == [log_content] * 2


def test_a_logger_that_fails_is_counted_and_logged_and_the_events_arrive(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request_id: str, data: dict[str, str]) -> None:
        raise ValueError("no")

    payi_instrument(sink=sink, prompt_and_response_logger=fail)
    for _ in range(3):
        call()
        assert payi_flush(10)
    assert len(sink.events) == payi_stats().faults == 3
    [record] = [record for record in caplog.records if record.name == "payi.instrument"]
    assert "prompt_and_response_logger failed (ValueError)" in record.getMessage()


def test_stopping_with_a_dead_destination_takes_two_seconds_and_says_what_is_left(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hold = threading.Event()
    origin.responses = [CannedResponse(hold=hold)]
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    payi_instrument()
    call()
    started = monotonic()
    payi_uninstrument()
    hold.set()
    assert monotonic() - started < 3
    assert "stopped with 1 events undelivered" in caplog.text


def test_an_exchange_that_cannot_be_queued_is_a_fault_and_not_an_exception(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    body: Any = 7
    request = pipeline.begin(ROUTE, (), body, ALL_ABILITIES)
    assert request is not None
    request.start_response(200, ()).finish()
    assert payi_stats().faults == 1


def test_a_finalizer_that_finds_the_ring_full_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sink = HeldSink()
    payi_instrument(sink=sink, config={"delivery": {"ring_capacity": 1, "flush_interval": 0.01}})
    call()
    pipeline = get_active()
    assert pipeline is not None
    request = pipeline.begin(ROUTE, (), b"{}", ALL_ABILITIES)
    assert request is not None
    request.start_response(200, ()).finish(Outcome.ABANDONED)
    assert payi_stats().lost == {"overload": 1}
    assert caplog.records == []
    sink.gate.set()


def test_responses_that_are_open_at_shutdown_are_reported_as_far_as_they_arrived(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    started = [pipeline.begin(ROUTE, (), b"{}", ALL_ABILITIES) for _ in range(3)]
    whole, cut, unanswered = [request for request in started if request is not None]
    responses = []
    for request, chunks in ((whole, STREAM.chunks()), (cut, STREAM.chunks()[:2])):
        response = request.start_response(200, (b"content-type", b"text/event-stream"))
        feed(response, chunks)
        responses.append(response)
    payi_uninstrument()
    for response in responses:
        response.finish()
    unanswered.fail(RuntimeError("late"))
    first, second = sink.events
    # Both have the same id.
    own = {"provider.response_id": first.provider_response_id}
    assert (first.properties, second.properties) == (None, {"system.stream": "partial", **own})
    assert [bool(event.units) for event in sink.events] == [True, False]
    assert (payi_stats().delivered, payi_stats().lost) == (2, {"shutdown": 1})


@pytest.mark.parametrize(("logger", "captured"), [(None, 1), (lambda *_: None, 0)], ids=["plain", "logged"])
def test_a_response_that_is_garbage_at_shutdown_is_not_reported_twice(
    logger: Any, captured: int, sink: MemorySink
) -> None:
    # What is remembered for a logger is not kept for the shutdown, which would keep the caller's context.
    payi_instrument(sink=sink, prompt_and_response_logger=logger)
    pipeline = get_active()
    assert pipeline is not None
    request = pipeline.begin(ROUTE, (), b"{}", ALL_ABILITIES)
    assert request is not None
    request.start_response(200, ())
    del request
    payi_uninstrument()
    assert (payi_stats().captured, payi_stats().faults) == (captured, 0)
