"""websocket-client: an object that connects again records each connection once."""

from __future__ import annotations

from collections.abc import Callable
from socket import SHUT_RDWR
from typing import Any, cast

import pytest

from payi_transport import MemorySink, payi_instrument

pytest.importorskip("websockets")
websocket: Any = pytest.importorskip("websocket")

from websockets.sync.server import ServerConnection  # noqa: E402 (it may be missing)

from tests.hooks.test_websocket_client import CREATE, ask, begin, connect, events  # noqa: E402 (as above)
from tests.support.sockets import respond, serve_sockets, speak_openai  # noqa: E402 (as above)


def lose_the_first(end: Callable[[ServerConnection], None]) -> Callable[[ServerConnection], None]:
    """Speak, but end the first connection in some way once a response has begun."""
    seen: list[ServerConnection] = []

    def handle(connection: ServerConnection) -> None:
        seen.append(connection)
        if len(seen) > 1:
            return speak_openai(connection)
        begin(connection)
        return end(connection)

    return handle


def wait_for_close(connection: ServerConnection) -> None:
    connection.recv()


# websocket-client drops the earlier connection without closing it.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("end", "failure"),
    [
        (lambda connection: connection.socket.shutdown(SHUT_RDWR), "WebSocketConnectionClosedException"),
        (lambda connection: connection.close(1011), "ConnectionAbortedError"),
        (wait_for_close, None),
    ],
)
def test_an_object_that_connects_again_records_each_connection_once(
    end: Any, failure: str | None, sink: MemorySink
) -> None:
    with serve_sockets(lose_the_first(end)) as server:
        payi_instrument(sink=sink, config=server.config)
        connection = connect(server)
        connection.send(CREATE)
        connection.recv()
        if failure == "ConnectionAbortedError":
            assert connection.recv_data()[0] == 8
        elif failure is not None:
            with pytest.raises((websocket.WebSocketException, OSError)):
                connection.recv()
        connection.connect(f"ws://{server.netloc}/v1/responses")
        assert ask(connection) == respond(1, model="gpt-5")
    first, second = events(sink)
    properties = first.properties or {}
    assert (properties["system.stream"], properties.get("system.failure")) == ("partial", failure)
    assert "system.stream" not in (second.properties or {})
    assert second.units["text"].input == 71


def test_an_app_that_reconnects_records_each_connection_once(sink: MemorySink) -> None:
    def on_message(app: Any, message: str) -> None:
        if "response.completed" in message:
            app.close()

    lose = lose_the_first(lambda connection: connection.socket.shutdown(SHUT_RDWR))
    with serve_sockets(lose) as server:
        payi_instrument(sink=sink, config=server.config)
        app = websocket.WebSocketApp(
            f"ws://{server.netloc}/v1/responses",
            on_open=lambda app: app.send(CREATE),
            on_reconnect=lambda app: app.send(CREATE),
            on_message=on_message,
        )
        # As soon as it can: 0 would mean never.
        app.run_forever(reconnect=cast("int", 0.01))
    assert ["system.stream" in (event.properties or {}) for event in events(sink)] == [True, False]
