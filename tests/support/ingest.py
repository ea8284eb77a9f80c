"""Pay-i's ingest API on loopback: it sends any bytes, or none, and takes events by Pay-i's rules.

The rules are those of the tests, or the local service.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.payi_rules import BULK, PayiRules
from tests.support.served import ServedRules

__all__ = ["BY_RULES", "CONFIRMATION", "CannedReply", "Ingest", "make_reply"]


@dataclass(frozen=True)
class CannedReply:
    """Describe the bytes to send, in pieces, and how they end. `takes` counts events as delivered.

    `COUNT` in the bytes stands for the number of events in the request. With `stalls`, nothing comes after
    the pieces until the client gives up.
    """

    pieces: tuple[bytes, ...] = ()
    takes: bool = False
    resets: bool = False
    closes: bool = False
    stalls: bool = False
    hold: threading.Event | None = None

    def fill_in(self, count: int) -> list[bytes]:
        """Return the pieces, cut as before, with the number of events."""
        rest = b"".join(self.pieces).replace(b"COUNT", b"%5d" % count)
        filled = []
        for piece in self.pieces:
            filled.append(rest[: len(piece)])
            rest = rest[len(piece) :]
        return filled


# The body with which Pay-i confirms a batch.
CONFIRMATION = b'{"ingest_count": COUNT, "ingest_timestamp": "2026-01-01T00:00:00Z", "request_id": "r"}'


def make_reply(
    status: int = 200,
    body: bytes | None = None,
    *,
    takes: bool | None = None,
    headers: str = "",
    step: int = 0,
) -> CannedReply:
    """Write an HTTP response, `step` bytes at a time."""
    if body is None:
        body = CONFIRMATION if status < 300 else b"{}"
    head = f"HTTP/1.1 {status} X\r\n{headers}content-length: {len(body)}\r\n\r\n"
    data = head.encode() + body
    pieces = tuple(data[at : at + step] for at in range(0, len(data), step)) if step else (data,)
    return CannedReply(pieces, takes=status < 300 if takes is None else takes)


# What Pay-i's rules say, in place of bytes of the test's.
BY_RULES = CannedReply((b"by the rules",))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    ingest: Ingest

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.connections: set[socket.socket] = set()
        # Held from a request to its response, so that no connection ends in between by accident.
        self.answering = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that went away."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.connections.add(self.connection)
        while (request := self._read_request()) is not None:
            method, path, headers, body = request
            events = json.loads(body or b"[]")
            with self.server.answering:
                reply = self.server.ingest.answer(method, path, headers, body)
                if reply.hold is not None:
                    reply.hold.wait(60)
                for piece in reply.fill_in(len(events) if isinstance(events, list) else 1):
                    self.wfile.write(piece)
            if reply.stalls:
                self.connection.recv(1)
                return
            if reply.resets or not reply.pieces:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if reply.closes:
                return

    def _read_request(self) -> tuple[str, str, dict[str, str], bytes] | None:
        """Read method, path, headers, and body. `None` where the connection ends before the request does."""
        start = self.rfile.readline()
        headers: dict[str, str] = {}
        while (line := self.rfile.readline()) != b"\r\n":
            if not line.endswith(b"\n"):
                return None
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length)
        method, path = start.decode().split()[:2]
        return (method, path, headers, body) if len(body) == length else None


class Ingest:
    """Send `reply(events)` for each batch while the server is up. `rules` take the events."""

    def __init__(
        self,
        reply: Callable[[list[dict[str, Any]]], CannedReply],
        rules: PayiRules | ServedRules | None = None,
    ) -> None:
        self.reply = reply
        self.rules = rules or PayiRules()
        self.asked = 0
        self._address = ("127.0.0.1", 0)
        self._server: _Server | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._address[1]}"

    @property
    def taken(self) -> Counter[str]:
        """How often each event counts."""
        return self.rules.counted

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> CannedReply:
        self.asked += 1
        events = json.loads(body or b"[]")
        reply = self.reply(events if isinstance(events, list) else [events])
        if reply is BY_RULES:
            status, word = self.rules.respond(method, path, headers, body)
            return make_reply(status, json.dumps(word).encode(), takes=False)
        if reply.takes:
            status, _ = self.rules.respond(method, path, headers, body)
            assert status == 200, self.rules.violations
        return reply

    def take(self, events: list[dict[str, Any]]) -> None:
        """Take some events of a batch, whatever is sent in response to it."""
        status, _ = self.rules.respond("POST", BULK, {"xproxy-api-key": "k"}, json.dumps(events).encode())
        assert status == 200, self.rules.violations

    def start(self) -> None:
        """Listen at the same address as before."""
        if self._server is not None:
            return
        self._server = _Server(self._address)
        self._server.ingest = self
        self._address = self._server.server_address  # type: ignore[assignment]  # of IPv4
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Close all connections and refuse new ones."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        with server.answering:
            for connection in server.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
