"""The clients of websockets: what passes is recorded, and not changed by it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from socket import SHUT_RDWR
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument
from payi_transport.hooks.websockets import protocol

pytest.importorskip("websockets")

import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.server import ServerConnection

from tests.support.sockets import SocketServer, respond, serve_sockets, speak_openai

CREATE = json.dumps({"type": "response.create", "model": "gpt-5"})


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def url_of(server: SocketServer, path: str = "/v1/responses") -> str:
    return f"ws://{server.netloc}{path}"


def ids(sink: MemorySink) -> list[str]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return [event.provider_response_id for event in sink.events]


def test_a_client_of_threads_is_recorded(server: SocketServer, sink: MemorySink) -> None:
    with websockets.sync.client.connect(url_of(server)) as connection:
        connection.send(CREATE)
        received = [json.loads(connection.recv()) for _ in range(3)]
    assert received == respond(1, model="gpt-5")
    assert ids(sink) == ["resp_1"]


def test_an_asyncio_client_is_recorded(server: SocketServer, sink: MemorySink) -> None:
    async def call() -> list[Any]:
        async with websockets.asyncio.client.connect(url_of(server)) as connection:
            await connection.send(CREATE)
            return [json.loads(await connection.recv()) for _ in range(3)]

    assert asyncio.run(call()) == respond(1, model="gpt-5")
    assert ids(sink) == ["resp_1"]


def test_headers_that_can_be_read_only_once_leave_all_the_same(
    server: SocketServer, sink: MemorySink
) -> None:
    # The client makes headers of them before the hook sees any.
    headers = iter([("xProxy-User-ID", "u"), ("X-Other", "1")])
    with websockets.sync.client.connect(url_of(server), additional_headers=headers) as connection:
        connection.send(CREATE)
        for _ in range(3):
            connection.recv()
    assert ids(sink) == ["resp_1"]
    assert ("xProxy-User-ID" in server.requests[0].headers, server.requests[0].headers["X-Other"]) == (
        False,
        "1",
    )


@pytest.mark.parametrize("text", [True, False])
def test_fragments_both_ways_are_put_together(text: bool, sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        assert json.loads(connection.recv())["type"] == "response.create"
        for event in respond(1):
            data = json.dumps(event)
            parts = [data[:5], data[5:20], data[20:]]
            connection.send(parts if text else [part.encode() for part in parts])
        connection.recv()

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        with websockets.sync.client.connect(url_of(server)) as connection:
            parts: Any = [CREATE[:9], CREATE[9:]] if text else [CREATE[:9].encode(), CREATE[9:].encode()]
            connection.send(parts)
            for event in respond(1):
                assert json.loads(connection.recv()) == event
        assert ids(sink) == ["resp_1"]
    assert sink.events[0].provider_request_json == CREATE


def test_binary_messages_are_read_too(server: SocketServer, sink: MemorySink) -> None:
    with websockets.sync.client.connect(url_of(server)) as connection:
        data = bytearray(CREATE.encode())
        connection.send(data)
        data[:] = b"x" * len(data)
        for _ in range(3):
            connection.recv()
    assert ids(sink) == ["resp_1"]
    assert sink.events[0].provider_request_json == CREATE


def test_pings_and_the_closing_handshake_pass_as_they_are(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        assert connection.ping(b"from server").wait(30)
        connection.recv()
        connection.close(4001, "over")

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        with websockets.sync.client.connect(url_of(server)) as connection:
            assert connection.ping(b"from client").wait(30)
            connection.send(CREATE)
            with pytest.raises(ConnectionClosedError) as caught:
                connection.recv()
        rcvd = caught.value.rcvd
        assert rcvd is not None
        assert (rcvd.code, rcvd.reason) == (4001, "over")
    payi_flush(30)
    (event,) = sink.events
    assert (event.http_status_code, event.resource) == (299, "gpt-5")
    assert (event.properties or {})["system.failure"] == "ConnectionClosedError"


def test_a_cut_connection_leaves_a_partial_response(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(json.dumps(respond(1)[0]))
        connection.socket.shutdown(SHUT_RDWR)

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        with websockets.sync.client.connect(url_of(server)) as connection:
            connection.send(CREATE)
            connection.recv()
            with pytest.raises(ConnectionClosedError):
                connection.recv()
    payi_flush(30)
    (event,) = sink.events
    properties = event.properties or {}
    assert (properties["system.stream"], properties["system.failure"]) == ("partial", "ConnectionClosedError")


def test_a_refused_connection_is_an_event_and_raises_as_ever(sink: MemorySink) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(401, '{"error": {"code": "invalid_api_key"}}')

    with serve_sockets(speak_openai, process_request=refuse) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises(InvalidStatus), websockets.sync.client.connect(url_of(server)):
            pass
    payi_flush(30)
    (event,) = sink.events
    assert event.http_status_code == 401
    assert (event.properties or {})["provider.error.code"] == "invalid_api_key"


def test_connections_that_are_not_recorded_stay_as_they_are(server: SocketServer, sink: MemorySink) -> None:
    with websockets.sync.client.connect(url_of(server, "/other")) as connection:
        replaced = set(protocol._REPLACED) & set(vars(connection.protocol))
        assert replaced == set()
    assert ids(sink) == []


def test_the_end_of_a_connection_leaves_nothing_on_it(server: SocketServer, sink: MemorySink) -> None:
    with websockets.sync.client.connect(url_of(server)) as connection:
        assert set(protocol._REPLACED) <= set(vars(connection.protocol))
    assert not set(protocol._REPLACED) & set(vars(connection.protocol))


def test_after_uninstrumenting_open_connections_go_on(server: SocketServer, sink: MemorySink) -> None:
    with websockets.sync.client.connect(url_of(server)) as connection:
        payi_uninstrument()
        connection.send(CREATE)
        assert [json.loads(connection.recv()) for _ in range(3)] == respond(1, model="gpt-5")
    assert sink.events == []


def test_a_protocol_without_an_address_is_not_recorded() -> None:
    class Odd:
        uri = None

    assert protocol._open(Odd(), None) is None


def test_two_threads_may_use_one_connection(server: SocketServer, sink: MemorySink) -> None:
    count = 200
    with websockets.sync.client.connect(url_of(server)) as connection:

        def send() -> None:
            for _ in range(count):
                connection.send(CREATE)

        thread = threading.Thread(target=send)
        thread.start()
        for _ in range(3 * count):
            connection.recv()
        thread.join()
    assert ids(sink) == [f"resp_{number}" for number in range(1, count + 1)]
