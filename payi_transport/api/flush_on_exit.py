"""Deliver events before a function returns.

On AWS Lambda and the like, the process is frozen or discarded as soon as the handler has returned, and the
background thread with it. So the handler has to wait for its events.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import nullcontext
from typing import Any, ParamSpec, TypeVar, cast, overload

from payi_transport.api.instrument import payi_flush
from payi_transport.api.timeouts import check_timeout
from payi_transport.compat import Self
from payi_transport.runtime.decorated import DESCRIPTORS, decorate
from payi_transport.runtime.generators import wrap_async_generator
from payi_transport.runtime.threads import run_on_thread

__all__ = ["payi_flush_on_exit"]

P = ParamSpec("P")
R = TypeVar("R")


@overload
def payi_flush_on_exit(timeout: float = 5.0) -> _Flush: ...


@overload
def payi_flush_on_exit(function: Callable[P, R], /) -> Callable[P, R]: ...


def payi_flush_on_exit(timeout: Any = 5.0) -> Any:
    """Deliver what was captured when a block or a decorated function ends, in `timeout` seconds at most.

    Use it with `with` and `async with`, or decorate functions, coroutine functions, generators and async
    generators, with or without parentheses. A generator ends when it is exhausted or closed. What the block
    returns or raises stays the same, and an event loop keeps running meanwhile. Raises TypeError for a class.
    """
    # Without parentheses, the decorated function arrives in place of the timeout.
    is_decorated = callable(timeout) or isinstance(timeout, DESCRIPTORS)
    return _Flush()(timeout) if is_decorated else _Flush(timeout)


class _Flush:
    """Flushes at the end of a block or of the functions it decorates."""

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = check_timeout(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        # What is lost or late is in `payi_stats()`. It must not change what the block returns or raises.
        payi_flush(self._timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        # Imported here, because a program without an event loop does not need it.
        from anyio import CancelScope

        # A cancelled task may have made calls, too, so deliver them before the cancellation goes on.
        with CancelScope(shield=True):
            await run_on_thread(payi_flush, self._timeout)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return cast("Callable[P, R]", decorate(function, self._wrap))

    def _wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(function):
            return wrap_async_generator(function, nullcontext, self)
        if inspect.iscoroutinefunction(function):
            return self._wrap_coroutine(function)
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)
        return self._wrap_function(function)

    def _wrap_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return call

    def _wrap_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            async with self:
                return await function(*args, **kwargs)

        return call

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self:
                # `yield from` also passes `send`, `throw`, and `close` on to the generator.
                return (yield from function(*args, **kwargs))

        return call
