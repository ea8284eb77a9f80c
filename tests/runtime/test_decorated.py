"""Decorators that may be above descriptors, and refuse what they can't decorate."""

from __future__ import annotations

import abc
import asyncio
import functools
import inspect
import types
from collections.abc import Generator
from typing import Any

import pytest

from payi_transport import payi_flush_on_exit, track
from payi_transport.context.legacy_decorators import ingest, proxy
from payi_transport.context.scope import current_frame
from payi_transport.runtime.decorated import decorate
from tests.context.conftest import base as base

DECORATORS: list[Any] = [
    track,
    track(user_id="alice"),
    ingest,
    ingest(user_id="alice"),
    proxy,
    proxy(user_id="alice"),
    payi_flush_on_exit,
    payi_flush_on_exit(1),
]
NAMES = ["track", "track()", "ingest", "ingest()", "proxy", "proxy()", "flush", "flush()"]


def read(service: Any) -> Any:
    """Doc."""
    frame = current_frame()
    return service, frame and frame.user_id


@pytest.mark.parametrize("decorator", DECORATORS, ids=NAMES)
def test_descriptors_below_a_decorator_stay_what_they_are(decorator: Any) -> None:
    def write(service: Any, value: Any) -> None:
        service.written = value

    class Service:
        of_class: Any = decorator(classmethod(read))
        of_none: Any = decorator(staticmethod(read))
        value: Any = decorator(property(read, write))
        once: Any = decorator(functools.cached_property(read))

    service: Any = Service()
    service.value = 5
    assert service.written == 5
    assert service.value[0] is service
    assert service.once is service.once
    assert Service.of_class()[0] is service.of_class()[0] is Service
    assert Service.of_none(1)[0] == service.of_none(1)[0] == 1
    assert Service.value.__doc__ == Service.of_class.__doc__ == "Doc."


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("descriptor", [classmethod, property, functools.cached_property])
def test_what_is_below_runs_in_the_scope(descriptor: Any) -> None:
    class Service:
        decorated: Any = track(user_id="alice")(descriptor(read))

    found = Service().decorated
    assert (found() if descriptor is classmethod else found)[1] == "alice"


def test_an_abstract_property_stays_abstract() -> None:
    abstract: Any = property(abc.abstractmethod(lambda service: 1))
    assert decorate(abstract, lambda function: function).__isabstractmethod__
    assert not decorate(property(read), lambda function: function).__isabstractmethod__


@pytest.mark.parametrize(
    ("decorated", "message"),
    [
        (5, "int is not a function: decorate a function instead"),
        (property(), "NoneType is not a function: decorate a function instead"),
        (int, "int is a class: decorate its methods instead"),
        (staticmethod(int), "int is a class: decorate its methods instead"),
    ],
    ids=["a number", "a property without a getter", "a class", "a static class"],
)
def test_what_holds_no_function_is_refused(decorated: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decorate(decorated, lambda function: function)
    with pytest.raises(TypeError, match=message):
        track(user_id="alice")(decorated)


@types.coroutine
def answer(value: int) -> Generator[Any, Any, tuple[int, Any]]:
    yield
    return read(value)  # type: ignore[no-any-return]


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("decorator", DECORATORS, ids=NAMES)
def test_a_generator_function_that_can_be_awaited_still_can(decorator: Any) -> None:
    async def main(function: Any) -> Any:
        return await function(1)

    assert inspect.isawaitable(decorator(answer)(1))
    assert asyncio.run(main(decorator(answer))) in [(1, "alice"), (1, "base")]
    # The function itself is left alone.
    assert asyncio.run(main(answer)) == (1, "base")


def count(most: int) -> Generator[int, None, None]:
    yield from range(most)


def test_a_generator_function_that_cannot_be_awaited_still_cannot() -> None:
    decorated = decorate(count, lambda function: lambda most: function(most))
    assert not inspect.isawaitable(decorated(2))
    assert list(decorated(2)) == [0, 1]
