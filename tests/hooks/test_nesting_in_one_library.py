"""A call during another one of the same library, to the same address, has an event of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from payi_transport import (
    AsyncPayiTransport,
    MemorySink,
    PayiTransport,
    payi_flush,
    payi_instrument,
    payi_stats,
)
from payi_transport.hooks.httpx.installed import get_family
from tests.support.origin import CannedResponse, Origin

BODY = {"model": "asked", "messages": []}
RESPONSE = b'{"id": "x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}'


@pytest.fixture
def url(sink: MemorySink, origin: Origin) -> str:
    """The address of an origin whose calls are recorded."""
    origin.responses = [CannedResponse([RESPONSE], headers={"content-type": "application/json"})]
    mapping: Any = {"host_mappings": {origin.url: {"price_as_category": "system.openai"}}}
    payi_instrument(sink=sink, config=mapping)
    return origin.url + "/v1/chat/completions"


def count_events(sink: MemorySink) -> int:
    assert payi_flush(30)
    return len(sink.events)


def post_by_httpx(url: str, **options: Any) -> None:
    httpx.post(url, **options)


def post_by_payi_transport(url: str, **options: Any) -> None:
    with httpx.Client(transport=PayiTransport(httpx.HTTPTransport())) as client:
        client.post(url, **options)


def post_by_requests(url: str, *, content: Any = None, **options: Any) -> None:
    requests.post(url, data=content, timeout=30, **options)


@pytest.mark.parametrize("inner", [post_by_httpx, post_by_payi_transport, post_by_requests])
@pytest.mark.parametrize("outer", [post_by_httpx, post_by_payi_transport, post_by_requests])
def test_a_streamed_body_may_make_a_call(
    outer: Any, inner: Any, url: str, sink: MemorySink, origin: Origin
) -> None:
    def write() -> Iterator[bytes]:
        inner(url, json=BODY)
        yield b'{"model": "asked"}'

    outer(url, content=write())
    assert count_events(sink) == len(origin.received) == 2


async def apost_by_httpx(url: str, **options: Any) -> None:
    async with httpx.AsyncClient() as client:
        await client.post(url, **options)


async def apost_by_payi_transport(url: str, **options: Any) -> None:
    async with httpx.AsyncClient(transport=AsyncPayiTransport(httpx.AsyncHTTPTransport())) as client:
        await client.post(url, **options)


async def apost_by_aiohttp(url: str, *, content: Any = None, **options: Any) -> None:
    async with aiohttp.ClientSession() as session, session.post(url, data=content, **options) as response:
        await response.read()


ASYNC = [apost_by_httpx, apost_by_payi_transport, apost_by_aiohttp]


@pytest.mark.parametrize("inner", ASYNC)
@pytest.mark.parametrize("outer", ASYNC)
def test_a_body_that_is_streamed_by_a_task_may_make_a_call(
    outer: Any, inner: Any, url: str, sink: MemorySink, origin: Origin
) -> None:
    async def write() -> AsyncIterator[bytes]:
        await inner(url, json=BODY)
        yield b'{"model": "asked"}'

    asyncio.run(outer(url, content=write()))
    assert count_events(sink) == len(origin.received) == 2


@pytest.mark.parametrize("event", ["on_request_start", "on_request_end"])
def test_a_trace_of_aiohttp_may_make_the_same_call(
    event: str, url: str, sink: MemorySink, origin: Origin
) -> None:
    trace = aiohttp.TraceConfig()
    made: list[int] = []

    async def ask(session: aiohttp.ClientSession, *_: Any) -> None:
        if not made:
            made.append(1)
            async with session.post(url, json=BODY) as response:
                await response.read()

    async def main() -> None:
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            async with session.post(url, json=BODY) as response:
                await response.read()

    getattr(trace, event).append(ask)
    asyncio.run(main())
    assert count_events(sink) == len(origin.received) == 2


@pytest.mark.parametrize("is_read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("is_first", [False, True], ids=["in its place", "after a refusal"])
def test_a_middleware_of_aiohttp_that_sends_another_request_is_one_call_for_each_response(
    is_first: bool, is_read: bool, url: str, sink: MemorySink, origin: Origin
) -> None:
    refused = CannedResponse([b"{}"], status=401, headers={"content-type": "application/json"})
    origin.responses = [*([refused] if is_first else []), *origin.responses]

    async def main() -> list[str]:
        async def replace(request: Any, handler: Any) -> Any:
            if is_first:
                (await handler(request)).close()
            response = await session.post(request.url, json={**BODY, "model": "replaced"}, middlewares=())
            if is_read:
                await response.read()
            return response

        async with aiohttp.ClientSession(middlewares=(replace,)) as session:
            return [await (await session.post(url, json=BODY)).text() for _ in range(2)]

    assert asyncio.run(main()) == [RESPONSE.decode()] * 2
    assert count_events(sink) == 2
    assert [event.resource for event in sink.events] == ["replaced"] * 2
    assert payi_stats().captured == 2


def test_a_middleware_may_replace_the_request_of_another_middleware(
    url: str, sink: MemorySink, origin: Origin
) -> None:
    async def main() -> None:
        async def replace(request: Any, handler: Any) -> Any:
            return await session.post(request.url, json={**BODY, "model": "second"}, middlewares=(again,))

        async def again(request: Any, handler: Any) -> Any:
            # In a task of its own, as for a timeout.
            third = session.post(request.url, json={**BODY, "model": "third"}, middlewares=())
            return await asyncio.create_task(send(third))

        async with aiohttp.ClientSession() as session:
            response = await session.post(url, json=BODY, middlewares=(replace,))
            await response.read()

    async def send(request: Any) -> Any:
        return await request

    asyncio.run(main())
    assert count_events(sink) == len(origin.received) == 1
    assert sink.events[0].resource == "third"


def test_a_middleware_that_only_asks_another_request_leaves_both(
    url: str, sink: MemorySink, origin: Origin
) -> None:
    async def main() -> None:
        async def ask(request: Any, handler: Any) -> Any:
            await (await session.post(request.url, json=BODY, middlewares=())).read()
            return await handler(request)

        async with aiohttp.ClientSession(middlewares=(ask,)) as session:
            await (await session.post(url, json=BODY)).read()

    asyncio.run(main())
    assert count_events(sink) == len(origin.received) == 2


@pytest.mark.parametrize("event", ["request", "response"])
def test_an_event_hook_of_httpx_may_make_the_same_call(
    event: str, url: str, sink: MemorySink, origin: Origin
) -> None:
    hooks = {event: [lambda _: httpx.post(url, json=BODY)]}
    with httpx.Client(event_hooks=hooks) as client:
        client.post(url, json=BODY)
    assert count_events(sink) == len(origin.received) == 2


@pytest.mark.parametrize("wrap", [lambda transport: transport, PayiTransport], ids=["plain", "PayiTransport"])
def test_a_transport_that_passes_the_request_on_to_another_client_is_one_call(
    wrap: Any, url: str, sink: MemorySink, origin: Origin
) -> None:
    class PassingOn(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            with httpx.Client(transport=wrap(httpx.HTTPTransport())) as client:
                if request.headers.get("x-copy"):
                    return client.post(request.url, content=request.content)
                return client.send(request)

    with httpx.Client(transport=wrap(PassingOn())) as client:
        client.post(url, json=BODY)
        client.post(url, json=BODY, headers={"x-copy": "1"})
    assert count_events(sink) == len(origin.received) == 2


def test_layers_of_transports_are_one_call_without_the_hook_of_the_client(
    url: str, sink: MemorySink, origin: Origin
) -> None:
    get_family("httpx").uninstall()
    with httpx.Client(transport=PayiTransport(PayiTransport(httpx.HTTPTransport()))) as client:
        client.post(url, json=BODY)
        client.post(url, content=iter([b"{}"]))
    assert count_events(sink) == len(origin.received) == 2
