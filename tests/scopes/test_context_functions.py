"""Tracked functions run inside their scope, and are what they were in all else."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport.scopes.context import get_context, track
from tests.scopes.echoes import user

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
def test_a_decorated_function_is_of_the_same_kind(
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
