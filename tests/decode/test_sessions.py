"""The messages of a session become exchanges, each decoded like one that came over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.capture.session import Session, SessionWork
from payi_transport.context.frame import Frame
from payi_transport.decode.decode import decode
from payi_transport.decode.sessions import read_session
from payi_transport.providers.openai import sockets
from payi_transport.providers.openai.sockets import RESPONSES
from payi_transport.providers.shared.turns import SocketMessage
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event, Units

ROUTE = Route(
    "openai.responses.websocket",
    "system.openai",
    "wss://api.openai.com/v1/responses",
    HostPattern("api.openai.com", None),
)
USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
CREATE = {"type": "response.create", "model": "gpt-5", "input": "Hello"}
CREATED = {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}}
COMPLETED = {"type": "response.completed", "response": {"id": "r1", "status": "completed", "usage": USAGE}}


class Desk:
    """A session, and what the worker is given of it."""

    def __init__(self, frame: Frame | None = None, **options: Any) -> None:
        self.works: list[SessionWork] = []
        self.session = Session(self._push, RESPONSES, ROUTE, frame, **options)

    def _push(self, work: SessionWork) -> bool:
        self.works.append(work)
        return True

    def send(self, event: Any) -> None:
        self.session.send(json.dumps(event).encode())

    def receive(self, *events: Any) -> None:
        for event in events:
            self.session.receive(json.dumps(event).encode())

    def read(self) -> list[Exchange]:
        works, self.works = self.works, []
        return [exchange for work in works for exchange in read_session(work)]

    def decode(self) -> list[Event]:
        events = [decode(exchange) for exchange in self.read()]
        return [event for event in events if isinstance(event, Event)]


def test_a_response_becomes_an_event_as_soon_as_it_is_whole() -> None:
    desk = Desk(Frame(user_id="u"), request_headers=(b"user-agent", b"test"))
    desk.send(CREATE)
    desk.receive(CREATED)
    assert desk.read() == []
    desk.receive(COMPLETED)
    (event,) = desk.decode()
    assert (event.resource, event.units) == ("gpt-5", {"text": Units(7, 3)})
    assert (event.user_id, event.provider_response_id, event.http_status_code) == ("u", "r1", 200)
    assert json.loads(event.provider_request_json or "") == CREATE
    assert [json.loads(text) for text in event.provider_response_json or ()] == [CREATED, COMPLETED]
    assert event.time_to_first_token_ms is not None
    assert event.end_to_end_latency_ms is not None
    assert len(desk.session.messages) == 0


def test_times_are_those_of_the_messages() -> None:
    desk = Desk(Frame())
    start = desk.session.started
    for sent, body, time in ((True, CREATE, 10.0), (False, CREATED, 10.5), (False, COMPLETED, 12.0)):
        desk.session.messages.append(SocketMessage(sent, json.dumps(body).encode(), start + time))
    (exchange,) = read_session(SessionWork(desk.session, 0, 1))
    assert abs(exchange.timestamp - desk.session.timestamp - 10) < 1e-6
    event = decode(exchange)
    assert isinstance(event, Event)
    assert (event.time_to_first_token_ms, event.end_to_end_latency_ms) == (500, 2000)


def test_a_connection_that_is_cut_leaves_a_partial_response() -> None:
    desk = Desk(Frame())
    desk.send(CREATE)
    desk.receive(CREATED)
    desk.session.finish(Outcome.FAILED, ("ConnectionClosedError", "cut"))
    (event,) = desk.decode()
    assert event.units == {}
    assert event.properties == {
        "system.stream": "partial",
        "system.failure": "ConnectionClosedError",
        "system.failure.description": "cut",
    }


def test_a_connection_that_the_program_closes_leaves_a_partial_response() -> None:
    desk = Desk(Frame())
    desk.receive(CREATED)
    desk.session.finish()
    (event,) = desk.decode()
    assert event.properties == {"system.stream": "partial"}


def test_a_request_without_any_response_has_failed() -> None:
    desk = Desk(Frame())
    desk.send(CREATE)
    desk.session.finish()
    (event,) = desk.decode()
    assert (event.http_status_code, event.resource, event.units) == (299, "gpt-5", {})
    assert event.properties == {
        "system.failure": "ConnectionClosed",
        "system.failure.description": "the connection was closed before a response",
    }


def test_an_error_has_the_status_that_the_provider_states() -> None:
    desk = Desk(Frame())
    desk.send(CREATE)
    desk.receive({"type": "error", "status": 429, "error": {"code": "rate_limit_exceeded", "type": "t"}})
    (event,) = desk.decode()
    assert (event.http_status_code, event.units) == (429, {})
    assert (event.properties or {})["provider.error.code"] == "rate_limit_exceeded"


def test_a_refused_connection_is_an_event_of_its_own() -> None:
    desk = Desk(Frame())
    desk.session.response_headers = (b"content-type", b"application/json", b"x-request-id", b"req_1")
    desk.session.refusal = 401, b'{"error": {"code": "invalid_api_key"}}'
    desk.session.finish()
    (event,) = desk.decode()
    assert (event.http_status_code, event.provider_response_id) == (401, "req_1")
    assert (event.properties or {})["provider.error.code"] == "invalid_api_key"


def test_ids_in_the_headers_of_a_connection_are_no_ids_of_responses() -> None:
    desk = Desk(Frame())
    desk.session.response_headers = (b"x-request-id", b"req_1")
    desk.receive({"type": "response.completed", "response": {"usage": USAGE}})
    (event,) = desk.decode()
    assert event.provider_response_id.startswith("payi_")


def test_the_scope_of_the_request_wins_over_that_of_the_connection() -> None:
    desk = Desk(Frame(user_id="opener"))
    request = SocketMessage(True, json.dumps(CREATE).encode(), 1.0, Frame(user_id="sender"))
    desk.session.messages.append(request)
    desk.receive(CREATED, COMPLETED, CREATED, COMPLETED)
    # The second one continues the first.
    assert [event.user_id for event in desk.decode()] == ["sender", "sender"]


def test_outside_all_scopes_nothing_is_recorded_if_so_configured() -> None:
    desk = Desk(None)
    desk.send(CREATE)
    desk.receive(CREATED, COMPLETED)
    assert desk.read() == []


def test_content_is_recorded_as_the_scope_says() -> None:
    for frame, log_content, shown in (
        (Frame(), True, True),
        (Frame(), False, False),
        (replace(Frame(), log_prompt_and_response=False), True, False),
        (replace(Frame(), log_prompt_and_response=True), False, True),
    ):
        desk = Desk(frame, log_content=log_content)
        desk.send(CREATE)
        desk.receive(CREATED, COMPLETED)
        (event,) = desk.decode()
        assert (event.provider_request_json is not None) is shown
        assert (event.provider_response_json is not None) is shown


def test_what_was_sent_before_a_request_is_part_of_the_prompt() -> None:
    desk = Desk(Frame())
    item = {"type": "conversation.item.create", "item": {"type": "message"}}
    desk.send(item)
    desk.send(CREATE)
    desk.receive(CREATED, COMPLETED)
    (event,) = desk.decode()
    assert json.loads(event.provider_request_json or "") == [item, CREATE]


def test_after_lost_messages_only_later_responses_are_reported() -> None:
    desk = Desk(Frame())
    desk.receive(CREATED)
    assert read_session(SessionWork(desk.session, 0, 0)) == []
    desk.session.has_lost = True
    desk.receive({**CREATED, "response": {"id": "r2"}}, {**COMPLETED, "response": {"id": "r2"}})
    desk.session.finish()
    assert [event.provider_response_id for event in desk.decode()] == ["r2"]
    assert not desk.session.has_lost


def test_a_response_that_nobody_asked_for_begins_with_its_first_message() -> None:
    desk = Desk(Frame())
    start = desk.session.started
    for body, time in ((CREATED, 10.5), (COMPLETED, 12.0)):
        desk.session.messages.append(SocketMessage(False, json.dumps(body).encode(), start + time))
    (exchange,) = read_session(SessionWork(desk.session, 0, 1))
    assert abs(exchange.timestamp - desk.session.timestamp - 10.5) < 1e-6
    event = decode(exchange)
    assert isinstance(event, Event)
    assert (event.time_to_first_token_ms, event.end_to_end_latency_ms) == (0, 1500)


def test_a_response_that_was_whole_before_the_connection_was_cut_did_not_fail() -> None:
    desk = Desk(Frame())
    desk.send(CREATE)
    desk.receive(CREATED, COMPLETED)
    desk.send(CREATE)
    desk.session.finish(Outcome.FAILED, ("ConnectionClosedError", "cut"))
    whole, unanswered = desk.read()
    assert (whole.outcome, whole.error) == (Outcome.EXHAUSTED, None)
    assert (unanswered.outcome, unanswered.error) == (
        Outcome.FAILED,
        ("ConnectionClosedError", "cut"),
    )


def test_a_response_that_is_given_up_in_the_middle_of_a_session_is_partial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_MAX_OPEN", 1)
    desk = Desk(Frame())
    desk.receive(CREATED, {**COMPLETED, "type": "response.created", "response": {"id": "r2"}})
    desk.receive({**COMPLETED, "response": {"id": "r2"}})
    given_up, whole = desk.read()
    assert (given_up.outcome, whole.outcome) == (Outcome.CLOSED, Outcome.EXHAUSTED)
