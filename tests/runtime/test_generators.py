"""A wrapped generator runs its steps in a block, and behaves the same otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from payi_transport.runtime.generators import wrap_async_generator, wrap_generator


class Block:
    """A context manager that knows whether code runs in it and how often it was entered."""

    def __init__(self) -> None:
        self.inside = False
        self.entered = 0

    def __enter__(self) -> None:
        self.inside = True
        self.entered += 1

    def __exit__(self, *exc_info: object) -> None:
        self.inside = False


def echo(block: Block) -> Generator[Any, Any, str]:
    """Yield what is sent or thrown in, and whether the generator runs in the block."""
    got: Any = "started"
    while got != "stop":
        try:
            got = yield got, block.inside
        except LookupError as exc:
            got = f"caught {exc}"
    return "returned"


async def aecho(block: Block) -> AsyncGenerator[Any, Any]:
    """Yield what is sent or thrown in, and whether the generator runs in the block."""
    got: Any = "started"
    while got != "stop":
        try:
            got = yield got, block.inside
        except LookupError as exc:
            got = f"caught {exc}"


def test_each_step_of_a_generator_runs_in_its_block() -> None:
    block = Block()
    generator = wrap_generator(echo, lambda: block)(block)
    assert block.entered == 0
    assert next(generator) == ("started", True)
    assert generator.send("x") == ("x", True)
    assert generator.throw(LookupError("y")) == ("caught y", True)
    assert not block.inside
    with pytest.raises(StopIteration, match="returned"):
        generator.send("stop")
    # Once more than it has steps, because the generator itself is created in the block.
    assert (block.inside, block.entered) == (False, 5)


def test_an_exception_the_generator_does_not_catch_is_raised() -> None:
    block = Block()
    generator = wrap_generator(echo, lambda: block)(block)
    next(generator)
    error = ZeroDivisionError("z")
    with pytest.raises(ZeroDivisionError) as raised:
        generator.throw(error)
    assert raised.value is error
    assert list(generator) == []


def test_each_step_of_an_async_generator_runs_in_its_block_and_the_whole_in_another() -> None:
    block, seen = Block(), []

    @asynccontextmanager
    async def whole() -> AsyncIterator[None]:
        seen.append("entered")
        try:
            yield
        finally:
            await asyncio.sleep(0)
            seen.append("left")

    async def main() -> None:
        generator = wrap_async_generator(aecho, lambda: block, whole())(block)
        assert (seen, block.entered) == ([], 0)
        assert await anext(generator) == ("started", True)
        assert await generator.asend("x") == ("x", True)
        assert await generator.athrow(LookupError("y")) == ("caught y", True)
        assert (seen, block.inside) == (["entered"], False)
        with pytest.raises(StopAsyncIteration):
            await generator.asend("stop")
        assert (seen, block.inside, block.entered) == (["entered", "left"], False, 5)

    asyncio.run(main())


def test_an_exception_the_async_generator_does_not_catch_is_raised() -> None:
    block = Block()

    async def main() -> None:
        async with aclosing(wrap_async_generator(aecho, lambda: block)(block)) as generator:
            await anext(generator)
            error = ZeroDivisionError("z")
            with pytest.raises(ZeroDivisionError) as raised:
                await generator.athrow(error)
            assert raised.value is error
            assert [item async for item in generator] == []

    asyncio.run(main())
