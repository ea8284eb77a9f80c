"""Async generators run inside their scope, give it back at each `yield`, and may be closed elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import trio

from payi_transport.context.scope import track, track_context
from tests.context.echoes import aecho, user
from tests.support.garbage import collect_garbage

pytestmark = pytest.mark.usefixtures("base")


def test_an_async_generator_runs_inside_its_scope_and_leaves_it_at_each_yield() -> None:
    async def main() -> None:
        generator = aecho()
        assert await anext(generator) == ("started", "g")
        assert user() == "base"
        assert await generator.asend("x") == ("x", "g")
        assert await anext(generator) == (None, "g")
        assert await generator.athrow(LookupError("y")) == ("caught y", "g")
        assert user() == "base"
        with pytest.raises(StopAsyncIteration):
            await generator.asend("stop")
        assert [item async for item in generator] == []

    asyncio.run(main())


def test_an_exception_that_an_async_generator_does_not_catch_reaches_the_caller() -> None:
    async def main() -> None:
        generator = aecho()
        await anext(generator)
        error = ZeroDivisionError("z")
        with pytest.raises(ZeroDivisionError) as raised:
            await generator.athrow(error)
        assert raised.value is error
        assert user() == "base"

    asyncio.run(main())


def test_closing_an_async_generator_closes_its_body_inside_its_scope() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    async def work() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            seen.append(user())

    async def main() -> None:
        async with aclosing(work()) as generator:
            async for _ in generator:
                break
        assert (seen, user()) == (["g"], "base")
        await work().aclose()

    asyncio.run(main())
    assert seen == ["g"]


def test_an_async_generator_that_returns_when_it_is_closed_is_closed() -> None:
    @track(user_id="g")
    async def work() -> AsyncGenerator[int, None]:
        try:
            yield 1
        except GeneratorExit:
            return

    async def main() -> None:
        generator = work()
        await anext(generator)
        await generator.aclose()
        assert [item async for item in generator] == []

    asyncio.run(main())


def test_an_async_generator_that_goes_on_when_it_is_closed_is_an_error_as_usual() -> None:
    @track(user_id="g")
    async def work() -> AsyncGenerator[int, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    async def main() -> None:
        generator = work()
        await anext(generator)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            await generator.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        assert user() == "base"

    asyncio.run(main())


def test_an_async_generator_may_be_closed_by_another_task() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    async def work() -> AsyncGenerator[Any, None]:
        try:
            with track_context(account_name="x"):
                yield user()
        finally:
            seen.append(user())

    async def main() -> None:
        generator = work()
        with track_context(user_id="reader"):
            assert await anext(generator) == "g"

        async def close() -> Any:
            await generator.aclose()
            return user()

        assert await asyncio.create_task(close()) == "base"
        assert (seen, user()) == (["g"], "base")

    asyncio.run(main())


def test_an_async_generator_left_open_is_closed_by_the_loop() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    async def work() -> AsyncIterator[Any]:
        try:
            yield user()
            yield user()
        finally:
            seen.append(user())

    async def main() -> None:
        async for inside in work():
            assert inside == "g"
            break
        assert user() == "base"

    asyncio.run(main())
    collect_garbage()
    assert seen == ["g"]


def test_a_plain_async_generator_with_a_scope_closed_by_another_task_changes_nothing_there() -> None:
    async def work() -> AsyncGenerator[Any, None]:
        async with track_context(user_id="g"):
            yield user()

    async def main() -> None:
        generator = work()

        async def read() -> Any:
            return await anext(generator), user()

        async def close() -> Any:
            with track_context(user_id="closer"):
                await generator.aclose()
                return user()

        assert await asyncio.create_task(read()) == ("g", "g")
        assert user() == "base"
        assert await asyncio.create_task(close()) == "closer"

    asyncio.run(main())


def test_a_tracked_async_generator_is_cancelled_inside_its_scope() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    async def work() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(user())
            raise

    async def main() -> None:
        started = asyncio.Event()

        async def read() -> None:
            try:
                async for _ in work():
                    started.set()
            finally:
                seen.append(user())

        task = asyncio.create_task(read())
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == ["g", "base"]


def test_a_tracked_async_context_manager() -> None:
    @asynccontextmanager
    @track(user_id="g")
    async def managed() -> AsyncIterator[Any]:
        yield user()
        assert user() == "g"

    async def main() -> None:
        async with managed() as inside:
            assert (inside, user()) == ("g", "base")

    asyncio.run(main())


def test_a_tracked_async_generator_under_trio() -> None:
    @track(user_id="g")
    async def work() -> AsyncGenerator[Any, None]:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            yield user()

    async def main() -> None:
        async with aclosing(work()) as generator:
            async for inside in generator:
                assert (inside, user()) == ("g", "base")

    trio.run(main)
