"""OpenAI's SDK over WebSockets, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from payi_transport.values.event import Event, Units

pytest.importorskip("websockets")
openai = pytest.importorskip("openai", minversion="3.0")

from tests.support.sockets import SocketServer, respond, serve_sockets, speak_openai  # noqa: E402 (it needs websockets)

# The SDK opens connections in a way that websockets 17 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as:DeprecationWarning")

UNITS = {
    "text": Units(71, 31),
    "text_cache_read": Units(30, None),
    "reasoning": Units(None, 20),
}
REALTIME_UNITS = {
    "text": Units(51, 21),
    "text_cache_read": Units(10, None),
    "audio": Units(35, 30),
    "audio_cache_read": Units(5, None),
}


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def make_client(server: SocketServer, kind: type = openai.OpenAI, **options: Any) -> Any:
    url = f"ws://{server.netloc}/v1"
    return kind(api_key="sk-test", base_url=f"http://{server.netloc}/v1", websocket_base_url=url, **options)


def delivered(sink: MemorySink) -> list[Event]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


def read_response(connection: Any, end: str) -> Any:
    return next(event for event in connection if event.type == end)


def test_each_response_on_a_connection_is_an_event(server: SocketServer, sink: MemorySink) -> None:
    with make_client(server).responses.connect() as connection:
        for _ in range(3):
            connection.response.create(model="gpt-5", input="Hello")
            response = read_response(connection, "response.completed").response
    events = delivered(sink)
    assert [event.provider_response_id for event in events] == ["resp_1", "resp_2", "resp_3"]
    assert events[0].units == UNITS
    total = sum((unit.input or 0) + (unit.output or 0) for unit in events[2].units.values())
    assert total == response.usage.total_tokens
    assert {event.resource for event in events} == {"gpt-5"}
    assert {event.provider_uri for event in events} == {f"ws://{server.netloc}/v1/responses"}
    assert {(event.category, event.http_status_code) for event in events} == {("system.openai", 200)}
    assert json.loads(events[0].provider_request_json or "")["input"] == "Hello"
    assert len(events[0].provider_response_json or ()) == 3
    assert events[0].properties is None


def test_async_clients_are_recorded_alike(server: SocketServer, sink: MemorySink) -> None:
    async def call() -> None:
        async with make_client(server, openai.AsyncOpenAI).responses.connect() as connection:
            await connection.response.create(model="gpt-5", input="Hello")
            async for event in connection:
                if event.type == "response.completed":
                    break

    asyncio.run(call())
    (event,) = delivered(sink)
    assert (event.resource, event.units) == ("gpt-5", UNITS)


def test_a_realtime_response_has_units_by_modality(server: SocketServer, sink: MemorySink) -> None:
    with make_client(server).realtime.connect(model="gpt-realtime") as connection:
        connection.response.create()
        usage = read_response(connection, "response.done").response.usage
    (event,) = delivered(sink)
    assert (event.resource, event.units) == ("gpt-realtime", REALTIME_UNITS)
    assert usage.output_token_details.audio_tokens == 30
    assert event.provider_uri == f"ws://{server.netloc}/v1/realtime"
    assert not any("QUJD" in message for message in event.provider_response_json or ())


def test_azure_realtime_is_priced_by_its_deployment(server: SocketServer, sink: MemorySink) -> None:
    client = openai.AzureOpenAI(
        api_key="k",
        api_version="2026-01-01",
        azure_endpoint=f"http://{server.netloc}",
        websocket_base_url=f"ws://{server.netloc}/openai",
    )
    with client.realtime.connect(model="my-deployment") as connection:
        connection.response.create()
        read_response(connection, "response.done")
    (event,) = delivered(sink)
    assert (event.resource, event.units) == ("my-deployment", REALTIME_UNITS)


def test_the_scope_is_that_of_the_request_or_else_of_the_connection(
    server: SocketServer, sink: MemorySink
) -> None:
    with track_context(user_id="opener"), make_client(server).responses.connect() as connection:
        connection.response.create(model="gpt-5", input="1")
        read_response(connection, "response.completed")
        with track_context(user_id="sender"):
            connection.response.create(model="gpt-5", input="2")
        read_response(connection, "response.completed")
    assert [event.user_id for event in delivered(sink)] == ["opener", "sender"]


def test_a_message_outside_all_scopes_belongs_to_the_scope_of_the_connection(
    server: SocketServer, sink: MemorySink
) -> None:
    with track_context(user_id="opener"):
        manager = make_client(server).responses.connect()
        connection = manager.enter()
    connection.response.create(model="gpt-5", input="1")
    read_response(connection, "response.completed")
    connection.close()
    (event,) = delivered(sink)
    assert event.user_id == "opener"


def test_headers_of_the_connection_set_its_scope_and_reach_no_provider(
    server: SocketServer, sink: MemorySink
) -> None:
    headers = {"xProxy-User-ID": "by-header"}
    with make_client(server).responses.connect(extra_headers=headers) as connection:
        connection.response.create(model="gpt-5", input="1")
        read_response(connection, "response.completed")
    (event,) = delivered(sink)
    assert event.user_id == "by-header"
    assert "xProxy-User-ID" not in server.requests[0].headers


def test_without_content_there_is_none_of_it(sink: MemorySink) -> None:
    with serve_sockets(speak_openai) as server:
        payi_instrument(sink=sink, config=server.config, log_prompt_and_response=False)
        with make_client(server).responses.connect() as connection:
            connection.response.create(model="gpt-5", input="Hello")
            read_response(connection, "response.completed")
        (event,) = delivered(sink)
    assert event.units == UNITS
    assert (event.provider_request_json, event.provider_response_json) == (None, None)


def test_only_calls_in_scopes_are_recorded_if_so_configured(sink: MemorySink) -> None:
    with serve_sockets(speak_openai) as server:
        payi_instrument(sink=sink, config={**server.config, "global_instrumentation": False})
        with make_client(server).responses.connect() as connection:
            connection.response.create(model="gpt-5", input="1")
            read_response(connection, "response.completed")
            with track_context(user_id="sender"):
                connection.response.create(model="gpt-5", input="2")
            read_response(connection, "response.completed")
        (event,) = delivered(sink)
    assert event.provider_response_id == "resp_2"


def test_what_the_server_gets_is_what_was_sent(server: SocketServer, sink: MemorySink) -> None:
    with make_client(server).realtime.connect(model="m") as connection:
        connection.input_audio_buffer.append(audio="QUJD" * 1000)
        connection.send_raw('{"type" : "response.create"}')
        read_response(connection, "response.done")
    audio, request = server.received[0]
    assert json.loads(audio) == {"type": "input_audio_buffer.append", "audio": "QUJD" * 1000}
    assert request == '{"type" : "response.create"}'
    (event,) = delivered(sink)
    assert event.provider_request_json == request


def test_a_cut_response_is_partial_and_those_after_the_reconnect_are_recorded(sink: MemorySink) -> None:
    connections: list[Any] = []

    def cut_the_first(connection: Any) -> None:
        connections.append(connection)
        if len(connections) == 1:
            connection.recv()
            connection.send(json.dumps(respond(1)[0]))
            connection.close(1012, "service restart")
            return
        for event in respond(2):
            connection.send(json.dumps(event))
        connection.recv()

    with serve_sockets(cut_the_first) as server:
        payi_instrument(sink=sink, config=server.config)
        options: Any = {"on_reconnecting": lambda event: None, "initial_delay": 0.01}
        with make_client(server).responses.connect(**options) as connection:
            connection.response.create(model="gpt-5", input="1")
            assert read_response(connection, "response.completed").response.id == "resp_2"
    first, second = delivered(sink)
    assert (first.provider_response_id, second.provider_response_id) == ("resp_1", "resp_2")
    assert (first.properties or {})["system.stream"] == "partial"
    assert (first.properties or {})["system.failure"].startswith("ConnectionClosed")
    assert second.units["text"].output == 32
