"""Bodies that a server reads after the request has been handled, each step in the scope of the request."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator
from types import CoroutineType
from typing import Any, cast

from payi_transport.context.scope import bind_coroutine, bind_to_scope

__all__ = ["ScopedAsyncBody", "ScopedBody"]


class ScopedBody:
    """The body of a response whose steps run inside the scope in which this object is made."""

    def __init__(self, body: Iterable[Any]) -> None:
        self._next = bind_to_scope(iter(body).__next__)
        self._close = bind_to_scope(getattr(body, "close", lambda: None))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._next()

    def close(self) -> None:
        """Close the body, as servers do when a response ends early."""
        self._close()


class ScopedAsyncBody:
    """The same for a body that is made by an async iterator."""

    def __init__(self, body: AsyncIterable[Any]) -> None:
        # Not a method of this object, which would refer to itself: a body that is dropped is freed at once.
        self._next = bind_to_scope(functools.partial(_make_step, aiter(body)))

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return self._next()


def _make_step(body: AsyncIterator[Any]) -> Awaitable[Any]:
    # Bound, too, because a step is made now and awaited later.
    return bind_coroutine(cast("CoroutineType[Any, Any, Any]", _step(body)))


async def _step(body: AsyncIterator[Any]) -> Any:
    return await anext(body)
