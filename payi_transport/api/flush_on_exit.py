"""Delivery before a function returns, where the process is frozen or thrown away right after."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import nullcontext
from typing import Any, ParamSpec, TypeVar, cast, overload

import anyio

from payi_transport.api.instrument import payi_flush
from payi_transport.compat import Self
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
    """Deliver what was captured when the block or the decorated function ends, in `timeout` seconds at most.

    For `with` and `async with`, and for functions, coroutine functions, generators and async generators, also
    without parentheses; a generator ends when it is read to its end, or closed. What the block returns or
    raises is untouched, and an event loop runs on meanwhile. Raises TypeError for a class.
    """
    return _Flush()(timeout) if callable(timeout) else _Flush(timeout)


class _Flush:
    """What flushes at the end of a block, and decorates functions whose end is one."""

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        payi_flush(self._timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        # A cancelled task has captured something, too.
        with anyio.CancelScope(shield=True):
            await run_on_thread(payi_flush, self._timeout)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if inspect.isclass(function):
            raise TypeError(f"{function.__name__} is a class: decorate its methods instead")
        return cast("Callable[P, R]", functools.wraps(function)(self._wrap(function)))

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
                return (yield from function(*args, **kwargs))

        return call
