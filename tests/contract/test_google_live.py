"""Google's SDK with the Live API, against a real server over TLS on loopback."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from payi_transport.values.event import Units

pytest.importorskip("websockets")
genai = pytest.importorskip("google.genai")

from websockets.sync.server import ServerConnection  # noqa: E402 (it may be missing)

from tests.support.sockets import serve_sockets  # noqa: E402 (it needs websockets)

TLS = Path(__file__).parents[1] / "tls"
USAGE = {
    "promptTokenCount": 150,
    "responseTokenCount": 40,
    "totalTokenCount": 190,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 30}, {"modality": "AUDIO", "tokenCount": 120}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}],
}
AUDIO = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "QUJD" * 1000}}


def speak_live(connection: ServerConnection) -> None:
    """Answer each turn of the user with audio, and a usage in the last message."""

    def send(message: Any) -> None:
        connection.send(json.dumps(message).encode())

    assert "setup" in json.loads(connection.recv())
    send({"setupComplete": {}})
    while True:
        sent = json.loads(connection.recv())
        if "client_content" not in sent:
            continue
        for _ in range(3):
            send({"serverContent": {"modelTurn": {"parts": [AUDIO]}}})
        send({"serverContent": {"turnComplete": True}, "usageMetadata": USAGE})


def test_each_turn_is_an_event(sink: MemorySink) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    client_side = ssl.create_default_context(cafile=str(TLS / "cert.pem"))
    client_side.check_hostname = False

    async def talk(port: int) -> list[Any]:
        options: Any = {
            "base_url": f"https://127.0.0.1:{port}",
            "async_client_args": {"ssl": client_side},
        }
        client = genai.Client(api_key="k", http_options=options)
        usages = []
        async with client.aio.live.connect(model="gemini-live-x") as session:
            for user in ("first", "second"):
                with track_context(user_id=user):
                    await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hello"}]})
                usages += [m.usage_metadata async for m in session.receive() if m.usage_metadata]
        return usages

    with serve_sockets(speak_live, ssl=server_side) as server:
        mapping: Any = {server.netloc: {"price_as_category": "system.google.vertex"}}
        payi_instrument(sink=sink, config={"host_mappings": mapping})
        usages = asyncio.run(talk(server.port))
    assert payi_flush(30)
    assert payi_stats().faults == 0
    assert [event.user_id for event in sink.events] == ["first", "second"]
    for event, usage in zip(sink.events, usages, strict=True):
        assert event.resource == "google.gemini-live-x"
        assert event.units == {"text": Units(30, 0), "audio": Units(120, 40)}
        counts = sum((unit.input or 0) + (unit.output or 0) for unit in event.units.values())
        assert counts == usage.total_token_count
        assert "QUJD" not in str(event.provider_response_json)
        assert (event.provider_uri or "").startswith(
            f"wss://{server.netloc}/ws/google.ai.generativelanguage."
        )
