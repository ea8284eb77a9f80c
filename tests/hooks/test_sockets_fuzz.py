"""Whatever passes on a WebSocket, its caller sees no exception, and nothing is counted twice."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.hooks.sockets import Recorder
from payi_transport.pipeline.active import get_active
from payi_transport.providers.provider import WEBSOCKET

USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
MESSAGES: list[Any] = [
    {"type": "response.create", "model": "m", "event_id": "c"},
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "response.output_text.delta", "response_id": "r1", "delta": "Hi"},
    {"type": "response.output_audio.delta", "response_id": "r1", "delta": "QUJD" * 50},
    {"type": "response.done", "response": {"id": "r1", "status": "completed", "usage": USAGE}},
    {"type": "response.completed", "response": {"id": "r1", "status": "completed", "usage": USAGE}},
    {"type": "error", "status": 400, "error": {"code": "c", "event_id": "c"}},
    {"type": "conversation.item.input_audio_transcription.completed", "item_id": "i", "usage": USAGE},
    {"type": "session.updated", "session": {"model": "m", "audio": {"input": {"transcription": {}}}}},
    {"type": "input_audio_buffer.append", "audio": "QUJD" * 50},
    {"setup": {"model": "models/m"}},
    {"client_content": {"turns": [], "turn_complete": True}},
    {"serverContent": {"modelTurn": {"parts": [{"inlineData": {"data": "QUJD" * 50}}]}}},
    {"serverContent": {"turnComplete": True}, "usageMetadata": {"promptTokenCount": 7}},
    {"toolCall": {"functionCalls": [{"name": "f", "args": {}}]}},
]
ODD: list[Any] = [None, True, -1, 1e400, 2**70, "", "\ud800", [], {}, [[]], {"id": None}, "x" * 300]
SOCKETS = [
    ("api.openai.com", "/v1/realtime"),
    ("api.openai.com", "/v1/responses"),
    (
        "generativelanguage.googleapis.com",
        "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
    ),
]


def mutate(random: Random, value: Any) -> Any:
    """Return a value with some of its parts replaced by odd ones."""
    if random.random() < 0.1:
        return random.choice(ODD)
    if isinstance(value, dict):
        return {name: mutate(random, part) for name, part in value.items() if random.random() > 0.05}
    if isinstance(value, list):
        return [mutate(random, part) for part in value]
    return value


def make_frame(random: Random) -> Any:
    """Return a message that a provider may send, or something like it."""
    kind = random.random()
    if kind < 0.1:
        return random.randbytes(random.randrange(80))
    message = random.choice(MESSAGES)
    text = json.dumps(message if kind < 0.4 else mutate(random, message))
    if kind > 0.9:
        cut = random.randrange(len(text) + 1)
        text = text[:cut] + text[cut + random.randrange(5) :]
    return text if random.random() < 0.5 else text.encode()


@pytest.mark.parametrize(("host", "path"), SOCKETS, ids=[path.rpartition("/")[2][:12] for _, path in SOCKETS])
@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_any_frames_in_any_order(count: int, host: str, path: str, sink: MemorySink) -> None:
    payi_instrument(sink=sink, log_prompt_and_response=False)
    pipeline = get_active()
    assert pipeline is not None
    random = Random(count)
    route = pipeline.routes.find(WEBSOCKET, "wss", host, None, path)
    assert route is not None
    recorder: Recorder | None = None
    for number in range(count):
        if number % 500 == 0:
            if recorder is not None:
                recorder.finish(random.choice([None, ConnectionError("cut")]))
                assert payi_flush(60)
                sink.events.clear()
            session = pipeline.open_session(route, (), {})
            assert session is not None
            recorder = Recorder(pipeline, session)
        assert recorder is not None
        frame = make_frame(random)
        if random.random() < 0.02:
            half = len(frame) // 2
            sent = random.random() < 0.5
            recorder.add_fragment(frame[:half], sent=sent, first=random.random() < 0.9, last=False)
            recorder.add_fragment(frame[half:], sent=sent, first=False, last=random.random() < 0.9)
        elif random.random() < 0.3:
            recorder.send(frame)
        else:
            recorder.receive(frame)
    assert recorder is not None
    recorder.finish()
    assert payi_flush(60)
    stats = payi_stats()
    assert stats.faults == 0
    assert stats.lost == {}
    assert stats.captured == stats.delivered + sum(stats.skipped.values())
    assert stats.captured > count / 25
