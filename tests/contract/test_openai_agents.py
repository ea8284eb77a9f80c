"""openai-agents with its WebSocket transport, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context

openai = pytest.importorskip("openai", minversion="3.0")
agents: Any = pytest.importorskip("agents")

from tests.support.sockets import SocketServer, serve_sockets, speak_openai  # noqa: E402 (it needs websockets)


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        agents.set_tracing_disabled(True)
        yield running
        agents.set_default_openai_responses_transport("http")


def test_a_run_over_a_websocket_is_recorded(server: SocketServer, sink: MemorySink) -> None:
    client = openai.AsyncOpenAI(
        api_key="k",
        base_url=f"http://{server.netloc}/v1",
        websocket_base_url=f"ws://{server.netloc}/v1",
    )
    agents.set_default_openai_client(client, use_for_tracing=False)
    agents.set_default_openai_responses_transport("websocket")

    async def run() -> Any:
        with track_context(use_case_name="agent", user_id="u"):
            result = agents.Runner.run_streamed(agents.Agent(name="a", model="gpt-5"), "Hello")
            async for _ in result.stream_events():
                pass
        return result.raw_responses[-1].usage

    usage = asyncio.run(run())
    assert payi_flush(30)
    assert payi_stats().faults == 0
    (event,) = sink.events
    assert (event.resource, event.use_case_name, event.user_id) == ("gpt-5", "agent", "u")
    assert sum((unit.input or 0) + (unit.output or 0) for unit in event.units.values()) == usage.total_tokens
