"""What the caller of an endpoint gets back: one class for each of the six surfaces of the API.

    plain       the parsed response, or the first page of a list (async: a paginator)
    raw         the `APIResponse`, its body read but not parsed
    streaming   a context manager of the `APIResponse`, its body not read yet

Each exists for sync and for async callers, who await the same things. A surface has two methods: `send`
for an endpoint with one response, `send_list` for one with pages. A resource names its surface in its type,
as in `Limits[AsyncRaw]`. Only the plain surfaces lead to others (`raw()`, `streaming()`), so there cannot be
a `with_raw_response.with_raw_response`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias, TypeVar, final

from payi_transport.client.request import RequestSpec
from payi_transport.client.responses import APIResponse, AsyncAPIResponse
from payi_transport.client.transport import AsyncTransport, SyncTransport
from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, CursorPage, SyncCursorPage

__all__ = ["Async", "AsyncRaw", "AsyncStreaming", "Surface", "Sync", "SyncRaw", "SyncStreaming"]

T = TypeVar("T")


@final
class SyncRaw:
    """Return the `APIResponse`, its body already read."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    def send(self, spec: RequestSpec[T]) -> APIResponse[T]:
        return self.transport.send(spec)

    def send_list(self, spec: RequestSpec[CursorPage[T]]) -> APIResponse[SyncCursorPage[T]]:
        return self.transport.send_list(spec)


@final
class SyncStreaming:
    """Return a context manager that sends on entry, yields the unread `APIResponse` and closes it on exit."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    @contextlib.contextmanager
    def send(self, spec: RequestSpec[T]) -> Iterator[APIResponse[T]]:
        # An unread body holds a connection of the pool, so close it even if the caller's block raises.
        with contextlib.closing(self.transport.send(spec, stream=True)) as response:
            yield response

    @contextlib.contextmanager
    def send_list(self, spec: RequestSpec[CursorPage[T]]) -> Iterator[APIResponse[SyncCursorPage[T]]]:
        with contextlib.closing(self.transport.send_list(spec, stream=True)) as response:
            yield response


@final
class Sync:
    """Return the parsed response, or the first page of a list."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    def send(self, spec: RequestSpec[T]) -> T:
        return self.transport.send(spec).parse()

    def send_list(self, spec: RequestSpec[CursorPage[T]]) -> SyncCursorPage[T]:
        return self.transport.send_list(spec).parse()

    def raw(self) -> SyncRaw:
        return SyncRaw(self.transport)

    def streaming(self) -> SyncStreaming:
        return SyncStreaming(self.transport)


@final
class AsyncRaw:
    """Return a coroutine of the `AsyncAPIResponse`, its body already read."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def send(self, spec: RequestSpec[T]) -> AsyncAPIResponse[T]:
        return await self.transport.send(spec)

    async def send_list(self, spec: RequestSpec[CursorPage[T]]) -> AsyncAPIResponse[AsyncCursorPage[T]]:
        return await self.transport.send_list(spec)


@final
class AsyncStreaming:
    """Return an async context manager that yields the unread `AsyncAPIResponse` and closes it on exit."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    @contextlib.asynccontextmanager
    async def send(self, spec: RequestSpec[T]) -> AsyncIterator[AsyncAPIResponse[T]]:
        response = await self.transport.send(spec, stream=True)
        try:
            yield response
        finally:
            await response.close()

    @contextlib.asynccontextmanager
    async def send_list(
        self, spec: RequestSpec[CursorPage[T]]
    ) -> AsyncIterator[AsyncAPIResponse[AsyncCursorPage[T]]]:
        response = await self.transport.send_list(spec, stream=True)
        try:
            yield response
        finally:
            await response.close()


@final
class Async:
    """Return a coroutine of the parsed response; for a list, a paginator to await or to iterate over."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def send(self, spec: RequestSpec[T]) -> T:
        return await (await self.transport.send(spec)).parse()

    # Not a coroutine: `async for` needs the paginator at once, and it sends nothing until it is awaited or
    # iterated over.
    def send_list(self, spec: RequestSpec[CursorPage[T]]) -> AsyncPaginator[T]:
        async def fetch_first() -> AsyncCursorPage[T]:
            return await (await self.transport.send_list(spec)).parse()

        return AsyncPaginator(fetch_first)

    def raw(self) -> AsyncRaw:
        return AsyncRaw(self.transport)

    def streaming(self) -> AsyncStreaming:
        return AsyncStreaming(self.transport)


# A closed union rather than a protocol, because the overloads of `endpoint` have to list all of them.
Surface: TypeAlias = Sync | SyncRaw | SyncStreaming | Async | AsyncRaw | AsyncStreaming
