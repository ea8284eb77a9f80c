"""websocket-client: what passes is recorded, and not changed by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from socket import SHUT_RDWR
from typing import Any

import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
    track_context,
)

pytest.importorskip("websockets")
websocket: Any = pytest.importorskip("websocket")

from websockets.sync.server import ServerConnection  # noqa: E402 (it may be missing)

from tests.support.sockets import SocketServer, respond, serve_sockets, speak_openai  # noqa: E402

CREATE = json.dumps({"type": "response.create", "model": "gpt-5"})


@pytest.fixture
def server(sink: MemorySink) -> Iterator[SocketServer]:
    with serve_sockets(speak_openai) as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


def connect(server: SocketServer, path: str = "/v1/responses", **options: Any) -> Any:
    return websocket.create_connection(f"ws://{server.netloc}{path}", timeout=30, **options)


def ask(connection: Any) -> list[Any]:
    connection.send(CREATE)
    received = [json.loads(connection.recv()) for _ in range(3)]
    connection.close()
    return received


def events(sink: MemorySink) -> list[Any]:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return sink.events


def test_a_response_is_an_event(server: SocketServer, sink: MemorySink) -> None:
    with track_context(user_id="opener"):
        assert ask(connect(server)) == respond(1, model="gpt-5")
    (event,) = events(sink)
    assert (event.provider_response_id, event.resource, event.user_id) == ("resp_1", "gpt-5", "opener")
    assert event.provider_request_json == CREATE


def test_the_address_may_be_passed_by_name(server: SocketServer, sink: MemorySink) -> None:
    connection = websocket.WebSocket()
    connection.connect(url=f"ws://{server.netloc}/v1/responses")
    ask(connection)
    assert len(events(sink)) == 1


def test_an_app_is_recorded_too(server: SocketServer, sink: MemorySink) -> None:
    def on_message(app: Any, message: str) -> None:
        if "response.completed" in message:
            app.close()

    app = websocket.WebSocketApp(
        f"ws://{server.netloc}/v1/responses", on_open=lambda app: app.send(CREATE), on_message=on_message
    )
    app.run_forever()
    assert [event.provider_response_id for event in events(sink)] == ["resp_1"]


@pytest.mark.parametrize(
    "header", [{"xProxy-User-ID": "u", "X-Other": "1"}, ["xProxy-User-ID: u", "X-Other: 1"]]
)
def test_headers_set_the_scope_and_reach_no_provider(
    server: SocketServer, sink: MemorySink, header: Any
) -> None:
    ask(connect(server, header=header))
    (event,) = events(sink)
    assert event.user_id == "u"
    headers = server.requests[0].headers
    assert ("xProxy-User-ID" in headers, headers["X-Other"]) == (False, "1")


def begin(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(json.dumps(respond(1)[0]))


def test_a_close_by_the_server_leaves_a_partial_response(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        begin(connection)
        connection.close(1011)

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        connection = connect(server)
        connection.send(CREATE)
        connection.recv()
        assert connection.recv_data()[0] == 8
        connection.shutdown()
    (event,) = events(sink)
    properties = event.properties or {}
    assert (properties["system.stream"], properties["system.failure"]) == (
        "partial",
        "ConnectionAbortedError",
    )
    told = "the server closed the WebSocket with the code 1011"
    assert properties["system.failure.description"] == told


def test_a_cut_connection_leaves_a_partial_response(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        begin(connection)
        connection.socket.shutdown(SHUT_RDWR)

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        connection = connect(server)
        connection.send(CREATE)
        connection.recv()
        with pytest.raises((websocket.WebSocketException, OSError)):
            connection.recv()
        connection.shutdown()
    (event,) = events(sink)
    assert (event.properties or {})["system.stream"] == "partial"
    assert "system.failure" in (event.properties or {})


def test_a_timeout_leaves_the_session_open(server: SocketServer, sink: MemorySink) -> None:
    connection = connect(server)
    connection.settimeout(0.01)
    with pytest.raises(websocket.WebSocketTimeoutException):
        connection.recv()
    connection.settimeout(30)
    connection.ping("p")
    ask(connection)
    assert len(events(sink)) == 1


def test_a_timeout_of_the_system_leaves_the_session_open(server: SocketServer, sink: MemorySink) -> None:
    connection = connect(server)

    def time_out() -> Any:
        raise TimeoutError

    connection.recv_frame = time_out
    with pytest.raises(TimeoutError):
        connection.recv_data_frame()
    del connection.recv_frame
    ask(connection)
    assert len(events(sink)) == 1


def test_a_ping_that_the_program_reads_is_no_message(sink: MemorySink) -> None:
    def handle(connection: ServerConnection) -> None:
        connection.ping(b"p")
        connection.recv()

    with serve_sockets(handle) as server:
        payi_instrument(sink=sink, config=server.config)
        connection = connect(server)
        assert connection.recv_data_frame(True)[0] == 9
        connection.shutdown()
    assert events(sink) == []


def test_a_refused_connection_is_an_event_and_raises_as_ever(sink: MemorySink) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(429, '{"error": {"code": "slow_down"}}')

    with serve_sockets(speak_openai, process_request=refuse) as server:
        payi_instrument(sink=sink, config=server.config)
        with pytest.raises(websocket.WebSocketBadStatusException):
            connect(server)
    (event,) = events(sink)
    assert event.http_status_code == 429
    assert (event.properties or {})["provider.error.code"] == "slow_down"


def test_a_server_that_cannot_be_reached_is_no_event(closed_port: int, sink: MemorySink) -> None:
    netloc = f"127.0.0.1:{closed_port}"
    payi_instrument(sink=sink, config={"host_mappings": {netloc: {"price_as_category": "system.openai"}}})
    with pytest.raises(OSError, match=r"."):
        websocket.create_connection(f"ws://{netloc}/v1/responses", timeout=30)
    assert events(sink) == []


def test_other_connections_stay_as_they_are(server: SocketServer, sink: MemorySink) -> None:
    connection = connect(server, "/other")
    assert type(connection) is websocket.WebSocket
    assert ask(connection) == respond(1, model="gpt-5")
    assert events(sink) == []


@pytest.mark.parametrize("url", ["ws://host:port/v1/responses", 7])
def test_what_is_no_url_raises_as_ever(server: SocketServer, sink: MemorySink, url: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        websocket.create_connection(url)
    assert events(sink) == []


def test_a_later_connection_that_is_not_recorded_ends_the_earlier_one(
    server: SocketServer, sink: MemorySink
) -> None:
    connection = connect(server)
    ask(connection)
    connection.connect(f"ws://{server.netloc}/other")
    assert ask(connection) == respond(1, model="gpt-5")
    assert len(events(sink)) == 1


def test_an_attempt_that_reaches_no_server_leaves_the_connection_as_it_is(
    server: SocketServer, closed_port: int, sink: MemorySink
) -> None:
    connection = connect(server)
    with pytest.raises(OSError, match=r"."):
        connection.connect(f"ws://127.0.0.1:{closed_port}/v1/responses")
    assert ask(connection) == respond(1, model="gpt-5")
    assert len(events(sink)) == 1


def test_lines_that_are_kept_leave_as_they_were_passed(server: SocketServer, sink: MemorySink) -> None:
    ask(connect(server, header={"xProxy-User-ID": "u", "X-None": None, "X-Other": "1"}))
    assert "X-None" not in server.requests[0].headers
    assert server.requests[0].headers["X-Other"] == "1"
    assert len(events(sink)) == 1


@pytest.mark.parametrize("is_recorded", [False, True])
def test_headers_that_can_be_read_only_once_are_left_to_the_library(
    is_recorded: bool, server: SocketServer, sink: MemorySink
) -> None:
    # The library looks for two names first, which takes lines away. Those are for it to lose.
    ask(connect(server, "/v1/responses" if is_recorded else "/other", header=iter(["X-Other: 1"] * 3)))
    payi_uninstrument()
    ask(connect(server, header=iter(["X-Other: 1"] * 3)))
    with_hooks, without = (list(request.headers.raw_items()) for request in server.requests)
    assert [name for name, _ in with_hooks] == [name for name, _ in without]


@pytest.mark.parametrize("headers", [7, [("a", "b", "c")]])
def test_headers_that_the_program_gets_wrong_are_no_fault(
    headers: Any, server: SocketServer, sink: MemorySink
) -> None:
    with pytest.raises((TypeError, ValueError)):
        connect(server, header=headers)
    assert events(sink) == []
