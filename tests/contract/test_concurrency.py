"""Each event is for whom its own call was made, however many calls are made at once and wherever they end."""

from __future__ import annotations

import asyncio
import contextvars
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import trio

from payi_transport import (
    MemorySink,
    create_headers,
    payi_flush,
    payi_instrument,
    payi_stats,
    track,
    track_context,
)
from tests.support.wire_cases import CASES

by_name = {case.name: case for case in CASES}
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
URL = "https://api.openai.com/v1/chat/completions"


@pytest.fixture(autouse=True)
def instrumented(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"user_id": "base"})


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a stream, chunk by chunk."""

    def __iter__(self) -> Iterator[bytes]:
        yield from STREAM.chunks()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in STREAM.chunks():
            yield chunk


def body(name: str) -> bytes:
    """A request whose recorded body tells whose call it was."""
    return json.dumps({"model": "gpt-4.1", "user": name}).encode()


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers=UNARY.headers, content=UNARY.response)


def answer_in_chunks(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers=STREAM.headers, stream=Chunks())


async def answer_later(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(0)
    return answer(request)


def call(name: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(URL, content=body(name))


async def acall(client: httpx.AsyncClient, name: str) -> None:
    await client.post(URL, content=body(name))


def check(sink: MemorySink, names: list[str]) -> None:
    """Every call is reported once, for the user of its own."""
    assert payi_flush(60)
    pairs = [(json.loads(event.provider_request_json or "")["user"], event.user_id) for event in sink.events]
    assert sorted(pairs) == sorted((name, name) for name in names)


TASKS = [f"user {number}" for number in range(1000)]


async def gather(calls: list[Awaitable[None]]) -> None:
    await asyncio.gather(*calls)


async def create(calls: list[Any]) -> None:
    await asyncio.wait([asyncio.get_running_loop().create_task(each) for each in calls])


RUNS: list[Any] = [gather, create]
if sys.version_info >= (3, 11):

    async def group(calls: list[Any]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in calls:
                tasks.create_task(each)

    RUNS.append(group)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("by", ["decorator", "block", "header"])
def test_a_thousand_tasks_at_once(run: Any, by: str, sink: MemorySink) -> None:
    async def work(client: httpx.AsyncClient, name: str) -> None:
        if by == "decorator":
            await track(user_id=name)(acall)(client, name)
        elif by == "block":
            async with track_context(user_id=name):
                await asyncio.sleep(0)
                await acall(client, name)
        else:
            await client.post(URL, content=body(name), headers=create_headers(user_id=name))

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer_later)) as client:
            await run([work(client, name) for name in TASKS])

    asyncio.run(main())
    check(sink, TASKS)


def test_a_task_belongs_to_the_scope_that_it_was_started_in(sink: MemorySink) -> None:
    async def main() -> None:
        tasks = []
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer_later)) as client:
            for name in "abc":
                with track_context(user_id=name):
                    tasks.append(asyncio.create_task(acall(client, name)))
            await acall(client, "base")
            await asyncio.gather(*tasks)

    asyncio.run(main())
    check(sink, ["a", "b", "c", "base"])


def test_tasks_of_trio(sink: MemorySink) -> None:
    async def answer_under_trio(request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        return answer(request)

    async def work(client: httpx.AsyncClient, name: str) -> None:
        async with track_context(user_id=name):
            await trio.lowlevel.checkpoint()
            await acall(client, name)
            await trio.to_thread.run_sync(call, name)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer_under_trio)) as client:
            async with trio.open_nursery() as nursery:
                for name in TASKS[:50]:
                    nursery.start_soon(work, client, name)

    trio.run(main)
    check(sink, TASKS[:50] * 2)


def test_threads_at_once(sink: MemorySink) -> None:
    ready = threading.Barrier(64)

    def work(name: str) -> None:
        ready.wait(30)
        with track_context(user_id=name):
            for _ in range(5):
                call(name)
        call("base")

    threads = [threading.Thread(target=work, args=[name]) for name in TASKS[:64]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(sink, TASKS[:64] * 5 + ["base"] * 64)


def test_threads_of_a_pool(sink: MemorySink) -> None:
    with ThreadPoolExecutor(8) as pool:
        for name in TASKS[:64]:
            with track_context(user_id=name):
                pool.submit(call, name)
        pool.submit(call, "base")
    check(sink, [*TASKS[:64], "base"])


def test_threads_that_tasks_call(sink: MemorySink) -> None:
    async def work(name: str) -> None:
        async with track_context(user_id=name):
            await asyncio.to_thread(call, name)
            await asyncio.get_running_loop().run_in_executor(None, call, name)

    async def main() -> None:
        await asyncio.gather(*(work(name) for name in TASKS[:64]))

    asyncio.run(main())
    check(sink, TASKS[:64] * 2)


def test_a_stream_read_after_its_scope_has_ended_is_for_that_scope(sink: MemorySink) -> None:
    client = httpx.Client(transport=httpx.MockTransport(answer_in_chunks))
    with track_context(user_id="a"):
        response = client.send(client.build_request("POST", URL, content=body("a")), stream=True)
    with track_context(user_id="b"):
        assert b"".join(response.iter_bytes()) == STREAM.response
    check(sink, ["a"])


def test_a_stream_read_in_another_task_is_for_the_scope_it_was_asked_for_in(sink: MemorySink) -> None:
    async def read(response: httpx.Response) -> None:
        async with track_context(user_id="reader"):
            assert b"".join([chunk async for chunk in response.aiter_bytes()]) == STREAM.response

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer_in_chunks)) as client:
            with track_context(user_id="a"):
                request = client.build_request("POST", URL, content=body("a"))
                response = await client.send(request, stream=True)
            await asyncio.create_task(read(response))

    asyncio.run(main())
    check(sink, ["a"])


def make_generator(name: str) -> Iterator[None]:
    @track(user_id=name)
    def generate() -> Iterator[None]:
        try:
            call(name)
            yield
            call(name)
            yield
        finally:
            call(name)

    return generate()


def test_generators_read_by_turns_and_left_open(sink: MemorySink) -> None:
    first, second = make_generator("a"), make_generator("b")
    for generator in (first, second, first):
        next(generator)
        call("base")
    del first, second, generator
    call("base")
    check(sink, ["a"] * 3 + ["b"] * 2 + ["base"] * 4)


def run_in_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.parametrize("elsewhere", [run_in_thread, contextvars.Context().run])
def test_a_generator_closed_elsewhere(elsewhere: Any, sink: MemorySink) -> None:
    generator: Any = make_generator("a")
    with track_context(user_id="b"):
        next(generator)
        elsewhere(generator.close)
        call("b")
    call("base")
    check(sink, ["a", "a", "b", "base"])


def test_an_async_generator_read_by_turns_closed_in_another_task_or_left_open(sink: MemorySink) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer_later)) as client:

            def make(name: str) -> Any:
                @track(user_id=name)
                async def generate() -> AsyncIterator[None]:
                    try:
                        await acall(client, name)
                        yield
                    finally:
                        await acall(client, name)

                return generate()

            closed, left = make("a"), make("b")
            await anext(closed)
            await anext(left)
            async with track_context(user_id="c"):
                await asyncio.create_task(closed.aclose())
                await acall(client, "c")
            await acall(client, "base")
            del left
            while payi_stats().captured < 6:
                await asyncio.sleep(0)

    asyncio.run(main())
    check(sink, ["a", "a", "b", "b", "c", "base"])
