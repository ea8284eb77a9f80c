"""Sessions of OpenAI's Realtime API other than conversations: transcriptions, translations, and WebRTC."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.values.event import Units

pytest.importorskip("websockets")
openai = pytest.importorskip("openai", minversion="3.0")

from websockets.sync.client import connect  # noqa: E402 (it may be missing)
from websockets.sync.server import ServerConnection  # noqa: E402

from tests.support.sockets import respond, serve_sockets  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as:DeprecationWarning")

TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
TOKENS = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
    "output_tokens": 45,
    "total_tokens": 59,
}


def transcribe(connection: ServerConnection) -> None:
    """Open a session for transcriptions, and send one for each commit, in tokens and then in seconds."""
    connection.send(json.dumps({"type": "session.created", "session": {"type": "transcription"}}))
    usages = [TOKENS, {"type": "duration", "seconds": 12.5}]
    while usages:
        event = json.loads(connection.recv())
        if event["type"] == "session.update":
            connection.send(json.dumps({"type": "session.updated", "session": event["session"]}))
        if event["type"] == "input_audio_buffer.commit":
            item = {"item_id": f"item_{len(usages)}", "content_index": 0, "transcript": "Hi"}
            connection.send(
                json.dumps({"type": TRANSCRIBED, "event_id": "e", **item, "usage": usages.pop(0)})
            )
    connection.recv()


def test_each_transcription_of_a_session_is_an_event_of_its_model(sink: MemorySink) -> None:
    with serve_sockets(transcribe) as server:
        payi_instrument(sink=sink, config=server.config)
        url = f"ws://{server.netloc}/v1"
        client = openai.OpenAI(api_key="sk-test", websocket_base_url=url)
        with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            asr = {"input": {"transcription": {"model": "gpt-live-transcribe"}, "turn_detection": None}}
            connection.session.update(session={"type": "transcription", "audio": asr})
            for _ in range(2):
                connection.input_audio_buffer.append(audio="QUJD" * 100)
                connection.input_audio_buffer.commit()
                assert next(event for event in connection if event.type == TRANSCRIBED).transcript == "Hi"
        assert payi_flush(30)
    first, second = sink.events
    assert (first.provider_response_id, first.resource) == ("item_2", "gpt-live-transcribe")
    assert first.units == {"text": Units(4, 45), "audio": Units(10, None)}
    assert (second.provider_response_id, second.resource) == ("item_1", "gpt-live-transcribe")
    assert payi_stats().faults == 0


def test_a_server_that_joins_a_call_by_webrtc_records_its_responses(sink: MemorySink) -> None:
    """Its audio does not pass here, but the events with the usage do."""

    def speak(connection: ServerConnection) -> None:
        for event in respond(1, realtime=True):
            connection.send(json.dumps(event))
        connection.recv()

    with serve_sockets(speak) as server:
        payi_instrument(sink=sink, config=server.config)
        client = openai.OpenAI(api_key="sk-test", websocket_base_url=f"ws://{server.netloc}/v1")
        with client.realtime.connect(call_id="rtc_1") as connection:
            done: Any = next(event for event in connection if event.type == "response.done")
        assert payi_flush(30)
    (event,) = sink.events
    assert event.provider_response_id == done.response.id
    assert event.units["audio"] == Units(35, 30)


LIVE = {"id": "live_1", "model": "gpt-live-1", "status": "active", "expires_at": 1}
DELEGATED = {"id": "resp_1", "model": "gpt-5.2", "status": "completed"}
USAGE = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}


def talk(connection: ServerConnection) -> None:
    """Hold a Live session that delegates one response, as each of its connections sees it."""
    if connection.request is not None and connection.request.path.endswith("/live/sessions"):
        connection.recv()
    done = {"type": "response.completed", "response": {**DELEGATED, "usage": USAGE}}
    for event in (
        {"type": "session.started", "session": LIVE},
        {"type": "session.output_audio.delta", "delta": "QUJD" * 100},
        {"type": "response.event", "event": {"type": "response.created", "response": DELEGATED}},
        {"type": "response.event", "event": done},
        {"type": "session.usage.updated", "usage": {"seconds": 10}},
        {"type": "session.closed", "reason": "expired", "session": LIVE, "usage": {"seconds": 31}},
    ):
        connection.send(json.dumps({"event_id": "e", **event}))
    connection.recv()


def test_a_live_session_is_an_event_and_so_is_what_it_delegates_however_many_see_it(sink: MemorySink) -> None:
    pytest.importorskip("openai.types.live")
    with serve_sockets(talk) as server:
        payi_instrument(sink=sink, config=server.config)
        client = openai.OpenAI(api_key="sk-test", websocket_base_url=f"ws://{server.netloc}/v1")
        with client.live.connect() as connection:
            connection.session.start(session={"model": "gpt-live-1"})
            end: Any = next(event for event in connection if event.type == "session.closed")
        with client.live.sideband.connect(session_id="live_1") as attached:
            assert next(event for event in attached if event.type == "session.closed").usage == end.usage
        assert payi_flush(30)
    response, session = sink.events
    assert (session.provider_response_id, session.resource) == ("live_1", "gpt-live-1")
    assert session.units == {"audio": Units(int(end.usage.seconds), None)}
    assert (response.provider_response_id, response.units) == ("resp_1", {"text": Units(20, 5)})
    assert response.resource == "gpt-5.2"
    assert payi_stats().faults == 0


def test_sessions_that_are_not_read_are_counted(sink: MemorySink) -> None:
    def close(connection: ServerConnection) -> None:
        connection.close()

    with serve_sockets(close) as server:
        payi_instrument(sink=sink)
        for path in ("realtime/translations?model=gpt-realtime-translate", "live"):
            # The address is OpenAI's, and the server is ours.
            plain = socket.create_connection(("127.0.0.1", server.port))
            connect(f"ws://api.openai.com/v1/{path}", sock=plain).close()
    transport = httpx.MockTransport(lambda request: httpx.Response(201, text="v=0"))
    with httpx.Client(transport=transport) as client:
        for path in ("realtime/calls", "realtime/translations/calls", "realtime/client_secrets"):
            client.post(f"https://api.openai.com/v1/{path}")
    assert payi_flush(30)
    # A secret costs nothing.
    assert payi_stats().unobserved == {"api.openai.com": {"websocket": 2, "unread": 2}}
    assert not sink.events
