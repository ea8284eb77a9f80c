"""Calls by each HTTP library, with a client that is kept, of a provider that is in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from typing import Any

import aiobotocore.session
import aiohttp
import botocore.session
import httpx2
import requests
from botocore.config import Config

from benchmarks.corpus import REQUEST_HEADERS, Script, provide
from benchmarks.providers import Connector, PlaybackAdapter, Pool
from payi_transport import payi_httpx_client

__all__ = ["CONCURRENCY", "EXPLICIT", "TASKS", "Caller", "open_caller"]

# Calls under way at once in an event loop, where the name of an async library ends with TASKS.
CONCURRENCY = 50
TASKS = f", {CONCURRENCY} tasks"
EXPLICIT = "httpx2, explicit client"
# Makes so many calls; in tasks, a multiple of their number.
Caller = Callable[[int], None]
_Call = Callable[[], None]
_AsyncCall = Callable[[], Awaitable[None]]


@contextmanager
def open_caller(library: str, target: str, script: Script) -> Iterator[Caller]:
    """`library` is a name of the tables below; `target` is a URL, or the method of a Bedrock client."""
    if library in _SYNC:
        with _SYNC[library](target, script) as call:
            yield lambda count: _call_in_turn(call, count)
        return
    # One event loop for all calls, so that its start and its connections are not part of what is timed.
    tasks = CONCURRENCY if library.endswith(TASKS) else 1
    with closing(asyncio.new_event_loop()) as loop:
        opened = AsyncExitStack()
        opener = _ASYNC[library.removesuffix(TASKS)]
        async_call = loop.run_until_complete(opened.enter_async_context(opener(target, script)))
        yield lambda count: loop.run_until_complete(_call_at_once(async_call, tasks, count // tasks))
        loop.run_until_complete(opened.aclose())


def _call_in_turn(call: _Call, count: int) -> None:
    for _ in range(count):
        call()


async def _call_at_once(call: _AsyncCall, tasks: int, each: int) -> None:
    async def call_in_turn() -> None:
        for _ in range(each):
            await call()

    await asyncio.gather(*(call_in_turn() for _ in range(tasks)))


@contextmanager
def _open_httpx2(
    url: str, script: Script, make_client: Callable[..., httpx2.Client] = httpx2.Client
) -> Iterator[_Call]:
    transport = provide("httpx2")
    transport.script = script
    with make_client(transport=transport) as client:

        def call() -> None:
            with client.stream("POST", url, content=script.request, headers=REQUEST_HEADERS) as response:
                # Read the body, because the recording of a call ends only with its response.
                for _ in response.iter_bytes():
                    pass

        yield call


def _open_explicit(url: str, script: Script) -> AbstractContextManager[_Call]:
    return _open_httpx2(url, script, lambda **given: payi_httpx_client(**given, family="httpx2"))


class _Yielding(httpx2.AsyncBaseTransport):
    """Lets others run before each answer, as waiting for a socket does."""

    def __init__(self, script: Script) -> None:
        self._inner = provide("httpx2")
        self._inner.script = script

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        response: httpx2.Response = self._inner.handle_request(request)
        return response


@asynccontextmanager
async def _open_async_httpx2(url: str, script: Script) -> AsyncIterator[_AsyncCall]:
    async with httpx2.AsyncClient(transport=_Yielding(script)) as client:

        async def call() -> None:
            async with client.stream(
                "POST", url, content=script.request, headers=REQUEST_HEADERS
            ) as response:
                async for _ in response.aiter_bytes():
                    pass

        yield call


@contextmanager
def _open_requests(url: str, script: Script) -> Iterator[_Call]:
    with requests.Session() as session:
        session.mount("https://", PlaybackAdapter(script.answer))

        def call() -> None:
            with session.post(url, script.request, headers=REQUEST_HEADERS, stream=True) as response:
                for _ in response.iter_content(None):
                    pass

        yield call


@asynccontextmanager
async def _open_aiohttp(url: str, script: Script) -> AsyncIterator[_AsyncCall]:
    async with aiohttp.ClientSession(connector=Connector(script.answer)) as session:

        async def call() -> None:
            async with session.post(url, data=script.request, headers=REQUEST_HEADERS) as response:
                async for _ in response.content.iter_any():
                    pass

        yield call


_BEDROCK: dict[str, Any] = {
    "service_name": "bedrock-runtime",
    "region_name": "us-east-1",
    "aws_access_key_id": "no-key",
    "aws_secret_access_key": "no-secret",
}
# A retry would hide a mistake of the benchmark and count as the cost of a single call.
_NO_RETRIES = {"total_max_attempts": 1}


def _read_arguments(script: Script) -> dict[str, Any]:
    """What the client makes the request of."""
    return {"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", **json.loads(script.request)}


@contextmanager
def _open_botocore(method: str, script: Script) -> Iterator[_Call]:
    client = botocore.session.get_session().create_client(**_BEDROCK, config=Config(retries=_NO_RETRIES))
    # botocore has no parameter for a transport, so its connection pool is replaced below everything that
    # gets hooked.
    client._endpoint.http_session._manager = Pool(script.answer)
    send, arguments = getattr(client, method), _read_arguments(script)

    def call() -> None:
        for _ in send(**arguments).get("stream", ()):
            pass

    yield call


@asynccontextmanager
async def _open_aiobotocore(method: str, script: Script) -> AsyncIterator[_AsyncCall]:
    session = aiobotocore.session.get_session()
    options = {"config": aiobotocore.config.AioConfig(retries=_NO_RETRIES)}
    async with (
        session.create_client(**_BEDROCK, **options) as client,
        # The session as aiobotocore makes it, which decompresses nothing itself.
        aiohttp.ClientSession(connector=Connector(script.answer), auto_decompress=False) as inner,
    ):
        client._endpoint.http_session._sessions[None] = inner
        send, arguments = getattr(client, method), _read_arguments(script)

        async def call() -> None:
            if (stream := (await send(**arguments)).get("stream")) is not None:
                async for _ in stream:
                    pass

        yield call


_SYNC: dict[str, Callable[[str, Script], AbstractContextManager[_Call]]] = {
    "httpx2": _open_httpx2,
    EXPLICIT: _open_explicit,
    "requests": _open_requests,
    "botocore": _open_botocore,
}
_ASYNC: dict[str, Callable[[str, Script], AbstractAsyncContextManager[_AsyncCall]]] = {
    "httpx2": _open_async_httpx2,
    "aiohttp": _open_aiohttp,
    "aiobotocore": _open_aiobotocore,
}
