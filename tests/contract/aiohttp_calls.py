"""A call with aiohttp, and the ways in which a caller can read its response."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import aiohttp

from tests.contract.responses import PATH, REQUEST

__all__ = ["READERS", "Read", "collect", "post"]

Read = Callable[[aiohttp.ClientResponse], Awaitable[Any]]


async def collect(chunks: AsyncIterable[Any]) -> list[Any]:
    return [chunk async for chunk in chunks]


# Where one piece ends and the next begins is up to the network, except for lines and HTTP's own chunks.
async def _read_in_pieces(response: aiohttp.ClientResponse) -> bytes:
    pieces = []
    while piece := await response.content.read(7):
        pieces.append(piece)
    return b"".join(pieces)


async def _read_lines(response: aiohttp.ClientResponse) -> list[bytes]:
    return [line async for line in response.content]


async def _read_any(response: aiohttp.ClientResponse) -> bytes:
    return b"".join(await collect(response.content.iter_any()))


async def _read_chunked(response: aiohttp.ClientResponse) -> bytes:
    return b"".join(await collect(response.content.iter_chunked(1 << 20)))


async def _read_twice(response: aiohttp.ClientResponse) -> list[bytes]:
    return [await response.read(), await response.read()]


async def _read_nowait(response: aiohttp.ClientResponse) -> bytes:
    await response.content.wait_eof()
    return response.content.read_nowait()


async def _read_exactly(response: aiohttp.ClientResponse) -> bytes:
    return await response.content.readexactly(100) + await response.read()


READERS: dict[str, Read] = {
    "read": lambda response: response.read(),
    "read twice": _read_twice,
    "text": lambda response: response.text(),
    "lines": _read_lines,
    "until": lambda response: response.content.readuntil(b"}"),
    "pieces": _read_in_pieces,
    "any": _read_any,
    "chunked": _read_chunked,
    "nowait": _read_nowait,
    "exactly": _read_exactly,
}


async def post(url: str, read: Read, request: Any = None, **options: Any) -> Any:
    """What a caller sees of a call: status, reason, headers, what was read, and how many bytes came."""
    async with aiohttp.ClientSession() as session:
        body: dict[str, Any] = {"json": REQUEST} if request is None else {"data": request}
        async with session.post(f"{url}{PATH}", **body, **options) as response:
            headers = {name: value for name, value in response.headers.items() if name != "Date"}
            seen = await read(response)
            return response.status, response.reason, headers, seen, response.content.total_bytes
