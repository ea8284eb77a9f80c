"""Wrap a generator so that each of its steps runs inside a context manager, and nothing else changes.

A `with` block around the whole generator would stay entered while the generator is suspended, and would leak
into its caller: a context variable set inside would be visible outside between two steps. So the block is
entered for each step and left before each `yield`. `yield from` cannot do this, which is why the protocol is
spelled out here: values sent in, exceptions thrown in, the return value, and the end all pass through.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

__all__ = ["wrap_async_generator", "wrap_generator"]

# A nullcontext has no state, so one object can be entered by all generators at once.
_NOTHING = nullcontext()
MakeBlock = Callable[[], AbstractContextManager[object]]


def wrap_generator(function: Callable[..., Any], make_block: MakeBlock) -> Callable[..., Any]:
    """Return a generator function that runs each step of `function`'s generator inside a block.

    `make_block` is called once per generator, at its first step. The block it returns is entered again for
    every step, so it has to be reusable.
    """

    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        block = make_block()
        with block:
            inner = function(*args, **kwargs)
        step = functools.partial(next, inner)
        try:
            while True:
                try:
                    with block:
                        value = step()
                except StopIteration as stop:
                    # The value of a `return` travels in StopIteration. Raising that inside a generator
                    # would become a RuntimeError (PEP 479), so return the value instead.
                    return stop.value
                # Whatever arrives at the yield, a value or an exception, is the next step of `inner`.
                try:
                    step = functools.partial(inner.send, (yield value))
                except BaseException as exc:
                    step = functools.partial(inner.throw, exc)
        finally:
            # An exception in `step` has this frame in its traceback. Break the reference cycle.
            del step

    return call


def wrap_async_generator(
    function: Callable[..., Any],
    make_block: MakeBlock,
    whole: AbstractAsyncContextManager[object] = _NOTHING,
) -> Callable[..., Any]:
    """Do what `wrap_generator` does for an async generator function.

    `whole` is entered once around each generator, from its first step to its end. All generators share it.
    """

    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        async with whole:
            block = make_block()
            with block:
                inner = function(*args, **kwargs)
            step = inner.__anext__
            try:
                while True:
                    try:
                        with block:
                            value = await step()
                    # An async generator can't return a value, so only its end needs to pass through.
                    except StopAsyncIteration:
                        return
                    try:
                        step = functools.partial(inner.asend, (yield value))
                    # GeneratorExit arrives here too when the caller closes the generator. Throwing it into
                    # `inner` runs its cleanup inside the block.
                    except BaseException as exc:
                        step = functools.partial(inner.athrow, exc)
            finally:
                del step

    return call
