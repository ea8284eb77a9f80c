"""Providers in this process, for libraries that have no transport to put in the place of the network.

What stands in is the connection: the answer is HTTP/1.1, which the library itself parses.
"""

from __future__ import annotations

import asyncio
import io
import re
from http.client import HTTPResponse
from typing import Any

import aiohttp
import requests
import urllib3
from aiohttp.client_proto import ResponseHandler

from benchmarks.corpus import ANSWER_HEADERS, CannedResponse

__all__ = ["Connector", "PlaybackAdapter", "Pool", "write_answer"]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def write_answer(answer: CannedResponse) -> list[bytes]:
    """The head, then the chunks, and of several also their end: each is what one packet brings."""
    pieces = list(answer.chunks)
    # Streams of providers come chunked, and documents with a length, and libraries parse the two by
    # different code.
    framing = (b"content-length", b"%d" % len(pieces[0]))
    if len(pieces) > 1:
        framing = (b"transfer-encoding", b"chunked")
        pieces = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b"")]
    fields = ((b"content-type", answer.content_type.encode()), framing, *ANSWER_HEADERS)
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return [b"HTTP/1.1 200 OK\r\n%b\r\n" % lines, *pieces]


class Connector(aiohttp.BaseConnector):
    """Connections of aiohttp to a provider that answers every request the same. Needs a running loop."""

    def __init__(self, answer: CannedResponse) -> None:
        super().__init__()
        self._pieces = write_answer(answer)

    async def _create_connection(self, *asked: Any) -> ResponseHandler:
        protocol: ResponseHandler = self._factory()
        protocol.connection_made(_Connection(protocol, self._loop, self._pieces))
        return protocol


class _Connection(asyncio.Transport):
    """Answers each request once it is whole, with one turn of the loop for every piece."""

    def __init__(
        self, protocol: ResponseHandler, loop: asyncio.AbstractEventLoop, pieces: list[bytes]
    ) -> None:
        super().__init__()
        self._protocol = protocol
        self._loop = loop
        self._pieces = pieces
        self._missing = 0
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        # aiohttp may write head and body in separate calls.
        if self._missing:
            self._missing -= len(data)
        else:
            head, _, body = bytes(data).partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            assert length is not None, head
            self._missing = int(length[1]) - len(body)
        if not self._missing:
            # Not at once: a real connection never delivers data within the call that writes to it.
            self._loop.call_soon(self._answer, 0)

    def _answer(self, index: int) -> None:
        self._protocol.data_received(self._pieces[index])
        if index + 1 < len(self._pieces):
            self._loop.call_soon(self._answer, index + 1)

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            # As asyncio's own transports do, which never call back from within close().
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close


class Pool:
    """urllib3's connection pool, and botocore's manager of pools, whose connections answer all the same."""

    def __init__(self, answer: CannedResponse) -> None:
        self._answer = b"".join(write_answer(answer))

    def connection_from_url(self, url: str) -> Pool:
        return self

    def urlopen(self, **request: Any) -> urllib3.HTTPResponse:
        parsed = HTTPResponse(_Socket(self._answer), method="POST")  # type: ignore[arg-type]  # all it needs
        parsed.begin()
        # The options are those that botocore and requests pass, which read and decode the body themselves.
        return urllib3.HTTPResponse(
            parsed,
            dict(parsed.headers),
            parsed.status,
            preload_content=False,
            decode_content=False,
            original_response=parsed,
        )

    def clear(self) -> None:
        """Nothing is kept."""


class _Socket:
    """What http.client reads of a socket."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)


class PlaybackAdapter(requests.adapters.HTTPAdapter):
    """Sends as requests does, but through a pool of ours."""

    def __init__(self, answer: CannedResponse) -> None:
        super().__init__()
        self._answers = Pool(answer)

    def get_connection_with_tls_context(self, *asked: Any, **options: Any) -> Any:
        return self._answers
