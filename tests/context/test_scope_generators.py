"""Generators run inside their scope, and give it back at each `yield`."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from payi_transport.context.scope import get_context, track, track_context
from tests.context.echoes import echo, user

pytestmark = pytest.mark.usefixtures("base")


def test_a_generator_runs_inside_its_scope_and_leaves_it_at_each_yield() -> None:
    @track(user_id="g")
    def count() -> Iterator[Any]:
        for number in range(3):
            yield number, user()

    for number, (counted, inside) in enumerate(count()):
        assert (counted, inside, user()) == (number, "g", "base")


def test_a_generator_can_be_sent_to_and_thrown_into() -> None:
    generator = echo()
    assert next(generator) == ("started", "g")
    assert generator.send("x") == ("x", "g")
    assert next(generator) == (None, "g")
    assert generator.throw(LookupError("y")) == ("caught y", "g")
    assert user() == "base"
    with pytest.raises(StopIteration) as stop:
        generator.send("stop")
    assert stop.value.value == "returned"
    with pytest.raises(StopIteration):
        next(generator)


def test_an_exception_that_a_generator_does_not_catch_reaches_the_caller() -> None:
    generator = echo()
    next(generator)
    error = ZeroDivisionError("z")
    with pytest.raises(ZeroDivisionError) as raised:
        generator.throw(error)
    assert raised.value is error
    assert list(generator) == []


def test_a_stop_iteration_thrown_into_a_generator_is_an_error_as_usual() -> None:
    generator = echo()
    next(generator)
    with pytest.raises(RuntimeError, match="StopIteration"):
        generator.throw(StopIteration("x"))


def test_a_generator_that_has_not_started_takes_no_value() -> None:
    with pytest.raises(TypeError):
        echo().send("early")


def test_yield_from_a_tracked_generator_returns_its_value() -> None:
    def outer() -> Iterator[Any]:
        result = yield from echo()
        yield result

    generator = outer()
    next(generator)
    assert generator.send("stop") == "returned"  # type: ignore[attr-defined]  # a generator it is


def test_closing_a_generator_closes_its_body_inside_its_scope() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    def work() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(user())

    generator = work()
    next(generator)
    generator.close()  # type: ignore[attr-defined]  # a generator it is
    assert (seen, user()) == (["g"], "base")
    unstarted = work()
    unstarted.close()  # type: ignore[attr-defined]
    assert seen == ["g"]


def test_a_generator_that_returns_when_it_is_closed_is_closed() -> None:
    @track(user_id="g")
    def work() -> Generator[int, None, str]:
        try:
            yield 1
        except GeneratorExit:
            return "closed"
        return "over"

    generator = work()
    next(generator)
    generator.close()
    assert list(generator) == []


def test_a_generator_that_goes_on_when_it_is_closed_is_an_error_as_usual() -> None:
    @track(user_id="g")
    def work() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = work()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()
    assert user() == "base"


def test_a_generator_left_open_is_closed_when_it_is_collected_and_leaves_no_cycle() -> None:
    seen: list[Any] = []

    @track(user_id="g")
    def work() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append(user())

    gc.disable()
    try:
        generator = work()
        next(generator)
        del generator
        assert seen == ["g"]
    finally:
        gc.enable()
    assert user() == "base"


def test_generators_may_take_turns() -> None:
    def make(name: str) -> Iterator[Any]:
        @track(user_id=name)
        def work() -> Iterator[Any]:
            for _ in range(3):
                yield user()

        return work()

    a, b = make("a"), make("b")
    assert [next(each) for each in (a, b, b, a, a, b)] == ["a", "b", "b", "a", "a", "b"]
    assert user() == "base"


def test_scopes_in_a_tracked_generator_are_its_own_at_each_step() -> None:
    @track(user_id="g")
    def work() -> Iterator[Any]:
        with track_context(account_name="x"):
            yield get_context()
            with track_context(account_name="y"):
                yield get_context()
            yield get_context()
        yield get_context()

    seen = []
    for context in work():
        assert get_context() == {"user_id": "base"}
        seen.append(context.get("account_name"))
    assert seen == ["x", "y", "x", None]


def test_scopes_of_plain_generators_that_take_turns_leave_nothing_behind() -> None:
    def work(name: str) -> Iterator[Any]:
        with track_context(user_id=name):
            yield
            yield

    a, b = work("a"), work("b")
    next(a)
    next(b)
    a.close()  # type: ignore[attr-defined]  # a generator it is
    assert user() == "b"
    b.close()  # type: ignore[attr-defined]
    assert user() == "base"


def test_the_scope_of_a_plain_generator_is_in_force_for_its_reader_too() -> None:
    def work() -> Iterator[Any]:
        with track_context(user_id="g"):
            yield user()

    generator = work()
    assert (next(generator), user()) == ("g", "g")
    assert list(generator) == []
    assert user() == "base"


def test_a_generator_inherits_from_where_it_was_first_read() -> None:
    @track(account_name="x")
    def work() -> Iterator[Any]:
        yield user()
        yield user()

    with track_context(user_id="a"):
        generator = work()
        assert next(generator) == "a"
    with track_context(user_id="b"):
        assert next(generator) == "a"
        assert user() == "b"


def test_a_tracked_context_manager_of_a_generator() -> None:
    @contextmanager
    @track(user_id="g")
    def managed() -> Iterator[Any]:
        yield user()
        assert user() == "g"

    with managed() as inside:
        assert (inside, user()) == ("g", "base")
