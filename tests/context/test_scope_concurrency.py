"""Concurrent tasks and threads each see their own scopes, and those that were passed to them."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio

from payi_transport.context.scope import bind_to_scope, get_context, track, track_context
from tests.context.echoes import user

pytestmark = pytest.mark.usefixtures("base")


@track(request_tags=["t"])
async def ask(name: str) -> Any:
    """Look who it is for, many times, with others in between."""
    seen = set()
    with track_context(user_id=name):
        for _ in range(20):
            await asyncio.sleep(0)
            seen.add(user())
    return seen


def test_concurrent_tasks_see_only_their_own_scopes() -> None:
    names = [f"u{number}" for number in range(50)]

    async def main() -> None:
        assert await asyncio.gather(*map(ask, names)) == [{name} for name in names]
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(name)) for name in names]
            assert [task.result() for task in tasks] == [{name} for name in names]
        assert user() == "base"

    asyncio.run(main())


def test_a_task_keeps_the_scope_that_it_was_made_in() -> None:
    async def main() -> None:
        go = asyncio.Event()

        async def look() -> Any:
            await go.wait()
            return user()

        with track_context(user_id="a"):
            task = asyncio.create_task(look())
        go.set()
        assert user() == "base"
        assert await task == "a"

    asyncio.run(main())


def test_a_task_may_leave_the_scope_that_it_was_made_in() -> None:
    async def main() -> None:
        scope = track_context(user_id="a")

        async def leave() -> Any:
            scope.__exit__(None, None, None)
            return user()

        with scope:
            assert await asyncio.create_task(leave()) == "base"
            assert user() == "a"

    asyncio.run(main())


def test_context_flows_to_another_thread_with_to_thread() -> None:
    @track(account_name="x")
    def look() -> Any:
        return get_context()

    async def main() -> None:
        with track_context(user_id="a"):
            assert await asyncio.to_thread(look) == {"user_id": "a", "account_name": "x"}
            assert get_context() == {"user_id": "a"}

    asyncio.run(main())


def test_trio_tasks_see_only_their_own_scopes() -> None:
    seen: dict[str, set[Any]] = {}

    async def work(name: str) -> None:
        async with track_context(user_id=name):
            for _ in range(10):
                await trio.lowlevel.checkpoint()
                seen.setdefault(name, set()).add(user())
            seen[name].add(await trio.to_thread.run_sync(user))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            with track_context(account_name="x"):
                for number in range(20):
                    nursery.start_soon(work, f"u{number}")
        assert user() == "base"

    trio.run(main)
    assert seen == {f"u{number}": {f"u{number}"} for number in range(20)}


def test_a_function_bound_to_its_scope_runs_inside_it_on_another_thread() -> None:
    def work(value: int, *, more: int) -> Any:
        track_context(user_id="left open").__enter__()
        return value, more

    def run(function: Callable[..., Any]) -> Any:
        with track_context(user_id="elsewhere"):
            return function(1, more=2), user()

    assert bind_to_scope(work) is work
    with track_context(user_id="here"):
        inside, carried = bind_to_scope(user), bind_to_scope(work)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result() == "here"
        assert pool.submit(run, carried).result() == ((1, 2), "elsewhere")
        assert pool.submit(user).result() == "base"


def test_a_bound_function_that_raises_leaves_no_scope_behind() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with track_context(user_id="here"):
        carried = bind_to_scope(fail)
    with pytest.raises(ZeroDivisionError):
        carried()
    assert user() == "base"


def test_threads_begin_outside_all_scopes_and_have_their_own() -> None:
    barrier = threading.Barrier(8)
    seen: dict[str, list[Any]] = {}

    def work(name: str) -> None:
        before = user()
        with track_context(user_id=name):
            barrier.wait()
            during = user()
            barrier.wait()
        seen[name] = [before, during, user()]

    with track_context(user_id="main"), ThreadPoolExecutor(8) as pool:
        list(pool.map(work, "abcdefgh"))
        assert user() == "main"
    assert [seen[name][1] for name in "abcdefgh"] == list("abcdefgh")
    assert all(before == after for before, _, after in seen.values())

    plain_thread = threading.Thread(target=lambda: seen.update(thread=[user()]))
    with track_context(user_id="main"):
        plain_thread.start()
        plain_thread.join()
    assert seen["thread"] == ["base"]
