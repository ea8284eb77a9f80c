"""Scopes in thread pools: what is handed to a pool runs for whom its sender works."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import pytest

from payi_transport import MemorySink, get_context, payi_instrument, payi_uninstrument, track, track_context
from payi_transport.hooks.thread_pools import HOOK

OTHER: contextvars.ContextVar[str] = contextvars.ContextVar("OTHER", default="none")


class Pool(ThreadPoolExecutor):
    """A subclass with a `submit` of its own."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(function, *args, **kwargs)


def user(*_: object) -> str | None:
    return get_context().get("user_id")


@pytest.mark.parametrize("make", [ThreadPoolExecutor, Pool])
@pytest.mark.parametrize("is_older", [True, False])
def test_a_pools_thread_has_the_scope_that_submitted(make: Any, is_older: bool, sink: MemorySink) -> None:
    with make(1) if is_older else ThreadPoolExecutor(1) as pool:
        pool.submit(user).result()
        payi_instrument(sink=sink)
        with pool if is_older else make(1) as pool:
            with track_context(user_id="a"):
                first, several = pool.submit(user), pool.map(user, range(2))
            with track_context(user_id="b"):
                second = pool.submit(user)
            third = pool.submit(user)
            assert [first.result(), *several, second.result(), third.result()] == ["a", "a", "a", "b", None]


def test_arguments_results_and_exceptions_pass(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def divide(left: int, *, right: int) -> float:
        return left / right

    with ThreadPoolExecutor(1) as pool, track_context(user_id="a"):
        assert pool.submit(divide, 1, right=2).result() == 0.5
        with pytest.raises(ZeroDivisionError):
            pool.submit(divide, 1, right=0).result()


def test_asyncio_s_ways_to_call_a_thread_have_the_scope(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with track_context(user_id="a"):
            assert await loop.run_in_executor(None, user) == "a"
            assert await asyncio.to_thread(user) == "a"
            assert await anyio.to_thread.run_sync(user) == "a"
            with ThreadPoolExecutor(1) as pool:
                assert await loop.run_in_executor(pool, user) == "a"
        assert await loop.run_in_executor(None, user) is None

    asyncio.run(main())


def test_nothing_but_the_scope_is_carried(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    token = OTHER.set("mine")
    with ThreadPoolExecutor(1) as pool, track_context(user_id="a"):
        assert pool.submit(OTHER.get).result() == "none"
    OTHER.reset(token)


def test_work_that_brings_a_context_of_its_own_keeps_it(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with track_context(user_id="a"):
        theirs = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool, track_context(user_id="b"):
        assert pool.submit(theirs.run, user).result() == "a"


def test_work_of_a_tracked_function_may_go_on_in_a_pool_after_its_end(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as other:

        @track(user_id="a")
        def begin() -> Future[Any]:
            return pool.submit(lambda: other.submit(user).result())

        assert begin().result() == "a"


def test_the_hook_is_put_once_and_taken_off(sink: MemorySink) -> None:
    original = ThreadPoolExecutor.submit
    payi_instrument(sink=sink)
    assert ThreadPoolExecutor.submit is not original
    assert ThreadPoolExecutor.submit.__doc__ == original.__doc__
    payi_uninstrument()
    assert ThreadPoolExecutor.submit is original
    assert HOOK.install() == HOOK.install() == []
    HOOK.uninstall()
    assert ThreadPoolExecutor.submit is original
    HOOK.uninstall()
    assert ThreadPoolExecutor.submit is original


def test_a_pool_that_the_program_imports_later_is_hooked_then() -> None:
    script = """
        import sys
        from payi_transport import MemorySink, get_context, payi_instrument, track_context
        sys.modules.pop("concurrent.futures.thread", None)
        payi_instrument(sink=MemorySink())
        from concurrent.futures.thread import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool, track_context(user_id="a"):
            print(pool.submit(get_context).result()["user_id"])
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout == "a\n", ran.stderr
