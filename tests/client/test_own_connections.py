"""Clients that are dropped without close leave no open connection behind."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from payi_transport import AsyncPayi, Payi
from payi_transport.client.own_connections import OwnAsyncClient, OwnClient
from tests.support.origin import CannedResponse, Origin

PAGE = CannedResponse([b'{"items":[]}'])


def test_a_client_that_is_dropped_without_close_leaves_no_warning(origin: Origin) -> None:
    origin.responses = [PAGE]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = Payi(api_key="k", base_url=origin.url)
        client.limits.list()
        del client
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_a_program_that_never_closes_its_client_exits_without_a_warning(origin: Origin) -> None:
    origin.responses = [PAGE]
    script = (
        f"from payi_transport import Payi; p = Payi(api_key='k', base_url={origin.url!r}); p.limits.list()"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_async_client_that_is_dropped_while_asyncio_runs_is_closed(origin: Origin) -> None:
    origin.responses = [PAGE]

    async def main() -> bool:
        client = AsyncPayi(api_key="k", base_url=origin.url)
        await client.limits.list()
        [connections] = client._http._by_loop.values()  # type: ignore[union-attr]
        http = connections.client
        del client, connections
        gc.collect()
        while not http.is_closed:
            await asyncio.sleep(0)
        return not http._transport._pool.connections

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asyncio.run(main())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_an_async_client_works_in_one_loop_after_another_and_leaves_no_warning(origin: Origin) -> None:
    origin.responses = [PAGE]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = AsyncPayi(api_key="k", base_url=origin.url, max_retries=0)

        async def call(client: AsyncPayi) -> None:
            await asyncio.gather(*(client.limits.list() for _ in range(3)))

        for _ in range(3):
            asyncio.run(call(client))
        assert len(client._http._by_loop) == 1  # type: ignore[union-attr]
        del client
        gc.collect()
    assert len(origin.received) == 9
    assert [str(warning.message) for warning in caught] == []


def test_an_async_client_works_in_loops_of_several_threads(origin: Origin) -> None:
    origin.responses = [PAGE]
    client = AsyncPayi(api_key="k", base_url=origin.url, max_retries=0)
    together = threading.Barrier(4, timeout=30)

    async def call(_: int) -> None:
        await client.limits.list()
        await asyncio.to_thread(together.wait)
        await client.limits.list()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: asyncio.run(call(number)), range(4)))
    assert len(origin.received) == 8


def test_a_client_that_is_closed_in_one_loop_is_closed_in_all(origin: Origin) -> None:
    origin.responses = [PAGE]
    client = AsyncPayi(api_key="k", base_url=origin.url, max_retries=0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.limits.list())
    http = client._http._by_loop[loop].client  # type: ignore[union-attr]
    asyncio.run(client.close())
    assert client.is_closed()
    gc.collect()
    while not http.is_closed:
        loop.run_until_complete(asyncio.sleep(0))
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_until_complete(client.limits.list())
    loop.close()


def test_a_client_closes_the_connections_of_its_own_loop_before_it_returns(origin: Origin) -> None:
    origin.responses = [PAGE]

    async def call() -> bool:
        async with AsyncPayi(api_key="k", base_url=origin.url) as client:
            await client.limits.list()
            [connections] = client._http._by_loop.values()  # type: ignore[union-attr]
        return bool(connections.client.is_closed)

    assert asyncio.run(call())


def test_a_client_of_trio_keeps_its_connections(origin: Origin) -> None:
    trio: Any = pytest.importorskip("trio")
    origin.responses = [PAGE]

    async def call() -> None:
        async with AsyncPayi(api_key="k", base_url=origin.url, max_retries=0) as client:
            await client.limits.list()
            await client.limits.list()
            assert client._http._by_loop == {}  # type: ignore[union-attr]

    trio.run(call)
    assert len(origin.received) == 2


def test_the_connections_stay_open_while_a_copy_needs_them(origin: Origin) -> None:
    origin.responses = [PAGE]
    client = Payi(api_key="k", base_url=origin.url)
    with client.copy() as copy:
        del client
        gc.collect()
        assert not copy.is_closed()
        copy.limits.list()


def test_connections_that_the_caller_passed_are_left_alone() -> None:
    with httpx.Client() as http:
        client = Payi(api_key="k", http_client=http)
        del client
        gc.collect()
        assert not http.is_closed


def test_an_object_whose_constructor_raised_is_collected_quietly() -> None:
    for kind in (OwnClient, OwnAsyncClient):
        with pytest.raises(TypeError):
            kind(nonsense=1)  # type: ignore[call-arg, unused-ignore]
    OwnClient.__new__(OwnClient).__del__()
