"""A handler's events are delivered when it returns, however it returns, and nothing else of it changes."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any

import anyio
import httpx
import pytest
from typing_extensions import assert_type

from payi_transport import Event, MemorySink, Receipt, payi_flush_on_exit, payi_instrument
from tests.support.threads import take_all_threads

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])
Decorate = Callable[[Callable[..., Any]], Callable[..., Any]]
WITH_TIMEOUT = ["block", "decorator", "async block", "async decorator"]
GENERATORS = ["generator", "bare generator", "async generator", "async bare generator"]
KINDS = [*WITH_TIMEOUT, "bare decorator", "async bare decorator", *GENERATORS]
every_handler = pytest.mark.parametrize("make", KINDS)


def call() -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={}))) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={})


def make_handler(make: str, backend: str, work: Callable[[], Any], **options: Any) -> Callable[[], Any]:
    """A handler of that kind, to be called from outside any event loop."""
    if make == "block":

        def handler() -> Any:
            with payi_flush_on_exit(**options):
                return work()

        return handler
    if make == "decorator":
        return payi_flush_on_exit(**options)(work)
    if make == "bare decorator":
        return payi_flush_on_exit(work)
    decorate: Decorate = payi_flush_on_exit if "bare" in make else payi_flush_on_exit(**options)
    if make in GENERATORS:
        return make_reader(decorate, backend, work, is_async=make.startswith("async"))

    async def block() -> Any:
        async with payi_flush_on_exit(**options):
            return work()

    @payi_flush_on_exit(**options)
    async def decorated() -> Any:
        return work()

    @payi_flush_on_exit
    async def bare() -> Any:
        return work()

    kinds = {"async block": block, "async decorator": decorated, "async bare decorator": bare}
    return lambda: anyio.run(kinds[make], backend=backend)


def make_reader(
    decorate: Decorate, backend: str, work: Callable[[], Any], *, is_async: bool
) -> Callable[[], Any]:
    """What reads a decorated generator, that yields once what `work` gives, to its end."""

    @decorate
    def generate() -> Any:
        yield work()

    @decorate
    async def agenerate() -> Any:
        yield work()

    def read() -> Any:
        [item] = generate()
        return item

    async def aread() -> Any:
        [item] = [item async for item in agenerate()]
        return item

    return (lambda: anyio.run(aread, backend=backend)) if is_async else read


@pytest.fixture
def sink() -> MemorySink:
    sink = MemorySink()
    payi_instrument(sink=sink, config={"delivery": {"flush_interval": 3600}})
    return sink


@every_handler
def test_events_are_delivered_when_the_handler_returns(make: str, backend: str, sink: MemorySink) -> None:
    def work() -> str:
        call()
        return "answer"

    assert make_handler(make, backend, work)() == "answer"
    assert len(sink.events) == 1


@every_handler
def test_what_the_handler_raises_is_raised_after_the_delivery(
    make: str, backend: str, sink: MemorySink
) -> None:
    def work() -> None:
        call()
        raise LookupError("the handler's")

    with pytest.raises(LookupError, match="the handler's"):
        make_handler(make, backend, work)()
    assert len(sink.events) == 1


@pytest.mark.parametrize("make", WITH_TIMEOUT)
def test_it_waits_no_longer_than_its_timeout(make: str, backend: str) -> None:
    gate = threading.Event()

    class Hanging(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            gate.wait(30)
            return super().deliver(batch)

    payi_instrument(sink=Hanging())
    began = monotonic()
    make_handler(make, backend, call, timeout=0.05)()
    assert monotonic() - began < 20
    gate.set()


def test_without_instrumentation_it_does_nothing(backend: str) -> None:
    for make in KINDS:
        assert make_handler(make, backend, lambda: 7)() == 7


@pytest.mark.parametrize("decorate", [payi_flush_on_exit(), payi_flush_on_exit], ids=["called", "bare"])
def test_a_decorated_function_keeps_its_name_and_arguments(decorate: Decorate, backend: str) -> None:
    @decorate
    def handler(event: str, *, context: int) -> tuple[str, int]:
        """What it does."""
        return event, context

    assert handler("e", context=3) == ("e", 3)
    assert (handler.__name__, handler.__doc__) == ("handler", "What it does.")


def test_a_bare_decorator_keeps_the_types_of_its_function(backend: str) -> None:
    @payi_flush_on_exit
    def handler(event: str) -> int:
        return len(event)

    assert_type(handler("e"), int)
    with payi_flush_on_exit(timeout=1) as block:
        assert_type(block(handler)("e"), int)


@pytest.mark.parametrize("decorate", [payi_flush_on_exit(), payi_flush_on_exit], ids=["called", "bare"])
def test_a_class_is_refused_with_what_to_decorate_instead(decorate: Any, backend: str) -> None:
    class Handler:
        pass

    with pytest.raises(TypeError, match="Handler is a class: decorate its methods instead"):
        decorate(Handler)


def test_a_generator_delivers_when_it_ends_and_not_before(backend: str, sink: MemorySink) -> None:
    @payi_flush_on_exit
    def handler() -> Generator[Any, Any, str]:
        """Its docstring."""
        call()
        got = yield "first"
        with pytest.raises(LookupError, match="thrown"):
            yield got
        return "result"

    stream = handler()
    assert (next(stream), stream.send("sent")) == ("first", "sent")
    assert not sink.events
    with pytest.raises(StopIteration, match="result"):
        stream.throw(LookupError("thrown"))
    assert len(sink.events) == 1
    assert inspect.isgeneratorfunction(handler)
    assert handler.__doc__ == "Its docstring."


def test_an_async_generator_delivers_when_it_ends_and_not_before(backend: str, sink: MemorySink) -> None:
    @payi_flush_on_exit
    async def handler() -> AsyncGenerator[Any, Any]:
        """Its docstring."""
        call()
        got = yield "first"
        with pytest.raises(LookupError, match="thrown"):
            yield got

    async def main() -> None:
        stream = handler()
        assert (await anext(stream), await stream.asend("sent")) == ("first", "sent")
        assert not sink.events
        with pytest.raises(StopAsyncIteration):
            await stream.athrow(LookupError("thrown"))
        assert len(sink.events) == 1

    anyio.run(main, backend=backend)
    assert inspect.isasyncgenfunction(handler)
    assert handler.__doc__ == "Its docstring."


def test_a_generator_that_is_closed_early_delivers_too(backend: str, sink: MemorySink) -> None:
    @payi_flush_on_exit
    def handler() -> Generator[None, None, None]:
        call()
        yield

    @payi_flush_on_exit
    async def ahandler() -> AsyncGenerator[None, None]:
        call()
        yield

    async def main() -> None:
        async with aclosing(ahandler()) as stream:
            await anext(stream)

    stream = handler()
    next(stream)
    stream.close()
    assert len(sink.events) == 1
    anyio.run(main, backend=backend)
    assert len(sink.events) == 2


def test_a_task_that_is_cancelled_delivers_too(backend: str, sink: MemorySink) -> None:
    async def handler() -> None:
        with anyio.CancelScope() as scope:
            async with payi_flush_on_exit():
                call()
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(handler, backend=backend)
    assert len(sink.events) == 1


def test_the_event_loop_keeps_running_meanwhile(backend: str) -> None:
    gate = threading.Event()

    class Waiting(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            assert gate.wait(30)
            return super().deliver(batch)

    async def main() -> None:
        async def handler() -> None:
            async with payi_flush_on_exit(30):
                call()

        async with anyio.create_task_group() as group:
            group.start_soon(handler)
            await anyio.sleep(0)
            gate.set()

    waiting = Waiting()
    payi_instrument(sink=waiting)
    anyio.run(main, backend=backend)
    assert len(waiting.events) == 1


def test_it_delivers_even_if_the_application_uses_all_of_its_threads(backend: str, sink: MemorySink) -> None:
    async def handler() -> None:
        take_all_threads()
        with anyio.fail_after(10):
            async with payi_flush_on_exit():
                call()

    anyio.run(handler, backend=backend)
    assert len(sink.events) == 1
