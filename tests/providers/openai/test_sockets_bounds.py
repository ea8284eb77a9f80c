"""How much of a WebSocket's messages is looked at and kept, and which kinds of messages there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.openai.sockets import REALTIME, RESPONSES, find_type, look
from payi_transport.providers.shared.turns import END, KEEP, SKIP
from tests.providers.openai.test_sockets import Reader, scope_of

KINDS = {
    **dict.fromkeys(["response.done", "response.completed", "response.failed", "response.incomplete"], END),
    **dict.fromkeys(["response.cancelled", "error"], END),
    **dict.fromkeys(
        [f"conversation.item.input_audio_transcription.{end}" for end in ("completed", "failed")], END
    ),
    **dict.fromkeys(
        ["response.output_audio.delta", "response.audio.delta", "input_audio_buffer.append"], SKIP
    ),
    **dict.fromkeys(["response.created", "response.create", "session.created", "rate_limits.updated"], KEEP),
}


@pytest.mark.parametrize(("kind", "expected"), KINDS.items())
def test_a_message_is_looked_at_by_its_type(kind: str, expected: int) -> None:
    data = b'{"event_id":"e","type":"%b"}' % kind.encode()
    assert (look(data), find_type(data)) == (expected, kind)


@pytest.mark.parametrize(("length", "found"), [(512, True), (513, False)])
def test_half_a_kilobyte_of_a_message_is_looked_at(length: int, found: bool) -> None:
    kind = b'"type":"session.updated"'
    fields = b'{"a":"%b","b":"%b","c":"%b","d":"%b",' % ((b"x" * 110,) * 4)
    data = fields + b" " * (length - len(fields) - len(kind)) + kind + b"}"
    assert data.index(kind) + len(kind) == length
    assert find_type(data) == ("session.updated" if found else None)
    assert look(data) == (KEEP if found else END)


@pytest.mark.parametrize(("length", "expected"), [(255, END), (256, SKIP)])
def test_audio_before_the_type_is_skipped_from_a_length_on(length: int, expected: int) -> None:
    assert look(b'{"audio":"' + b"A" * length + b'","x":[],"type":"input_audio_buffer.append"}') == expected


def test_the_url_of_realtime_may_name_a_deployment_or_a_model() -> None:
    assert REALTIME.model_parameters == ("deployment", "model")
    assert RESPONSES.model_parameters == ()


@pytest.mark.parametrize(("size", "kept"), [(1 << 17, 2), ((1 << 17) + 1, 1)])
def test_a_quarter_of_a_megabyte_that_was_sent_before_is_kept(size: int, kept: int) -> None:
    reader = Reader(realtime=True)
    event = json.dumps({"type": "conversation.item.create", "text": ""})
    for _ in range(2):
        reader.send("conversation.item.create", text="x" * (size - len(event)))
    reader.begin("r1")
    assert [len(data) for data in reader.end("r1").context] == [size] * kept


def test_sixty_four_messages_that_were_sent_before_are_kept() -> None:
    reader = Reader(realtime=True)
    for response in ("r1", "r2"):
        for number in range(65):
            reader.send("conversation.item.create", number=number)
        reader.begin(response)
        context = [json.loads(data)["number"] for data in reader.end(response).context]
        assert context == list(range(1, 65))


def test_a_thousand_requests_without_a_response_are_kept() -> None:
    reader = Reader(realtime=True)
    for number in range(1001):
        reader.send("response.create", number)
    left = [scope_of(turn) for turn in reader.turns.close()]
    assert left == list(range(1, 1001))


def test_a_thousand_responses_may_be_open() -> None:
    reader = Reader(realtime=True)
    for number in range(1000):
        reader.begin(f"r{number}")
    (turn,) = reader.receive("response.created", response={"id": "r1000"})
    assert b'"r0"' in turn.messages[0]
    assert len(reader.turns.close()) == 1000


@pytest.mark.parametrize(
    ("status", "stated"),
    [(400, 400), (599, 599), (399, None), (600, None), (True, None), ("429", None), (429.0, None)],
)
def test_the_status_of_an_error_is_one_of_http(status: Any, stated: int | None) -> None:
    reader = Reader(model="m")
    reader.send("response.create", "scope")
    (turn,) = reader.receive("error", status=status, error={"code": "c"})
    assert (turn.status, turn.model, scope_of(turn), len(turn.messages)) == (stated, "m", "scope", 1)


def test_a_refused_request_of_realtime_has_the_model_of_its_session() -> None:
    reader = Reader(realtime=True)
    reader.receive("session.created", session={"model": "m"})
    reader.send("response.create", "scope", event_id="e")
    reader.send("response.create", "other")
    (turn,) = reader.receive("error", error={"event_id": "e"})
    assert (turn.model, scope_of(turn)) == ("m", "scope")
    (left,) = reader.turns.close()
    assert (left.model, scope_of(left)) == ("m", "other")


def test_an_error_of_realtime_that_names_another_message_ends_nothing() -> None:
    reader = Reader(realtime=True)
    reader.send("response.create", "scope")
    error = {"event_id": "other", "code": "conversation_already_has_active_response"}
    assert reader.receive("error", error=error) == []
    assert len(reader.turns.close()) == 1


def test_the_session_of_a_transcription_has_settings_of_its_own() -> None:
    reader = Reader(realtime=True)
    reader.receive("transcription_session.created", session={"input_audio_transcription": {"model": "asr"}})
    # What leaves the model out says nothing about it.
    reader.receive("transcription_session.updated", session={"input_audio_transcription": {}})
    kind = "conversation.item.input_audio_transcription.completed"
    (first,) = reader.receive(kind, item_id="i", content_index=0)
    (second,) = reader.receive(kind, item_id="i", content_index=1)
    assert (first.model, second.model) == ("asr", "asr")
    assert reader.receive(kind, item_id="i", content_index=True) == []
    assert len(reader.receive(kind, item_id="j", content_index=0)) == 1
    (failed,) = reader.receive("conversation.item.input_audio_transcription.failed", item_id="i")
    assert failed.finished


def test_what_clears_a_buffer_is_no_part_of_a_prompt() -> None:
    reader = Reader(realtime=True)
    reader.send("output_audio_buffer.clear")
    reader.send("session.update", session={"model": "m"})
    reader.begin("r1")
    assert [json.loads(data)["type"] for data in reader.end("r1").context] == ["session.update"]


def test_a_message_of_an_open_response_may_leave_out_its_id() -> None:
    reader = Reader()
    reader.begin("r1", stream_id="a")
    reader.begin("r2", stream_id="b")
    for _ in range(3):
        reader.receive("response.output_text.delta", stream_id="a")
    reader.receive("response.output_text.delta", response_id="unknown", stream_id="b")
    assert len(reader.end("r1", "response.completed", stream_id="a").messages) == 5
    assert len(reader.end("r2", "response.completed", stream_id="b").messages) == 3
    assert reader.receive("response.output_text.delta", stream_id="a") == []


def test_a_continued_response_belongs_to_the_request_of_its_stream() -> None:
    reader = Reader()
    for stream in ("a", "b"):
        reader.send("response.create", stream, stream_id=stream)
        reader.begin(f"first {stream}", stream_id=stream)
        reader.end(f"first {stream}", "response.completed", stream_id=stream)
    reader.begin("r3", stream_id="a")
    reader.begin("r4", stream_id="c")
    assert scope_of(reader.end("r3", "response.completed", stream_id="a")) == "a"
    assert scope_of(reader.end("r4", "response.completed", stream_id="c")) is None
