"""Generators around those of others: what is sent and thrown into them passes through, as does their end."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

__all__ = ["wrap_async_generator", "wrap_generator"]

_NOTHING = nullcontext()
MakeStep = Callable[[], AbstractContextManager[object]]


def wrap_generator(function: Callable[..., Any], make_step: MakeStep) -> Callable[..., Any]:
    """A generator function that runs each step of `function`'s generator inside a block.

    The block is made at the first step of each generator, and entered again and again.
    """

    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        block = make_step()
        with block:
            inner = function(*args, **kwargs)
        step = functools.partial(next, inner)
        try:
            while True:
                try:
                    with block:
                        value = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    step = functools.partial(inner.send, (yield value))
                except BaseException as exc:
                    step = functools.partial(inner.throw, exc)
        finally:
            del step  # its exception has this very frame in its traceback

    return call


def wrap_async_generator(
    function: Callable[..., Any],
    make_step: MakeStep,
    whole: AbstractAsyncContextManager[object] = _NOTHING,
) -> Callable[..., Any]:
    """`wrap_generator` for an async one, with a block around all of it: `whole`, of all generators."""

    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        async with whole:
            block = make_step()
            with block:
                inner = function(*args, **kwargs)
            step = inner.__anext__
            try:
                while True:
                    try:
                        with block:
                            value = await step()
                    except StopAsyncIteration:
                        return
                    try:
                        step = functools.partial(inner.asend, (yield value))
                    except BaseException as exc:
                        step = functools.partial(inner.athrow, exc)
            finally:
                del step

    return call
