"""Tracked functions run inside their scope, and are what they were in all else."""

from __future__ import annotations

import asyncio
import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from payi_transport.context.frame import Frame
from payi_transport.context.scope import get_context, set_base_frame, track, track_context
from tests.context.echoes import user
from tests.support.garbage import collect_garbage

pytestmark = pytest.mark.usefixtures("base")


def test_a_function_runs_inside_its_scope() -> None:
    @track(user_id="a", limit_ids=["outer"])
    def outer(*args: int, **kwargs: int) -> Any:
        return user(), args, kwargs, inner()

    @track(limit_ids=["inner"])
    def inner() -> Any:
        return get_context()["limit_ids"]

    assert outer(1, x=2) == ("a", (1,), {"x": 2}, ["outer", "inner"])
    assert user() == "base"


def test_a_scope_ends_with_the_exception_of_its_function() -> None:
    @track(user_id="a")
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert user() == "base"


def test_a_method_is_a_function() -> None:
    class Service:
        name = "s"

        @track(user_id="m")
        def method(self) -> Any:
            return self.name, user()

        @classmethod
        @track(user_id="c")
        def of_class(cls) -> Any:
            return cls.name, user()

        @staticmethod
        @track(user_id="s")
        def static() -> Any:
            return user()

    assert (Service().method(), Service.of_class(), Service.static()) == (("s", "m"), ("s", "c"), "s")


def test_a_class_is_refused_with_what_to_decorate_instead() -> None:
    class Service:
        pass

    with pytest.raises(TypeError, match="Service is a class: decorate its methods instead"):
        track(user_id="a")(Service)


def test_a_function_may_call_itself() -> None:
    @track(limit_ids=["l"], request_tags=["t"])
    def count_down(left: int) -> Any:
        return count_down(left - 1) if left else get_context()["limit_ids"]

    assert count_down(100) == ["l"]


def test_a_coroutine_function_runs_inside_its_scope() -> None:
    @track(user_id="a")
    async def work(value: int) -> Any:
        before = user()
        await asyncio.sleep(0)
        return value, before, user()

    @track(user_id="b")
    async def fail() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        assert await work(3) == (3, "a", "a")
        with pytest.raises(ZeroDivisionError):
            await fail()
        coroutine = work(4)
        assert user() == "base"
        assert await coroutine == (4, "a", "a")
        assert user() == "base"

    asyncio.run(main())


def plain() -> Any:
    """Its docstring."""


async def coroutine_function() -> Any:
    """Its docstring."""


def generator_function() -> Any:
    """Its docstring."""
    yield


async def async_generator_function() -> Any:
    """Its docstring."""
    yield


KINDS: list[Callable[..., Any]] = [plain, coroutine_function, generator_function, async_generator_function]


@pytest.mark.parametrize("function", KINDS, ids=lambda function: function.__name__)
@pytest.mark.parametrize(
    "is_kind",
    [inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction],
    ids=lambda function: function.__name__,
)
def test_a_decorated_function_is_of_the_same_type(
    function: Callable[..., Any], is_kind: Callable[..., bool]
) -> None:
    assert is_kind(track(user_id="a")(function)) is is_kind(function)


@pytest.mark.parametrize("function", KINDS, ids=lambda function: function.__name__)
def test_a_decorated_function_keeps_its_metadata(function: Callable[..., Any]) -> None:
    decorated = track(user_id="a")(function)
    assert decorated.__name__ == function.__name__
    assert decorated.__qualname__ == function.__qualname__
    assert decorated.__module__ == function.__module__
    assert decorated.__doc__ == "Its docstring."
    assert inspect.unwrap(decorated) is function
    assert inspect.signature(decorated) == inspect.signature(function)


def test_a_partial_of_a_coroutine_function_is_one() -> None:
    async def work(value: int) -> Any:
        await asyncio.sleep(0)
        return value, user()

    tracked: Any = track(user_id="a")(functools.partial(work, 3))
    assert asyncio.run(tracked()) == (3, "a")


async def work(value: int) -> Any:
    before = user()
    await anyio.sleep(0)
    return value, before, user()


class Callee:
    async def __call__(self, value: int) -> Any:
        return await work(value)


# What returns a coroutine and does not say so.
BEHIND: dict[str, Callable[[int], Any]] = {
    "a plain decorator": functools.wraps(work)(lambda value: work(value)),
    "a partial of a plain function": functools.partial(lambda value: work(value)),
    "an object that can be called": Callee(),
}
behind = pytest.mark.parametrize("function", BEHIND.values(), ids=BEHIND)


@behind
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_coroutine_that_a_plain_function_returns_runs_inside_the_scope(
    function: Callable[[int], Any], backend: str
) -> None:
    tracked = track(user_id="a")(function)

    async def main() -> None:
        assert await tracked(3) == (3, "a", "a")
        coroutine = tracked(4)
        with track_context(user_id="b"):
            assert await coroutine == (4, "a", "a")
            assert user() == "b"
        async with anyio.create_task_group() as group:
            group.start_soon(tracked, 5)
        assert user() == "base"

    anyio.run(main, backend=backend)


@behind
def test_such_a_coroutine_keeps_its_name_for_tasks_and_loops(function: Callable[[int], Any]) -> None:
    tracked = track(user_id="a")(function)

    async def main() -> None:
        coroutine = tracked(3)
        assert inspect.iscoroutine(coroutine)
        assert coroutine.__name__ in ("work", "__call__")
        assert await asyncio.create_task(coroutine) == (3, "a", "a")
        assert list(await asyncio.gather(tracked(4), tracked(5))) == [(4, "a", "a"), (5, "a", "a")]

    asyncio.run(main())
    assert asyncio.run(tracked(6)) == (6, "a", "a")


def test_what_such_a_coroutine_raises_reaches_the_caller_and_ends_the_scope() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await track(user_id="a")(lambda: fail())()
        assert user() == "base"

    asyncio.run(main())


def test_such_a_coroutine_that_is_never_awaited_warns_once_as_usual() -> None:
    coroutine = track(user_id="a")(lambda: work(3))()
    with pytest.warns(RuntimeWarning) as caught:
        del coroutine
    assert [str(warning.message) for warning in caught] == ["coroutine 'work' was never awaited"]


def test_such_a_coroutine_that_is_closed_or_cancelled_before_it_runs_does_not_warn() -> None:
    async def main() -> None:
        task = asyncio.create_task(track(user_id="a")(lambda: work(3))())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        track(user_id="a")(lambda: work(3))().close()
        asyncio.run(main())
        collect_garbage()
    assert not [str(warning.message) for warning in caught if "never awaited" in str(warning.message)]


def test_without_a_scope_such_a_coroutine_is_returned_as_it_is(base: Frame) -> None:
    set_base_frame(None)
    coroutine = work(3)
    assert track(user_id="a")(lambda: coroutine)() is coroutine
    coroutine.close()
    set_base_frame(base)
