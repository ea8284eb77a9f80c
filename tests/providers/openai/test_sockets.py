"""The events of a WebSocket of OpenAI's are sorted into responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai import sockets
from payi_transport.providers.openai.sockets import REALTIME, RESPONSES, look
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SocketMessage, Turn

LIMIT = 1 << 20


class Reader:
    """A reader of turns that numbers its messages by time, and keeps what it returned."""

    def __init__(self, realtime: bool = False, model: str | None = None) -> None:
        self.turns = (REALTIME if realtime else RESPONSES).make_reader(model, LIMIT)
        self.time = 0.0

    def _read(self, sent: bool, event: Any, scope: Any = None) -> list[Turn]:
        self.time += 1
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.turns.read(SocketMessage(sent, data, self.time, scope))

    def send(self, kind: str, scope: Any = None, **fields: Any) -> None:
        assert self._read(True, {"type": kind, **fields}, scope) == []

    def receive(self, kind: str, **fields: Any) -> list[Turn]:
        return self._read(False, {"type": kind, **fields})

    def begin(self, name: str, **fields: Any) -> None:
        assert self.receive("response.created", response={"id": name}, **fields) == []

    def end(self, name: str, kind: str = "response.done", **fields: Any) -> Turn:
        (turn,) = self.receive(kind, response={"id": name}, **fields)
        assert turn.finished
        return turn


def scope_of(turn: Turn) -> Any:
    return None if turn.request is None else turn.request.scope


@pytest.fixture
def realtime() -> Reader:
    return Reader(realtime=True)


@pytest.fixture
def responses() -> Reader:
    return Reader()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"type":"response.done","response":{}}', END),
        (b'{"event_id": "event_1", "type": "response.done"}', END),
        (b'{"type": "response.completed"}', END),
        (b' {"sequence_number": 7, "type" : "error"}', END),
        (b'{"type":"conversation.item.input_audio_transcription.completed"}', END),
        (b'{"type":"response.output_text.delta","delta":"Hi"}', KEEP),
        (b'{"type":"session.update"}', KEEP),
        (b'{"type":"response.output_audio.delta","delta":"QUJD"}', SKIP),
        (b'{"event_id":"e","type":"response.audio.delta","delta":"QUJD"}', SKIP),
        (b'{"type":"input_audio_buffer.append","audio":"QUJD"}', SKIP),
        (b'{"audio": "' + b"QUJD" * 100 + b'", "type": "input_audio_buffer.append"}', SKIP),
        (b'{"response":{"id":"r"},"type":"response.done"}', END),
        # A type inside of something else says nothing about the message.
        (b'{"item":{"type":"input_audio_buffer.append"},"type":"response.done"}', END),
        (b'{"note":"\\"type\\": \\"response.output_audio.delta\\"","type":"response.done"}', END),
        (b"", END),
        (b"\xff\x00", END),
    ],
)
def test_the_beginning_of_a_message_tells_what_to_do_with_it(data: bytes, kind: int) -> None:
    assert look(data) == kind


@given(st.binary(max_size=600))
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    assert look(data) in (SKIP, KEEP, END)
    assert look(b'{"a":' * 200 + data) in (SKIP, KEEP, END)


def test_a_response_has_its_request_and_its_messages(responses: Reader) -> None:
    responses.send("response.create", "scope", model="m")
    responses.begin("r1")
    assert responses.receive("response.output_text.delta", delta="Hi") == []
    turn = responses.end("r1", "response.completed")
    assert scope_of(turn) == "scope"
    assert len(turn.messages) == 3
    assert responses.turns.close() == []


def test_requests_are_answered_in_the_order_of_their_sending(realtime: Reader) -> None:
    realtime.send("response.create", "first")
    realtime.send("response.create", "second")
    realtime.begin("r1")
    realtime.begin("r2")
    realtime.receive("response.output_text.delta", response_id="r1")
    assert [scope_of(realtime.end(name)) for name in ("r2", "r1")] == ["second", "first"]


def test_messages_of_responses_at_the_same_time_are_distinguished_by_id(realtime: Reader) -> None:
    realtime.begin("r1")
    realtime.begin("r2")
    for name in ("r1", "r2", "r1"):
        realtime.receive("response.output_text.delta", response_id=name)
    assert [len(realtime.end(name).messages) for name in ("r1", "r2")] == [4, 3]


def test_streams_of_the_responses_api_have_requests_of_their_own(responses: Reader) -> None:
    responses.send("response.create", "a", stream_id="a")
    responses.send("response.create", "b", stream_id="b")
    responses.begin("r1", stream_id="b")
    responses.begin("r2", stream_id="a")
    responses.receive("response.output_text.delta", stream_id="a")
    first = responses.end("r1", "response.completed", stream_id="b")
    second = responses.end("r2", "response.failed", stream_id="a")
    assert [(scope_of(turn), len(turn.messages)) for turn in (first, second)] == [("b", 2), ("a", 3)]


def test_a_steered_response_belongs_to_the_scope_of_the_one_before(responses: Reader) -> None:
    responses.send("response.create", "scope")
    responses.begin("r1")
    responses.send("response.steer", input=[])
    responses.end("r1", "response.completed")
    responses.begin("r2")
    assert scope_of(responses.end("r2", "response.completed")) == "scope"


def test_a_response_that_the_server_started_has_no_request(realtime: Reader) -> None:
    realtime.send("response.create", "scope")
    realtime.begin("r1")
    realtime.end("r1")
    realtime.begin("r2")
    assert realtime.end("r2").request is None


def test_what_was_sent_before_a_response_is_its_context_but_no_audio(realtime: Reader) -> None:
    realtime.send("conversation.item.create", item={"type": "message"})
    realtime.send("input_audio_buffer.commit")
    realtime.send("response.create")
    realtime.begin("r1")
    turn = realtime.end("r1")
    assert [json.loads(data)["type"] for data in turn.context] == ["conversation.item.create"]
    realtime.begin("r2")
    assert realtime.end("r2").context == []


def test_context_is_bounded(realtime: Reader) -> None:
    for _ in range(10):
        realtime.send("conversation.item.create", text="x" * 100_000)
    realtime.begin("r1")
    assert len(realtime.end("r1").context) == 2


def test_an_end_without_a_beginning_is_a_response(responses: Reader) -> None:
    responses.send("response.create", "scope")
    turn = responses.end("r1", "response.completed")
    assert (scope_of(turn), len(turn.messages)) == ("scope", 1)


def test_responses_without_ids_are_distinguished_by_stream(responses: Reader) -> None:
    for _ in range(2):
        responses.receive("response.created", response={})
        (turn,) = responses.receive("response.completed", response={})
        assert len(turn.messages) == 2


def test_the_model_is_that_of_the_url_or_else_of_the_session() -> None:
    for named, expected in ((None, "from-session"), ("from-url", "from-url")):
        reader = Reader(realtime=True, model=named)
        reader.receive("session.created", session={"model": "from-session"})
        reader.begin("r1")
        assert reader.end("r1").model == expected


@pytest.mark.parametrize(
    "session",
    [
        {"audio": {"input": {"transcription": {"model": "asr"}}}},
        {"input_audio_transcription": {"model": "asr"}},
        {"type": "transcription", "audio": {"input": {"transcription": {"model": "asr"}, "format": None}}},
    ],
)
def test_a_transcription_is_a_turn_of_its_own_model(realtime: Reader, session: dict[str, Any]) -> None:
    realtime.receive("session.created", session={"model": "m"})
    realtime.receive("session.updated", session=session)
    realtime.begin("r1")
    for kind in ("completed", "failed"):
        (turn,) = realtime.receive(f"conversation.item.input_audio_transcription.{kind}", item_id="i")
        assert (turn.model, len(turn.messages), turn.finished) == ("asr", 1, True)
    assert realtime.end("r1").model == "m"


def test_an_error_of_the_responses_api_ends_the_request_it_answers(responses: Reader) -> None:
    responses.send("response.create", "scope")
    (turn,) = responses.receive("error", status=400, error={"code": "c"})
    assert (scope_of(turn), turn.status, turn.finished) == ("scope", 400, True)
    assert responses.receive("error", status=500, error={"code": "websocket_connection_limit_reached"}) == []


def test_an_error_inside_a_response_ends_it(responses: Reader) -> None:
    responses.begin("r1")
    (turn,) = responses.receive("error", status=500, error={"code": "c"})
    assert (turn.status, len(turn.messages)) == (None, 2)
    assert responses.turns.close() == []


@pytest.mark.parametrize(
    "error",
    [{"event_id": "mine"}, {"code": "conversation_already_has_active_response"}, {"param": "response.tools"}],
)
def test_an_error_of_realtime_ends_the_request_that_it_names(realtime: Reader, error: dict[str, Any]) -> None:
    realtime.send("response.create", "scope", event_id="mine")
    (turn,) = realtime.receive("error", error=error)
    assert (scope_of(turn), turn.status) == ("scope", None)


@pytest.mark.parametrize("error", [{"event_id": "other"}, {"param": "session.voice"}, {}, None, "text"])
def test_other_errors_of_realtime_end_nothing(realtime: Reader, error: Any) -> None:
    realtime.send("response.create", "scope", event_id="mine")
    assert realtime.receive("error", error=error) == []
    realtime.begin("r1")
    assert scope_of(realtime.end("r1")) == "scope"


def test_at_the_end_of_a_session_open_responses_and_unanswered_requests_are_left(realtime: Reader) -> None:
    realtime.send("response.create", "first")
    realtime.send("response.create", "second")
    realtime.begin("r1")
    turns = realtime.turns.close()
    assert [(scope_of(turn), len(turn.messages), turn.finished) for turn in turns] == [
        ("first", 1, False),
        ("second", 0, False),
    ]
    assert realtime.turns.close() == []


def test_after_a_gap_nothing_is_open(realtime: Reader) -> None:
    realtime.send("response.create")
    realtime.begin("r1")
    realtime.turns.skip()
    assert realtime.receive("response.output_text.delta", response_id="r1") == []
    assert realtime.turns.close() == []


def test_responses_that_never_end_are_returned_at_some_point(
    realtime: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_MAX_OPEN", 2)
    realtime.begin("r1")
    realtime.begin("r2")
    (turn,) = realtime.receive("response.created", response={"id": "r3"})
    assert not turn.finished


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b'{"type":7}', b"\xff", b'{"type":null}'])
def test_what_is_no_event_is_ignored(realtime: Reader, data: bytes) -> None:
    assert realtime._read(True, data) == []
    assert realtime._read(False, data) == []


@pytest.mark.parametrize(
    "kind", ["rate_limits.updated", "conversation.item.added", "response.steer.accepted", "session.updated"]
)
def test_other_events_belong_to_no_response(responses: Reader, kind: str) -> None:
    assert responses.receive(kind, session=7, response=7) == []
