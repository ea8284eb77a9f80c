"""What a call returns on each of the six surfaces, and that no response stays open."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from payi_transport import AsyncPayi, Payi
from payi_transport.client.responses import APIResponse, AsyncAPIResponse
from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, SyncCursorPage
from payi_transport.types import LimitResponse
from tests.support.origin import CannedResponse, Origin


@pytest.fixture
def client(origin: Origin) -> Iterator[Payi]:
    origin.responses = [CannedResponse([b'{"limit":{"limit_id":"L1"},"items":[{"limit_id":"L1"}]}'])]
    with Payi(api_key="k", base_url=origin.url) as client:
        yield client


def test_a_plain_call_returns_the_parsed_response_or_the_first_page(client: Payi) -> None:
    assert isinstance(client.limits.retrieve("L1"), LimitResponse)
    assert isinstance(client.limits.list(), SyncCursorPage)


def test_a_raw_call_returns_the_api_response(client: Payi) -> None:
    response = client.limits.with_raw_response.retrieve("L1")
    assert type(response) is APIResponse
    assert response.parse().limit.limit_id == "L1"
    pages = client.with_raw_response.limits.list()
    assert [limit.limit_id for limit in pages.parse()] == ["L1"]


def test_a_streaming_call_sends_nothing_until_it_is_entered(client: Payi, origin: Origin) -> None:
    entered = client.limits.with_streaming_response.retrieve("L1")
    assert not origin.received
    with entered as response:
        assert (len(origin.received), response.is_closed) == (1, False)


@pytest.mark.parametrize("name", ["retrieve", "list"])
def test_a_streaming_call_closes_its_unread_response_when_its_block_raises(name: str, client: Payi) -> None:
    arguments = ["L1"] if name == "retrieve" else []
    method: Any = getattr(client.limits.with_streaming_response, name)
    with pytest.raises(KeyError):
        with method(*arguments) as response:
            assert not response.is_closed
            raise KeyError
    assert response.is_closed


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_call_returns_a_coroutine_or_a_paginator(backend: str, client: Payi, origin: Origin) -> None:
    async def main() -> None:
        async with AsyncPayi(api_key="k", base_url=origin.url) as client:
            asked = client.limits.retrieve("L1")
            assert inspect.iscoroutine(asked)
            assert (await asked).limit.limit_id == "L1"
            pages = client.limits.list()
            assert isinstance(pages, AsyncPaginator)
            assert isinstance(await pages, AsyncCursorPage)

    anyio.run(main, backend=backend)


def test_an_async_raw_call_returns_the_async_api_response(client: Payi, origin: Origin) -> None:
    async def main() -> None:
        async with AsyncPayi(api_key="k", base_url=origin.url) as client:
            response = await client.limits.with_raw_response.retrieve("L1")
            assert type(response) is AsyncAPIResponse
            assert (await response.parse()).limit.limit_id == "L1"
            pages = await client.with_raw_response.limits.list()
            assert [limit.limit_id async for limit in await pages.parse()] == ["L1"]

    anyio.run(main)


@pytest.mark.parametrize("name", ["retrieve", "list"])
def test_an_async_streaming_call_closes_its_unread_response_when_its_block_raises(
    name: str, client: Payi, origin: Origin
) -> None:
    async def main() -> None:
        async with AsyncPayi(api_key="k", base_url=origin.url) as client:
            arguments = ["L1"] if name == "retrieve" else []
            method: Any = getattr(client.limits.with_streaming_response, name)
            with pytest.raises(KeyError):
                async with method(*arguments) as response:
                    assert not response.is_closed
                    raise KeyError
            assert response.is_closed

    anyio.run(main)
