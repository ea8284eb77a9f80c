"""A provider on loopback that sends the responses it was given, complete or broken."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from tests.support.payi_rules import find_violations

__all__ = ["CannedResponse", "Origin", "Received", "run_origin", "serve"]

OriginT = TypeVar("OriginT", bound="Origin")


@dataclass(frozen=True)
class CannedResponse:
    """Describe a response: a body in chunks, and how it ends.

    The body is sent as it is if `headers` state its length, and chunked otherwise. `end` is "well", "reset"
    (the connection is reset after the last chunk), or "cut" (closed in the middle of the body). The response
    waits for `hold` after its first chunk, or before its status line if it has no chunks. With `confirms`,
    the body is Pay-i's for a request whose events it all took, or a refusal if one breaks Pay-i's schema.
    """

    chunks: Sequence[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    end: str = "well"
    hold: threading.Event | None = None
    confirms: bool = False

    def answer(self, request_body: bytes) -> CannedResponse:
        """Return the response to a request with this body."""
        if not self.confirms:
            return self
        events = json.loads(request_body)
        is_single = not isinstance(events, list)
        broken = [
            violation
            for item in ([events] if is_single else events)
            for violation in find_violations(item, single=is_single)
        ]
        if broken:
            return replace(self, status=400, chunks=[json.dumps(broken).encode()], confirms=False)
        count = 1 if is_single else len(events)
        fields = {"ingest_count": count, "ingest_timestamp": "2026-01-01T00:00:00Z", "request_id": "r"}
        return replace(self, chunks=[json.dumps(fields).encode()], confirms=False)


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Origin(ThreadingHTTPServer):
    """Send the responses in `responses` in order, and repeat the last one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.responses: list[CannedResponse] = []
        self.received: list[Received] = []

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.netloc}"

    def refuse_connections(self) -> None:
        """Stop listening. First stop the thread that polls the socket: it would keep the socket open."""
        self.shutdown()
        self.server_close()

    def next_response(self) -> CannedResponse:
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that went away, which some tests make them do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise each chunk waits 40 ms for the delayed acknowledgement of the previous one.
    disable_nagle_algorithm = True
    server: Origin

    def do_POST(self) -> None:
        body = b"".join(self._read_body())
        received = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.received.append(received)
        response = self.server.next_response().answer(body)
        if response.hold is not None and not response.chunks:
            response.hold.wait(30)
        if response.end == "reset" and not response.chunks:
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "content-length" not in response.headers:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._send_body(response)

    do_GET = do_PUT = do_DELETE = do_POST

    def _read_body(self) -> Iterator[bytes]:
        if "content-length" in self.headers or "transfer-encoding" not in self.headers:
            yield self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send_body(self, response: CannedResponse) -> None:
        chunked = "content-length" not in response.headers
        for index, chunk in enumerate(response.chunks):
            # An empty chunk ends the body. Another end would be taken for the next response.
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            if index == 0 and response.hold is not None:
                response.hold.wait(30)
        if response.end == "reset":
            self._reset()
        elif response.end == "cut":
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serve() -> Iterator[Origin]:
    """Run an origin for the length of the block."""
    with run_origin(Origin()) as origin:
        yield origin


@contextlib.contextmanager
def run_origin(origin: OriginT) -> Iterator[OriginT]:
    """Run this origin for the length of the block."""
    with origin:
        thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield origin
        finally:
            origin.shutdown()
            thread.join()
