"""`python -m benchmarks.ingest`: Pay-i's bulk endpoint in a process of its own, which counts what it takes.

It prints its port. `GET /down` has it end every connection that brings events, `GET /up` take them again, and
`GET /counts` tells how many came, and how many of them had an id that was there before.
"""

from __future__ import annotations

import asyncio
import json
import re

_ID = re.compile(rb'"provider_response_id":"([^"]*)"')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Ingest:
    """What came, and whether more is taken."""

    def __init__(self) -> None:
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
                answer = self.answer(head.split(b" ", 2)[1], body)
                if answer is None:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def answer(self, path: bytes, body: bytes) -> bytes | None:
        if path == b"/counts":
            return json.dumps({"taken": self.taken, "repeated": self.taken - len(self.ids)}).encode()
        if path in (b"/up", b"/down"):
            self.up = path == b"/up"
            return b"{}"
        if not self.up:
            return None
        ids = _ID.findall(body)
        self.taken += len(ids)
        self.ids.update(ids)
        return b"{}"


async def main() -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Ingest().serve, "127.0.0.1", 0, limit=1 << 26)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
