"""What becomes of a call: six surfaces, each with the same resources in it.

A resource is `Limits[Sync]`, `Limits[AsyncRaw]` and so on; the types of its methods follow from its surface.
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
    """A call is its `APIResponse`."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    def call(self, call: RequestSpec[T]) -> APIResponse[T]:
        return self.transport.ask(call)

    def list(self, call: RequestSpec[CursorPage[T]]) -> APIResponse[SyncCursorPage[T]]:
        return self.transport.send_for_page(call)


@final
class SyncStreaming:
    """A call is a context manager: inside is its `APIResponse`, whose body is not read yet."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    @contextlib.contextmanager
    def call(self, call: RequestSpec[T]) -> Iterator[APIResponse[T]]:
        with contextlib.closing(self.transport.ask(call, stream=True)) as response:
            yield response

    @contextlib.contextmanager
    def list(self, call: RequestSpec[CursorPage[T]]) -> Iterator[APIResponse[SyncCursorPage[T]]]:
        with contextlib.closing(self.transport.send_for_page(call, stream=True)) as response:
            yield response


@final
class Sync:
    """A call is what Pay-i answers, a list its first page."""

    def __init__(self, transport: SyncTransport) -> None:
        self.transport = transport

    def call(self, call: RequestSpec[T]) -> T:
        return self.transport.ask(call).parse()

    def list(self, call: RequestSpec[CursorPage[T]]) -> SyncCursorPage[T]:
        return self.transport.send_for_page(call).parse()

    def raw(self) -> SyncRaw:
        return SyncRaw(self.transport)

    def streaming(self) -> SyncStreaming:
        return SyncStreaming(self.transport)


@final
class AsyncRaw:
    """A call is awaited to its `AsyncAPIResponse`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def call(self, call: RequestSpec[T]) -> AsyncAPIResponse[T]:
        return await self.transport.ask(call)

    async def list(self, call: RequestSpec[CursorPage[T]]) -> AsyncAPIResponse[AsyncCursorPage[T]]:
        return await self.transport.send_for_page(call)


@final
class AsyncStreaming:
    """A call is an async context manager: inside is its `AsyncAPIResponse`, whose body is not read yet."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    @contextlib.asynccontextmanager
    async def call(self, call: RequestSpec[T]) -> AsyncIterator[AsyncAPIResponse[T]]:
        response = await self.transport.ask(call, stream=True)
        try:
            yield response
        finally:
            await response.close()

    @contextlib.asynccontextmanager
    async def list(
        self, call: RequestSpec[CursorPage[T]]
    ) -> AsyncIterator[AsyncAPIResponse[AsyncCursorPage[T]]]:
        response = await self.transport.send_for_page(call, stream=True)
        try:
            yield response
        finally:
            await response.close()


@final
class Async:
    """A call is awaited to what Pay-i answers; a list is awaited to its first page or iterated over."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def call(self, call: RequestSpec[T]) -> T:
        return await (await self.transport.ask(call)).parse()

    def list(self, call: RequestSpec[CursorPage[T]]) -> AsyncPaginator[T]:
        async def first() -> AsyncCursorPage[T]:
            return await (await self.transport.send_for_page(call)).parse()

        return AsyncPaginator(first)

    def raw(self) -> AsyncRaw:
        return AsyncRaw(self.transport)

    def streaming(self) -> AsyncStreaming:
        return AsyncStreaming(self.transport)


Surface: TypeAlias = Sync | SyncRaw | SyncStreaming | Async | AsyncRaw | AsyncStreaming
