"""HTTP clients that close their connections when nobody refers to them any more.

`Payi()` makes its own HTTP client, and many programs never close it. Python then warns about each socket
(ResourceWarning), and tests that turn warnings into errors fail. A copy of a client refers to the same HTTP
client, so this happens when the last of them is gone. A client that the caller passed is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import httpx

__all__ = ["OwnAsyncClient", "OwnClient"]


class OwnClient(httpx.Client):
    """Close the connections on garbage collection."""

    def __del__(self) -> None:
        # A constructor that raised leaves an object without attributes, and an interpreter that exits takes
        # away what closing needs. Nobody could catch an exception here.
        with contextlib.suppress(Exception):
            self.close()


class OwnAsyncClient(httpx.AsyncClient):
    """Keep connections for each event loop of asyncio; a program of trio has only one."""

    def __init__(self, **options: Any) -> None:
        # One context for all, because loading the certificates takes 10 ms.
        self._options = {"verify": httpx.create_ssl_context(), **options}
        super().__init__(**self._options)
        self._by_loop: dict[asyncio.AbstractEventLoop | None, _Connections] = {}

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request over a connection of the running loop."""
        loop = _find_loop()
        # The error for a client that was closed is httpx's.
        if loop is None or self.is_closed:
            return await super().send(request, **options)
        return await (await self._find_client(loop)).send(request, **options)

    async def _find_client(self, loop: asyncio.AbstractEventLoop) -> httpx.AsyncClient:
        connections = self._by_loop.get(loop)
        if connections is None or connections.client.is_closed:
            self._forget_ended()
            client = httpx.AsyncClient(cookies=self.cookies.jar, **self._options)
            connections = self._by_loop[loop] = _Connections(loop, client, _close_at_end(client))
            await anext(connections.end)
        return connections.client

    def _forget_ended(self) -> None:
        # Other threads may add theirs meanwhile.
        for loop, connections in list(self._by_loop.items()):
            if connections.client.is_closed or connections.loop.is_closed():
                self._by_loop.pop(loop, None)

    async def aclose(self) -> None:
        """Close all connections. Those of other loops are closed there, once nobody refers to them."""
        await super().aclose()
        own = self._by_loop.pop(_find_loop(), None)
        self._by_loop.clear()
        if own is not None:
            await own.end.aclose()


class _Connections(NamedTuple):
    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    # Ends when its loop does, or when nobody refers to it.
    end: AsyncGenerator[None, None]


async def _close_at_end(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await client.aclose()


def _find_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
