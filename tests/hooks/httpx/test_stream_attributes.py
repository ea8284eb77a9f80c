"""A recorded stream passes attributes on to the stream that httpx made, reads and writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument
from tests.support.calls import URL


class Upper(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A stream that a program puts in place of the one that was read from the network."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.inner:
            yield chunk.upper()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.inner:
            yield chunk.upper()


class Lower(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b"{}a"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}a"


def replace_stream(response: httpx.Response) -> None:
    stream: Any = response.stream
    stream._stream = Upper(stream._stream)
    stream.flavor = "vanilla"
    assert stream.flavor == "vanilla"


async def areplace_stream(response: httpx.Response) -> None:
    replace_stream(response)


def respond(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Lower())


@pytest.mark.parametrize("is_instrumented", [False, True])
def test_a_hook_may_replace_the_stream_inside(is_instrumented: bool, sink: MemorySink) -> None:
    if is_instrumented:
        payi_instrument(sink=sink)

    async def main() -> bytes:
        hooks: Any = {"response": [areplace_stream]}
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond), event_hooks=hooks) as client:
            return (await client.post(URL, json={"model": "m"})).content

    hooks: Any = {"response": [replace_stream]}
    with httpx.Client(transport=httpx.MockTransport(respond), event_hooks=hooks) as client:
        assert client.post(URL, json={"model": "m"}).content == b"{}A"
    assert asyncio.run(main()) == b"{}A"
    assert payi_flush(30)
    assert len(sink.events) == 2 * is_instrumented
