"""The WebSockets of aiohttp's client: what passes is recorded, and not changed by it."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Awaitable, Callable, Iterator
from socket import SHUT_RDWR
from typing import Any

import aiohttp
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context

pytest.importorskip("websockets")

from websockets.sync.server import ServerConnection

from tests.support.sockets import SocketServer, respond, serve_sockets, speak_openai

CREATE = {"type": "response.create", "model": "gpt-5"}
Use = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def connect(server: SocketServer, use: Use, path: str = "/v1/responses", **options: Any) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(f"ws://{server.netloc}{path}", **options) as socket:
                return await use(socket)

    return asyncio.run(run())


async def ask(socket: Any) -> list[Any]:
    await socket.send_json(CREATE)
    return [await socket.receive_json() for _ in range(3)]


def events(sink: MemorySink) -> list[Any]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


def test_a_response_is_an_event(server: SocketServer, sink: MemorySink) -> None:
    with track_context(user_id="opener"):
        assert connect(server, ask) == respond(1, model="gpt-5")
    (event,) = events(sink)
    assert (event.provider_response_id, event.resource, event.user_id) == ("resp_1", "gpt-5", "opener")
    assert event.provider_uri == f"ws://{server.netloc}/v1/responses"


def test_iteration_and_bytes_are_recorded_too(server: SocketServer, sink: MemorySink) -> None:
    async def use(socket: Any) -> None:
        await socket.send_bytes(json.dumps(CREATE).encode())
        async for message in socket:
            if json.loads(message.data)["type"] == "response.completed":
                break

    connect(server, use)
    (event,) = events(sink)
    assert event.provider_request_json == json.dumps(CREATE)


@pytest.mark.parametrize(
    ("path", "params"), [("/v1/realtime?model=m", None), ("/v1/realtime", {"model": "m"})]
)
def test_the_model_is_in_either_kind_of_parameters(
    server: SocketServer, sink: MemorySink, path: str, params: Any
) -> None:
    async def use(socket: Any) -> None:
        await socket.send_json({"type": "response.create"})
        while (await socket.receive_json())["type"] != "response.done":
            pass

    connect(server, use, path, params=params)
    (event,) = events(sink)
    assert event.resource == "m"


def test_headers_set_the_scope_and_reach_no_provider(server: SocketServer, sink: MemorySink) -> None:
    connect(server, ask, headers={"xProxy-User-ID": "u", "X-Other": "1"})
    (event,) = events(sink)
    assert event.user_id == "u"
    headers = server.requests[0].headers
    assert ("xProxy-User-ID" in headers, headers["X-Other"]) == (False, "1")


def begin_and(end: Callable[[ServerConnection], Any]) -> Callable[[ServerConnection], None]:
    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(json.dumps(respond(1)[0]))
        end(connection)

    return handle


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda connection: connection.close(1011), "the server closed the WebSocket with the code 1011"),
        (lambda connection: connection.socket.shutdown(SHUT_RDWR), "the WebSocket was cut"),
        (lambda connection: connection.recv(), None),
    ],
)
def test_a_connection_that_ends_leaves_a_partial_response(
    end: Any, told: str | None, sink: MemorySink
) -> None:
    async def use(socket: Any) -> None:
        await socket.send_json(CREATE)
        await socket.receive_json()
        if told:
            assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)

    with serve_sockets(begin_and(end)) as server:
        payi_instrument(sink=sink, config=server.config)
        connect(server, use)
    (event,) = events(sink)
    assert (event.properties or {})["system.stream"] == "partial"
    assert (event.properties or {}).get("system.failure") == ("ConnectionAbortedError" if told else None)
    assert (event.properties or {}).get("system.failure.description") == told


@pytest.mark.parametrize("while_receiving", [True, False])
def test_a_close_by_the_program_is_no_failure(while_receiving: bool, sink: MemorySink) -> None:
    async def use(socket: Any) -> None:
        await socket.send_json(CREATE)
        await socket.receive_json()
        receiving = asyncio.ensure_future(socket.receive()) if while_receiving else None
        await asyncio.sleep(0)
        await socket.close()
        if receiving is not None:
            assert (await receiving).type is aiohttp.WSMsgType.CLOSING
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED

    with serve_sockets(begin_and(lambda connection: connection.recv())) as server:
        payi_instrument(sink=sink, config=server.config)
        connect(server, use)
    (event,) = events(sink)
    assert "system.failure" not in (event.properties or {})


async def receive_ping(socket: Any) -> Any:
    return await socket.receive()


def test_pings_that_the_program_reads_are_no_messages(sink: MemorySink) -> None:
    def ping(connection: ServerConnection) -> None:
        connection.ping(b"p")
        connection.recv()

    with serve_sockets(ping) as server:
        payi_instrument(sink=sink, config=server.config)
        assert connect(server, receive_ping, autoping=False).type is aiohttp.WSMsgType.PING
    assert events(sink) == []


def test_a_message_that_breaks_the_protocol_ends_the_session(sink: MemorySink) -> None:
    def send_garbage(connection: ServerConnection) -> None:
        connection.socket.sendall(b"\xff\xff\xff\xff")
        connection.recv()

    async def use(socket: Any) -> None:
        await socket.send_json(CREATE)
        await socket.receive_json()
        assert (await socket.receive()).type is aiohttp.WSMsgType.ERROR

    with serve_sockets(begin_and(send_garbage)) as server:
        payi_instrument(sink=sink, config=server.config)
        connect(server, use)
    (event,) = events(sink)
    assert (event.properties or {})["system.stream"] == "partial"
    assert (event.properties or {})["system.failure"] == "WebSocketError"


def test_a_refused_connection_is_an_event_and_raises_as_ever(sink: MemorySink) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(429, "too many")

    with serve_sockets(speak_openai, process_request=refuse) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            connect(server, ask)
    (event,) = events(sink)
    assert event.http_status_code == 429


def test_a_server_that_cannot_be_reached_is_no_event(server: SocketServer, sink: MemorySink) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await session.ws_connect("ws://127.0.0.1:9/v1/responses")

    payi_instrument(sink=sink)
    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(run())
    assert events(sink) == []


@pytest.mark.parametrize("url", ["/relative", 7, "ws://[broken"])
def test_what_is_no_url_raises_as_ever(server: SocketServer, sink: MemorySink, url: Any) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await session.ws_connect(url)

    with pytest.raises((aiohttp.InvalidURL, ValueError, TypeError)):
        asyncio.run(run())
    assert events(sink) == []


def test_parameters_that_cannot_be_sent_raise_as_ever(server: SocketServer, sink: MemorySink) -> None:
    with pytest.raises(TypeError):
        connect(server, ask, params={"model": object()})
    assert events(sink) == []


def test_other_connections_stay_as_they_are(server: SocketServer, sink: MemorySink) -> None:
    async def use(socket: Any) -> Any:
        assert type(socket) is aiohttp.ClientWebSocketResponse
        return await ask(socket)

    assert connect(server, use, "/other") == respond(1, model="gpt-5")
    assert events(sink) == []


def test_a_connection_that_is_dropped_is_closed_without_the_garbage_collector(
    server: SocketServer, sink: MemorySink
) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(f"ws://{server.netloc}/v1/responses")
            await ask(socket)
            seen = weakref.ref(socket)
            del socket
            assert seen() is None

    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
    assert len(events(sink)) == 1


def test_headers_that_can_be_read_only_once_leave_all_the_same(
    server: SocketServer, sink: MemorySink
) -> None:
    connect(server, ask, headers=iter([("xProxy-User-ID", "u"), ("X-Other", "1")]))
    (event,) = events(sink)
    assert event.user_id == "u"
    headers = server.requests[0].headers
    assert ("xProxy-User-ID" in headers, headers["X-Other"]) == (False, "1")


@pytest.mark.parametrize("headers", [7, [("a", "b", "c")]])
def test_headers_that_the_program_gets_wrong_are_no_fault(
    headers: Any, server: SocketServer, sink: MemorySink
) -> None:
    with pytest.raises((TypeError, ValueError)):
        connect(server, ask, headers=headers)
    assert events(sink) == []
