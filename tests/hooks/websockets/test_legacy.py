"""The legacy client of websockets: what passes is recorded, and not changed by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from socket import SHUT_RDWR
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context

pytest.importorskip("websockets")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
client: Any = pytest.importorskip("websockets.legacy.client", exc_type=ImportError)

from websockets.exceptions import WebSocketException  # noqa: E402 (it may be missing)
from websockets.sync.server import ServerConnection  # noqa: E402 (it may be missing)

from tests.support.sockets import SocketServer, respond, serve_sockets, speak_openai  # noqa: E402

CREATE = json.dumps({"type": "response.create", "model": "gpt-5"})


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def call(server: SocketServer, *messages: Any, path: str = "/v1/responses", **options: Any) -> list[Any]:
    """Send messages on a connection, and return what arrives until three messages have, or the end."""

    async def run() -> list[Any]:
        received: list[Any] = []
        async with client.connect(f"ws://{server.netloc}{path}", **options) as connection:
            for message in messages:
                await connection.send(message)
            async for message in connection:
                received.append(json.loads(message))
                if len(received) == 3:
                    break
        return received

    return asyncio.run(run())


def events(sink: MemorySink) -> list[Any]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


@pytest.mark.parametrize("message", [CREATE, CREATE.encode(), [CREATE[:9], CREATE[9:]]])
def test_a_response_is_an_event(server: SocketServer, sink: MemorySink, message: Any) -> None:
    with track_context(user_id="opener"):
        assert call(server, message) == respond(1, model="gpt-5")
    (event,) = events(sink)
    assert (event.provider_response_id, event.resource, event.user_id) == ("resp_1", "gpt-5", "opener")
    assert event.provider_request_json == CREATE


@pytest.mark.parametrize("headers", [{"xProxy-User-ID": "u"}, [("xProxy-User-ID", "u"), ("X-Other", "1")]])
def test_headers_set_the_scope_and_reach_no_provider(
    server: SocketServer, sink: MemorySink, headers: Any
) -> None:
    call(server, CREATE, extra_headers=headers)
    (event,) = events(sink)
    assert event.user_id == "u"
    assert "xProxy-User-ID" not in server.requests[0].headers


def test_a_cut_connection_leaves_a_partial_response(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(json.dumps(respond(1)[0]))
        connection.close(1011)

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises(Exception, match="1011"):
            call(server, CREATE)
    (event,) = events(sink)
    properties = event.properties or {}
    assert (properties["system.stream"], properties["system.failure"]) == ("partial", "ConnectionClosedError")


def test_a_connection_that_the_program_closes_leaves_no_failure(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        connection.recv()
        for _ in range(3):
            connection.send(json.dumps(respond(1)[0]))
        connection.recv()

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        call(server, CREATE)
    for event in events(sink):
        assert (event.properties or {})["system.stream"] == "partial"
        assert "system.failure" not in (event.properties or {})


def test_a_refused_connection_is_an_event_and_raises_as_ever(sink: MemorySink) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(429, "too many")

    with serve_sockets(speak_openai, process_request=refuse) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises(Exception, match="429"):
            call(server)
    (event,) = events(sink)
    assert event.http_status_code == 429


def test_a_handshake_that_breaks_off_is_no_event(sink: MemorySink) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        connection.socket.shutdown(SHUT_RDWR)

    with serve_sockets(speak_openai, process_request=refuse) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises((WebSocketException, OSError, EOFError, asyncio.TimeoutError)):
            call(server)
    assert events(sink) == []


def test_other_connections_stay_as_they_are(server: SocketServer, sink: MemorySink) -> None:
    assert call(server, CREATE, path="/other") == respond(1, model="gpt-5")
    assert events(sink) == []


def test_headers_that_can_be_read_only_once_leave_all_the_same(
    server: SocketServer, sink: MemorySink
) -> None:
    call(server, CREATE, extra_headers=iter([("X-Other", "1")]))
    assert len(events(sink)) == 1
    assert server.requests[0].headers["X-Other"] == "1"


def test_headers_that_raise_do_so_as_ever(server: SocketServer, sink: MemorySink) -> None:
    def make_headers() -> Iterator[tuple[str, str]]:
        yield "X-Other", "1"
        raise RuntimeError("the program's own")

    with pytest.raises(RuntimeError, match="the program's own"):
        call(server, CREATE, extra_headers=make_headers())
    assert events(sink) == []


@pytest.mark.parametrize("headers", [7, [("a", "b", "c")]])
def test_headers_that_the_program_gets_wrong_are_no_fault(
    headers: Any, server: SocketServer, sink: MemorySink
) -> None:
    with pytest.raises((TypeError, ValueError)):
        call(server, CREATE, extra_headers=headers)
    assert events(sink) == []
