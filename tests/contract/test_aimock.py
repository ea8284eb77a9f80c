"""The WebSocket APIs as others understand them: the server `@copilotkit/aimock`, which npm installs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.values.event import Units
from tests.support.aimock import needs_aimock, serve_aimock

websockets: Any = pytest.importorskip("websockets")
pytestmark = needs_aimock

OPENAI = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
GOOGLE = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
TEXT = {"type": "input_text", "text": "hello"}
LIVE = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
SESSIONS: dict[str, tuple[list[Any], str]] = {
    "/v1/responses": (
        [{"type": "response.create", "model": "gpt-5", "input": [{"role": "user", "content": "hello"}]}],
        "response.completed",
    ),
    "/v1/realtime?model=gpt-realtime": (
        [
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": [TEXT]},
            },
            {"type": "response.create"},
        ],
        "response.done",
    ),
    LIVE: (
        [
            {"setup": {"model": "models/gemini-live"}},
            {
                "clientContent": {
                    "turns": [{"role": "user", "parts": [{"text": "hello"}]}],
                    "turnComplete": True,
                }
            },
        ],
        "turnComplete",
    ),
}


@pytest.fixture
def netloc(tmp_path: Path) -> Iterator[str]:
    with serve_aimock(tmp_path, {**OPENAI, **GOOGLE}) as address:
        yield address


@pytest.mark.slow
@pytest.mark.parametrize("path", SESSIONS, ids=["responses", "realtime", "live"])
def test_a_response_of_a_server_by_others_is_an_event(path: str, netloc: str, sink: MemorySink) -> None:
    messages, end = SESSIONS[path]
    mapping: Any = {netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})

    async def talk() -> list[Any]:
        received: list[Any] = []
        async with websockets.connect(f"ws://{netloc}{path}") as connection:
            for message in messages:
                await connection.send(json.dumps(message))
            while not received or end not in received[-1]:
                received.append(str(await connection.recv(decode=True)))
        return [json.loads(message) for message in received]

    received = asyncio.run(talk())
    assert payi_flush(30)
    assert payi_stats().faults == 0
    (event,) = sink.events
    usage = received[-1].get("usageMetadata") or received[-1].get("response", {}).get("usage")
    if usage is None:
        # This version sends none over the Live API.
        assert event.properties == {"system.units": "missing"}
    else:
        counts = usage.get("input_tokens", usage.get("promptTokenCount"))
        assert event.units["text"] == Units(counts, usage["total_tokens"] - counts)
        assert event.provider_response_id == received[-1]["response"]["id"]
