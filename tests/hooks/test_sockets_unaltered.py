"""What crosses the wire, and what the program sees, is the same with the hooks and without them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument

pytest.importorskip("websockets")

from websockets.sync.server import ServerConnection

from tests.support.sockets import respond, serve_sockets

CREATE = json.dumps({"type": "response.create", "model": "gpt-5"})
SENT: list[str | bytes] = [CREATE, b"\x00\xff" * 40, "ü" * 70_000, "", b""]
MASK, FINAL, EXTENSIONS = 0x80, 0x80, 0x70
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
BYE = "bye"
# Lines of a handshake that are never the same twice.
RANDOM = re.compile("sec-websocket-(key|accept)|date", re.IGNORECASE)


class Frame(NamedTuple):
    """A frame as it crossed the wire, without its mask, which is random. `bits`: compression."""

    final: bool
    bits: int
    opcode: int
    payload: bytes


def read_frames(data: bytes) -> tuple[list[str], list[Frame]]:
    """The lines of a handshake, without its random key, and the frames after it."""
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = [
        line
        for line in head.decode().split("\r\n")
        if not re.match("sec-websocket-(key|accept)|date", line, re.I)
    ]
    frames = []
    while rest:
        size, start = rest[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(rest[2:start], "big")
        mask = bytes(4)
        if rest[1] & MASK:
            mask, start = rest[start : start + 4], start + 4
        masked = rest[start : start + size]
        whole = (mask * (size // 4 + 1))[:size]
        payload = (int.from_bytes(masked, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")
        frames.append(Frame(bool(rest[0] & FINAL), rest[0] & EXTENSIONS, rest[0] & 0x0F, payload))
        rest = rest[start + size :]
    return lines, frames


class Tap:
    """Passes connections on to a server, and keeps the bytes of each direction."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.netloc = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent, self.received = bytearray(), bytearray()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for source, goal, kept in ((client, server, self.sent), (server, client, self.received)):
                    thread = threading.Thread(target=self._pass_on, args=(source, goal, kept), daemon=True)
                    thread.start()
                    self._threads.append(thread)

    def _pass_on(self, source: socket.socket, goal: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept += data
                goal.sendall(data)
            goal.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait until both directions have ended."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)
        for one in self._sockets:
            one.close()


def speak(connection: ServerConnection) -> None:
    """Echo each message in a way of its own, with a ping before it, until the client says goodbye."""
    for number in range(1, 100):
        message = connection.recv()
        if message == BYE:
            connection.close(4001, "as agreed")
            return
        assert connection.ping(b"ping %d" % number).wait(30)
        if message == CREATE:
            for event in respond(number):
                connection.send(json.dumps(event))
        # In fragments of several sizes.
        half = len(message) // 2
        connection.send([message[:half], message[half : half + 1], message[half + 1 :]])


def talk_in_threads(url: str) -> list[Any]:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    seen: list[Any] = []
    with connect(url, max_size=None) as connection:
        for message in SENT:
            assert connection.ping(b"mine").wait(30)
            connection.send(iter((message[:3], message[3:])) if len(message) > 100 else message)
            seen += [connection.recv() for _ in range(4 if message == CREATE else 1)]
        connection.send(BYE)
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv()
    return [*seen, closed.value.rcvd]


def talk_in_tasks(url: str, legacy: bool = False) -> list[Any]:
    from websockets.exceptions import ConnectionClosed

    connect = pytest.importorskip(f"websockets.{'legacy' if legacy else 'asyncio'}.client").connect

    async def talk() -> list[Any]:
        seen: list[Any] = []
        async with connect(url, max_size=None) as connection:
            for message in SENT:
                await (await connection.ping(b"mine"))
                await connection.send(iter((message[:3], message[3:])) if len(message) > 100 else message)
                seen += [await connection.recv() for _ in range(4 if message == CREATE else 1)]
            await connection.send(BYE)
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
        return [*seen, closed.value.rcvd]

    return asyncio.run(talk())


def talk_by_legacy(url: str) -> list[Any]:
    return talk_in_tasks(url, legacy=True)


def talk_by_aiohttp(url: str) -> list[Any]:
    aiohttp = pytest.importorskip("aiohttp")

    async def talk() -> list[Any]:
        seen: list[Any] = []
        async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as connection:
            for message in SENT:
                send = connection.send_str if isinstance(message, str) else connection.send_bytes
                await send(message)
                for _ in range(4 if message == CREATE else 1):
                    received = await connection.receive()
                    seen.append((received.type, received.data))
            await connection.send_str(BYE)
            received = await connection.receive()
            seen.append((received.type, received.data, received.extra, connection.close_code))
        return seen

    return asyncio.run(talk())


def talk_by_websocket_client(url: str) -> list[Any]:
    websocket = pytest.importorskip("websocket")
    seen: list[Any] = []
    connection = websocket.create_connection(url, timeout=30)
    for message in SENT:
        connection.ping(b"mine")
        connection.send(message) if isinstance(message, str) else connection.send_binary(message)
        seen += [connection.recv_data(control_frame=False) for _ in range(4 if message == CREATE else 1)]
    connection.send(BYE)
    seen.append(connection.recv_data())
    # Its `close` does nothing after the server has closed.
    connection.shutdown()
    return seen


CLIENTS: list[Callable[[str], list[Any]]] = [
    *(talk_in_threads, talk_in_tasks, talk_by_legacy, talk_by_aiohttp, talk_by_websocket_client)
]


@pytest.fixture
def port() -> Iterator[int]:
    with serve_sockets(speak, max_size=None) as running:
        yield running.port


def record(talk: Callable[[str], list[Any]], tap: Tap) -> tuple[Any, ...]:
    """What the program saw, and what crossed the wire, both ways."""
    seen = talk(f"ws://{tap.netloc}/v1/responses")
    tap.close()
    clean = tap.netloc.encode()
    return (seen, *(read_frames(bytes(data).replace(clean, b"host")) for data in (tap.sent, tap.received)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("talk", CLIENTS, ids=lambda talk: talk.__name__.partition("_")[2])
def test_every_frame_is_the_same_with_the_hooks(
    talk: Callable[[str], list[Any]], port: int, sink: MemorySink
) -> None:
    seen, sent, received = record(talk, Tap(port))
    tap = Tap(port)
    payi_instrument(sink=sink, config={"host_mappings": {tap.netloc: {"price_as_category": "system.openai"}}})
    assert record(talk, tap) == (seen, sent, received)
    assert payi_flush(30)
    assert (payi_stats().faults, [event.provider_response_id for event in sink.events]) == (0, ["resp_1"])
    payi_uninstrument()
    assert record(talk, Tap(port)) == (seen, sent, received)
    # The comparison is about something: all kinds of frames, fragments, and compression.
    kinds = {frame.opcode for frame in sent[1]}
    assert {TEXT, BINARY, CLOSE, PONG} <= kinds
    assert {PING, CLOSE} <= {frame.opcode for frame in received[1]}
    assert not all(frame.final for frame in received[1])
    assert any(frame.bits for frame in received[1]) is (talk is not talk_by_websocket_client)
    assert received[1][-1].payload == b"\x0f\xa1as agreed"
