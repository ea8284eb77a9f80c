"""What becomes of a call: six worlds, each with the same resources in it.

A resource is `Limits[Sync]`, `Limits[AsyncRaw]` and so on; the types of its methods follow from its world.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias, TypeVar, final

from payi_transport.client.calls import Call
from payi_transport.client.responses import APIResponse, AsyncAPIResponse
from payi_transport.client.transport import AsyncLink, SyncLink
from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, CursorPage, SyncCursorPage

__all__ = ["Async", "AsyncRaw", "AsyncStreaming", "Sync", "SyncRaw", "SyncStreaming", "World"]

T = TypeVar("T")


@final
class SyncRaw:
    """A call is its `APIResponse`."""

    def __init__(self, link: SyncLink) -> None:
        self.link = link

    def call(self, call: Call[T]) -> APIResponse[T]:
        return self.link.ask(call)

    def list(self, call: Call[CursorPage[T]]) -> APIResponse[SyncCursorPage[T]]:
        return self.link.ask_page(call)


@final
class SyncStreaming:
    """A call is a context manager: inside is its `APIResponse`, whose body is not read yet."""

    def __init__(self, link: SyncLink) -> None:
        self.link = link

    @contextlib.contextmanager
    def call(self, call: Call[T]) -> Iterator[APIResponse[T]]:
        with contextlib.closing(self.link.ask(call, stream=True)) as response:
            yield response

    @contextlib.contextmanager
    def list(self, call: Call[CursorPage[T]]) -> Iterator[APIResponse[SyncCursorPage[T]]]:
        with contextlib.closing(self.link.ask_page(call, stream=True)) as response:
            yield response


@final
class Sync:
    """A call is what Pay-i answers, a list its first page."""

    def __init__(self, link: SyncLink) -> None:
        self.link = link

    def call(self, call: Call[T]) -> T:
        return self.link.ask(call).parse()

    def list(self, call: Call[CursorPage[T]]) -> SyncCursorPage[T]:
        return self.link.ask_page(call).parse()

    def raw(self) -> SyncRaw:
        return SyncRaw(self.link)

    def streaming(self) -> SyncStreaming:
        return SyncStreaming(self.link)


@final
class AsyncRaw:
    """A call is awaited to its `AsyncAPIResponse`."""

    def __init__(self, link: AsyncLink) -> None:
        self.link = link

    async def call(self, call: Call[T]) -> AsyncAPIResponse[T]:
        return await self.link.ask(call)

    async def list(self, call: Call[CursorPage[T]]) -> AsyncAPIResponse[AsyncCursorPage[T]]:
        return await self.link.ask_page(call)


@final
class AsyncStreaming:
    """A call is an async context manager: inside is its `AsyncAPIResponse`, whose body is not read yet."""

    def __init__(self, link: AsyncLink) -> None:
        self.link = link

    @contextlib.asynccontextmanager
    async def call(self, call: Call[T]) -> AsyncIterator[AsyncAPIResponse[T]]:
        response = await self.link.ask(call, stream=True)
        try:
            yield response
        finally:
            await response.close()

    @contextlib.asynccontextmanager
    async def list(self, call: Call[CursorPage[T]]) -> AsyncIterator[AsyncAPIResponse[AsyncCursorPage[T]]]:
        response = await self.link.ask_page(call, stream=True)
        try:
            yield response
        finally:
            await response.close()


@final
class Async:
    """A call is awaited to what Pay-i answers; a list is awaited to its first page or iterated over."""

    def __init__(self, link: AsyncLink) -> None:
        self.link = link

    async def call(self, call: Call[T]) -> T:
        return await (await self.link.ask(call)).parse()

    def list(self, call: Call[CursorPage[T]]) -> AsyncPaginator[T]:
        async def first() -> AsyncCursorPage[T]:
            return await (await self.link.ask_page(call)).parse()

        return AsyncPaginator(first)

    def raw(self) -> AsyncRaw:
        return AsyncRaw(self.link)

    def streaming(self) -> AsyncStreaming:
        return AsyncStreaming(self.link)


World: TypeAlias = Sync | SyncRaw | SyncStreaming | Async | AsyncRaw | AsyncStreaming
