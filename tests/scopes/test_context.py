"""Whose calls are made now: scopes nest, end where they should, and never leak to what runs beside."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from typing import Any

import pytest
import trio

from payi_transport.feedback.results import set_last_result
from payi_transport.scopes.context import (
    carry_scope,
    current_frame,
    find_mode,
    get_context,
    set_base_frame,
    track,
    track_context,
)
from payi_transport.scopes.frame import Frame


@pytest.fixture(autouse=True)
def base() -> Iterator[Frame]:
    """Instrumented, with a frame outside all scopes; at the end no scope is left open."""
    frame = Frame(user_id="base")
    set_base_frame(frame)
    yield frame
    assert user() == "base"
    set_base_frame(None)


def user() -> str | None:
    """Who calls made here and now are for."""
    frame = current_frame()
    return frame.user_id if frame else None


# --- frames


def test_outside_all_scopes_the_base_frame_holds(base: Frame) -> None:
    assert current_frame() is base
    assert get_context() == {"user_id": "base"}


def test_calls_outside_all_scopes_may_be_left_out(base: Frame) -> None:
    set_base_frame(base, record_unscoped=False)
    assert current_frame() is None
    assert get_context() == {"user_id": "base"}
    with track_context(account_name="a"):
        assert current_frame() == Frame(user_id="base", account_name="a")
    assert current_frame() is None
    set_base_frame(base)


def test_the_mode_is_that_of_the_innermost_scope_that_is_for_one() -> None:
    class ForProxy(track_context):
        mode = "proxy"

    class ForIngest(track_context):
        mode = "ingest"

    assert find_mode() is None
    with track_context(user_id="a"):
        assert find_mode() is None
        with ForProxy(), track_context(user_id="b"):
            assert find_mode() == "proxy"
            with ForIngest():
                assert find_mode() == "ingest"
            assert find_mode() == "proxy"
        assert find_mode() is None


def test_the_context_tells_the_values_of_the_innermost_scope() -> None:
    with track_context(limit_ids=["a"], request_tags=["t"], use_case_name="n", use_case_id="i"):
        with track_context(
            limit_ids=["b"],
            use_case_step="s",
            use_case_version=0,
            use_case_properties={"p": "1"},
            request_properties={"q": "2"},
            log_prompt_and_response=False,
            price_as_category="c",
            price_as_resource="r",
            resource_scope="global",
            account_name="äöü",
        ):
            context = get_context()
        assert context == {
            "limit_ids": ["a", "b"],
            "request_tags": ["t"],
            "use_case_name": "n",
            "use_case_id": "i",
            "use_case_step": "s",
            "use_case_version": 0,
            "use_case_properties": {"p": "1"},
            "request_properties": {"q": "2"},
            "log_prompt_and_response": False,
            "price_as_category": "c",
            "price_as_resource": "r",
            "resource_scope": "global",
            "account_name": "äöü",
            "user_id": "base",
        }


def test_the_context_tells_the_last_result_of_pay_i() -> None:
    set_last_result({"request_id": "r"})
    assert get_context() == {"user_id": "base", "last_result": {"request_id": "r"}}
    set_last_result(None)
    assert get_context() == {"user_id": "base"}


def test_what_get_context_answers_is_the_callers_own() -> None:
    with track_context(limit_ids=["a"], request_properties={"p": "1"}):
        context = get_context()
        context["limit_ids"].append("b")
        context["request_properties"]["p"] = "2"
        assert get_context()["limit_ids"] == ["a"]
        assert get_context()["request_properties"] == {"p": "1"}


# --- track_context


def test_a_scope_holds_until_its_end_whatever_ends_it() -> None:
    with track_context(user_id="a") as entered:
        assert isinstance(entered, track_context)
        assert user() == "a"
        with pytest.raises(ZeroDivisionError), track_context(user_id="b"):
            assert user() == "b"
            raise ZeroDivisionError
        assert user() == "a"
    assert user() == "base"


def test_async_with_is_with() -> None:
    async def main() -> None:
        async with track_context(user_id="a") as entered:
            assert isinstance(entered, track_context)
            await asyncio.sleep(0)
            assert user() == "a"
            async with track_context(account_name="x"):
                assert current_frame() == Frame(user_id="a", account_name="x")
        assert user() == "base"

    asyncio.run(main())


def test_one_object_may_be_entered_many_times() -> None:
    scope = track_context(user_id="a", limit_ids=["l"])
    with scope:
        with track_context(user_id="b"):
            with scope:
                assert user() == "a"
            assert user() == "b"
            with scope, scope:
                assert user() == "a"
            assert user() == "b"
        assert user() == "a"
    assert user() == "base"
    with scope:
        assert user() == "a"


def test_scopes_left_out_of_turn_end_all_the_same() -> None:
    one, two, three = (track_context(user_id=name) for name in "abc")
    for scope in (one, two, three):
        scope.__enter__()
    two.__exit__(None, None, None)
    assert user() == "c"
    one.__exit__(None, None, None)
    assert user() == "c"
    three.__exit__(None, None, None)
    assert user() == "base"


def test_a_scope_left_that_was_never_entered_here_ends_nothing() -> None:
    track_context(user_id="x").__exit__(None, None, None)
    with track_context(user_id="a"):
        track_context(user_id="x").__exit__(None, None, None)
        assert user() == "a"


def test_a_scope_left_in_another_context_ends_nothing_there() -> None:
    scope = track_context(user_id="a")
    elsewhere = contextvars.copy_context()
    elsewhere.run(scope.__enter__)
    assert user() == "base"
    with track_context(user_id="b"):
        scope.__exit__(None, None, None)
        assert user() == "b"
    assert elsewhere.run(user) == "a"


def test_an_exit_stack_may_hold_scopes() -> None:
    with ExitStack() as stack:
        for name in "abc":
            stack.enter_context(track_context(user_id=name))
        assert user() == "c"
    assert user() == "base"


def test_scopes_may_be_nested_deeper_than_the_stack() -> None:
    first, *others = (track_context(user_id=str(number)) for number in range(5_000))
    for scope in (first, *others):
        scope.__enter__()
    first.__exit__(None, None, None)
    assert user() == "4999"
    for scope in reversed(others):
        scope.__exit__(None, None, None)
    assert user() == "base"


# --- track


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


# --- generators


@track(user_id="g")
def echo() -> Generator[Any, Any, str]:
    """Yields what it is sent or thrown, and who it was for."""
    got: Any = "started"
    while got != "stop":
        try:
            got = yield got, user()
        except LookupError as exc:
            got = f"caught {exc}"
    return "returned"


def test_a_generator_runs_inside_its_scope_and_gives_it_back_at_each_yield() -> None:
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


def test_an_exception_that_a_generator_does_not_catch_comes_out() -> None:
    generator = echo()
    next(generator)
    error = ZeroDivisionError("z")
    with pytest.raises(ZeroDivisionError) as raised:
        generator.throw(error)
    assert raised.value is error
    assert list(generator) == []


def test_a_stop_iteration_thrown_into_a_generator_is_an_error_as_ever() -> None:
    generator = echo()
    next(generator)
    with pytest.raises(RuntimeError, match="StopIteration"):
        generator.throw(StopIteration("x"))


def test_a_generator_that_has_not_started_takes_no_value() -> None:
    with pytest.raises(TypeError):
        echo().send("early")


def test_yield_from_a_tracked_generator_gives_its_value() -> None:
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


def test_a_generator_that_goes_on_when_it_is_closed_is_an_error_as_ever() -> None:
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


def test_generators_may_be_read_by_turns() -> None:
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


def test_scopes_of_plain_generators_read_by_turns_leave_nothing_behind() -> None:
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


# --- async generators


@track(user_id="g")
async def aecho() -> AsyncGenerator[Any, Any]:
    """Yields what it is sent or thrown, and who it was for."""
    got: Any = "started"
    while got != "stop":
        await asyncio.sleep(0)
        try:
            got = yield got, user()
        except LookupError as exc:
            got = f"caught {exc}"


def test_an_async_generator_runs_inside_its_scope_and_gives_it_back_at_each_yield() -> None:
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


def test_an_exception_that_an_async_generator_does_not_catch_comes_out() -> None:
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


def test_an_async_generator_that_goes_on_when_it_is_closed_is_an_error_as_ever() -> None:
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
    gc.collect()
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


# --- beside each other


@track(request_tags=["t"])
async def ask(name: str) -> Any:
    """Look who it is for, many times, with others in between."""
    seen = set()
    with track_context(user_id=name):
        for _ in range(20):
            await asyncio.sleep(0)
            seen.add(user())
    return seen


def test_tasks_beside_each_other_see_their_own_scopes_alone() -> None:
    names = [f"u{number}" for number in range(50)]

    async def main() -> None:
        assert await asyncio.gather(*map(ask, names)) == [{name} for name in names]
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


def test_trio_tasks_see_their_own_scopes_alone() -> None:
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


def test_a_function_may_be_carried_to_another_thread_with_its_scope() -> None:
    def work(value: int, *, more: int) -> Any:
        track_context(user_id="left open").__enter__()
        return value, more

    def run(function: Callable[..., Any]) -> Any:
        with track_context(user_id="elsewhere"):
            return function(1, more=2), user()

    assert carry_scope(work) is work
    with track_context(user_id="here"):
        inside, carried = carry_scope(user), carry_scope(work)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result() == "here"
        assert pool.submit(run, carried).result() == ((1, 2), "elsewhere")
        assert pool.submit(user).result() == "base"


def test_an_exception_of_a_carried_function_leaves_no_scope_behind() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with track_context(user_id="here"):
        carried = carry_scope(fail)
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


# --- without instrumentation


@pytest.fixture
def off(base: Frame) -> Iterator[None]:
    set_base_frame(None)
    yield
    assert current_frame() is None
    set_base_frame(base)


def test_without_instrumentation_scopes_do_nothing(off: None) -> None:
    with track_context(user_id="a", use_case_name="n"):
        assert current_frame() is None
        assert get_context() == {}

    @track(user_id="a")
    def work(value: int) -> Any:
        return value, current_frame()

    @track(user_id="a")
    async def awork(value: int) -> Any:
        return value, current_frame()

    assert work(3) == (3, None)
    assert asyncio.run(awork(3)) == (3, None)


def test_without_instrumentation_generators_run_as_they_are(off: None) -> None:
    generator = echo()
    assert next(generator) == ("started", None)
    assert generator.throw(LookupError("y")) == ("caught y", None)
    generator.close()

    async def main() -> None:
        async with aclosing(aecho()) as agenerator:
            assert await anext(agenerator) == ("started", None)
            assert await agenerator.asend("x") == ("x", None)

    asyncio.run(main())


def test_instrumentation_that_begins_or_ends_in_the_middle_leaves_nothing_behind(base: Frame) -> None:
    set_base_frame(None)
    generator = echo()
    next(generator)
    with track_context(user_id="early"):
        set_base_frame(base)
        assert next(generator) == (None, "base")
        assert user() == "base"
        with track_context(user_id="late"):
            later = echo()
            next(later)
            set_base_frame(None)
            assert next(later) == (None, "g")
            assert user() == "late"
    assert current_frame() is None
    generator.close()
    later.close()
    set_base_frame(base)
