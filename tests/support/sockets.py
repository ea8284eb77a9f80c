"""A WebSocket server on loopback. What each connection does there is a function."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("websockets")

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from payi_transport.config.types import PayiInstrumentConfig

__all__ = ["SocketServer", "count_tokens", "respond", "serve_sockets", "speak_openai"]

Handler = Callable[[ServerConnection], None]


class SocketServer:
    """A running server: its address, and what arrived there, by connection."""

    def __init__(self, server: Server) -> None:
        self.port: int = server.socket.getsockname()[1]
        self.netloc = f"127.0.0.1:{self.port}"
        self.received: list[list[Any]] = []
        self.requests: list[Any] = []

    @property
    def config(self) -> PayiInstrumentConfig:
        """What makes the server one of OpenAI's."""
        return {"host_mappings": {self.netloc: {"price_as_category": "system.openai"}}}


@contextlib.contextmanager
def serve_sockets(handle: Handler, **options: Any) -> Iterator[SocketServer]:
    """Run a server for the length of the block; `options` are those of `websockets.sync.server.serve`."""

    def run(connection: ServerConnection) -> None:
        messages: list[Any] = []
        running.received.append(messages)
        running.requests.append(connection.request)
        receive = connection.recv

        def recv(*args: Any, **kwargs: Any) -> Any:
            messages.append(receive(*args, **kwargs))
            return messages[-1]

        connection.recv = recv  # type: ignore[method-assign]
        with contextlib.suppress(ConnectionClosed, OSError):
            handle(connection)

    with serve(run, "127.0.0.1", 0, **options) as server:
        running = SocketServer(server)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


def count_tokens(number: int, *, realtime: bool = False) -> dict[str, Any]:
    """Return the usage of the response with this number. Each number has a usage of its own."""
    usage: dict[str, Any] = {"input_tokens": 100 + number, "output_tokens": 50 + number}
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    if realtime:
        cached = {"text_tokens": 10, "audio_tokens": 5, "image_tokens": 0}
        usage["input_token_details"] = {
            "text_tokens": 60 + number,
            "audio_tokens": 40,
            "image_tokens": 0,
            "cached_tokens": 15,
            "cached_tokens_details": cached,
        }
        usage["output_token_details"] = {"text_tokens": 20 + number, "audio_tokens": 30}
    else:
        usage["input_tokens_details"] = {"cached_tokens": 30}
        usage["output_tokens_details"] = {"reasoning_tokens": 20}
    return usage


def respond(number: int, *, realtime: bool = False, model: str = "gpt-x") -> list[dict[str, Any]]:
    """Return the events of one response, as OpenAI sends them."""
    response = {"id": f"resp_{number}", "status": "in_progress", "model": model, "output": []}
    done = {**response, "status": "completed", "usage": count_tokens(number, realtime=realtime)}
    if realtime:
        return [
            {"type": "response.created", "event_id": f"e{number}.1", "response": response},
            {"type": "response.output_audio.delta", "response_id": f"resp_{number}", "delta": "QUJD" * 100},
            {"type": "response.done", "event_id": f"e{number}.2", "response": done},
        ]
    return [
        {"type": "response.created", "sequence_number": 0, "response": response},
        {"type": "response.output_text.delta", "sequence_number": 1, "delta": "Hi", "item_id": "i"},
        {"type": "response.completed", "sequence_number": 2, "response": done},
    ]


def speak_openai(connection: ServerConnection) -> None:
    """Respond to each `response.create` as OpenAI does, on the paths of both APIs."""
    request = connection.request
    realtime = request is not None and "/realtime" in request.path
    if realtime:
        session = {"type": "realtime", "model": "gpt-realtime-x"}
        connection.send(json.dumps({"type": "session.created", "event_id": "s", "session": session}))
    number = 0
    while True:
        event = json.loads(connection.recv())
        if event["type"] != "response.create":
            continue
        number += 1
        for sent in respond(number, realtime=realtime, model=event.get("model", "gpt-x")):
            connection.send(json.dumps(sent))
