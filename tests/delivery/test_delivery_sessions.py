"""What the messages of a session make is delivered and counted like any other call."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_shutdown, payi_stats
from payi_transport.capture.session import Session
from payi_transport.delivery import delivery
from payi_transport.pipeline.active import get_active
from payi_transport.providers.provider import WEBSOCKET

CREATED = {"type": "response.created", "response": {"id": "r1"}}
USAGE = {"input_tokens": 7, "output_tokens": 3}


def open_session(sink: MemorySink) -> Session:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    route = pipeline.routes.find(WEBSOCKET, "wss", "api.openai.com", None, "/v1/responses")
    assert route is not None
    session = pipeline.open_session(route, (), {})
    assert session is not None
    return session


def respond(session: Session, name: str) -> None:
    for kind, fields in (("created", {}), ("completed", {"usage": USAGE})):
        event = {"type": f"response.{kind}", "response": {"id": name, **fields}}
        session.receive(json.dumps(event).encode())


def test_each_response_is_captured_and_delivered(sink: MemorySink) -> None:
    session = open_session(sink)
    for number in range(100):
        respond(session, f"r{number}")
    assert payi_flush(30)
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued, stats.lost) == (100, 100, 0, {})
    assert [event.provider_response_id for event in sink.events] == [f"r{number}" for number in range(100)]


def test_at_shutdown_an_open_response_is_reported_as_partial(sink: MemorySink) -> None:
    session = open_session(sink)
    session.receive(json.dumps(CREATED).encode())
    assert payi_shutdown(30)
    (event,) = sink.events
    assert (event.properties or {})["system.stream"] == "partial"
    respond(session, "r2")
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.lost) == (2, 1, {"shutdown": 1})


def test_responses_that_do_not_fit_are_counted_as_lost(sink: MemorySink, monkeypatch: Any) -> None:
    session = open_session(sink)
    pipeline = get_active()
    assert pipeline is not None
    monkeypatch.setattr(pipeline._state.delivery._ring, "push", lambda *args, **options: False)
    respond(session, "r1")
    stats = payi_stats()
    assert (stats.captured, stats.lost) == (1, {"overload": 1})


def test_a_fault_in_reading_reaches_nobody(sink: MemorySink, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session(sink)

    def fail(work: Any) -> Any:
        raise RuntimeError("a fault")

    monkeypatch.setattr(delivery, "read_session", fail)
    respond(session, "r1")
    assert payi_flush(30)
    assert (payi_stats().faults, payi_stats().captured) == (1, 0)
    monkeypatch.undo()
    pipeline = get_active()
    assert pipeline is not None
    monkeypatch.setattr(pipeline._state.delivery._ring, "push", fail)
    respond(session, "r2")
    assert payi_stats().faults == 2


def test_an_interruption_is_no_fault_and_reaches_the_program(sink: MemorySink, monkeypatch: Any) -> None:
    session = open_session(sink)
    pipeline = get_active()
    assert pipeline is not None

    def interrupt(*arguments: object, **options: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(pipeline._state.delivery._ring, "push", interrupt)
        respond(session, "r1")
    assert payi_stats().faults == 0


def test_a_session_that_is_closed_is_no_longer_watched(sink: MemorySink) -> None:
    session = open_session(sink)
    pipeline = get_active()
    assert pipeline is not None
    watched = pipeline._state.delivery.open_responses
    assert len(watched) == 1
    session.finish()
    assert watched == {}


def test_the_first_session_of_a_forked_child_starts_its_workers(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_session(sink)
    pipeline = get_active()
    assert pipeline is not None
    monkeypatch.setattr("payi_transport.pipeline.pipeline.run_at_child_exit", lambda function: None)
    inherited = pipeline._state.delivery
    # uWSGI forks without running at-fork hooks, so only the id of the process shows it.
    inherited.pid = -1
    respond(open_session(sink), "r1")
    assert pipeline._state.delivery is not inherited
    assert payi_flush(30)
    assert [event.provider_response_id for event in sink.events] == ["r1"]
    inherited.pid = os.getpid()
    inherited.close(5)


def test_an_operation_without_sessions_opens_none(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    pipeline = get_active()
    assert pipeline is not None
    route = pipeline.routes.find("POST", "https", "api.openai.com", None, "/v1/responses")
    assert route is not None
    assert pipeline.open_session(route, (), {}) is None
