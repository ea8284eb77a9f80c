"""`python -m benchmarks.ingest [MARK]`: what events are delivered to, a process of its own that counts them.

It stands in for Pay-i, or for the service of another library, where each event has one match of the regular
expression MARK. It prints its port. `GET /down` has it end every connection that brings events, `GET /up`
take them again, and `GET /counts` tells how many came, and how many of them had an id that was there before.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys

_ID = r'"provider_response_id":"([^"]*)"'
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_HEAD = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
# What clients read in it: of an event to Pay-i, of a project of Logfire, of what an agent of Datadog takes.
_ANSWER = json.dumps(
    {
        "event_timestamp": "2026-06-01T12:00:00Z",
        "ingest_timestamp": "2026-06-01T12:00:00Z",
        "request_id": "a-request",
        "xproxy_result": {"request_id": "a-request"},
        "project_name": "a-project",
        "project_url": "http://127.0.0.1",
        "endpoints": ["/v0.4/traces", "/evp_proxy/v2/", "/telemetry/proxy/"],
    }
).encode()


class Ingest:
    """What came, and whether more is taken."""

    def __init__(self, mark: str = _ID) -> None:
        self._mark = re.compile(mark.encode())
        self.up = True
        self.taken = 0
        self.ids: set[bytes] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                response = await self.respond(head.split(b" ", 2)[1], body)
                if response is None:
                    break
                writer.write(_HEAD % (response[0], len(response[1])) + response[1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def respond(self, path: bytes, body: bytes) -> tuple[int, bytes] | None:
        """Return the status and the body of a response, None to end the connection."""
        if path == b"/counts":
            return 200, json.dumps(self.count()).encode()
        if path in (b"/up", b"/down"):
            self.up = path == b"/up"
            return 200, b"{}"
        if not self.up:
            return None
        ids = self._mark.findall(gzip.decompress(body) if body.startswith(_GZIP) else body)
        self.taken += len(ids)
        self.ids.update(ids)
        # A client of Pay-i counts as delivered only what this number confirms.
        return 200, b'{"ingest_count":%d,' % len(ids) + _ANSWER[1:]

    def count(self) -> dict[str, int]:
        """Return what `/counts` sends."""
        return {"taken": self.taken, "repeated": self.taken - len(self.ids)}

    async def listen(self) -> None:
        """Print the port, and serve until the process is ended."""
        # A batch can be many megabytes. At asyncio's default of 64 KB, the transport would pause and resume
        # all through it.
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 26)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(Ingest(*sys.argv[1:]).listen())
