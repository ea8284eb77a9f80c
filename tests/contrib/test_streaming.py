"""The steps of a body run in the scope in which the response was made, whoever reads it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import AsyncIterator, Iterator

import pytest

from payi_transport import MemorySink, get_context, payi_instrument, track_context
from payi_transport.contrib.streaming import ScopedAsyncBody, ScopedBody


@pytest.fixture(autouse=True)
def instrumented(sink: MemorySink) -> None:
    payi_instrument(sink=sink)


def get_user() -> str | None:
    return get_context().get("user_id")


class Body:
    """A body as WSGI servers know it, which says in whose scope it is read and closed."""

    def __init__(self) -> None:
        self.left = 2
        self.closed_for: list[str | None] = []

    def __iter__(self) -> Iterator[str | None]:
        return self

    def __next__(self) -> str | None:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return get_user()

    def close(self) -> None:
        self.closed_for.append(get_user())


def test_each_step_and_the_close_run_in_the_scope_of_the_request() -> None:
    body = Body()
    with track_context(user_id="a"):
        scoped = ScopedBody(body)
    with track_context(user_id="b"):
        assert list(scoped) == ["a", "a"]
        scoped.close()
        assert get_user() == "b"
    assert body.closed_for == ["a"]


def test_a_body_that_cannot_be_closed_is_left_alone() -> None:
    scoped = ScopedBody([b"1"])
    scoped.close()
    assert list(scoped) == [b"1"]


async def make_async_body() -> AsyncIterator[str | None]:
    yield get_user()
    await asyncio.sleep(0)
    yield get_user()


async def read(body: ScopedAsyncBody) -> list[str | None]:
    with track_context(user_id="b"):
        seen = [user async for user in body]
        assert get_user() == "b"
    return seen


def test_each_step_of_an_async_body_runs_in_the_scope_of_the_request() -> None:
    with track_context(user_id="a"):
        body = ScopedAsyncBody(make_async_body())
    # As a server does that reads the body in a task of its own, whose context knows nothing of the request.
    assert contextvars.Context().run(asyncio.run, read(body)) == ["a", "a"]


class AsyncBody:
    """An async body that can be watched."""

    def __aiter__(self) -> AsyncIterator[str | None]:
        return self

    async def __anext__(self) -> str | None:
        return get_user()


def test_an_async_body_that_is_dropped_is_freed_without_the_garbage_collector() -> None:
    async def read_and_drop() -> None:
        body = AsyncBody()
        seen = weakref.ref(body)
        with track_context(user_id="a"):
            scoped = ScopedAsyncBody(body)
        assert await anext(scoped) == "a"
        del body, scoped
        assert seen() is None

    gc.disable()
    try:
        asyncio.run(read_and_drop())
    finally:
        gc.enable()


def test_two_bodies_read_in_turns_keep_their_scopes() -> None:
    bodies = []
    for user in ("a", "b"):
        with track_context(user_id=user):
            bodies.append(ScopedBody(Body()))
    assert [next(body) for _ in range(2) for body in bodies] == ["a", "b", "a", "b"]
