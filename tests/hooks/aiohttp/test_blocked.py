"""The aiohttp response to a request that is not sent: it reads, and raises, as one from a server does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from payi_transport.capture.rewrites import BlockedResponse
from payi_transport.hooks.aiohttp.blocked import build_blocked_response

BLOCKED = BlockedResponse(
    403,
    (b"content-type", b"application/json", b"x-should-retry", b"false"),
    b'{"error": "blocked"}',
)
ADDRESS = URL("https://api.openai.com/v1/chat/completions")


def build(
    scenario: Callable[[aiohttp.ClientResponse], Awaitable[Any]], options: Any = None, **session_options: Any
) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(**session_options) as session:
            return await scenario(
                await build_blocked_response(session, "post", ADDRESS, options or {}, BLOCKED)
            )

    return asyncio.run(main())


def test_a_caller_reads_it_like_any_other_response() -> None:
    async def read(response: aiohttp.ClientResponse) -> Any:
        async with response:
            assert (response.status, response.reason, response.ok) == (403, "Forbidden", False)
            assert (response.method, response.url) == ("POST", ADDRESS)
            assert response.headers["X-Should-Retry"] == "false"
            return await response.json()

    assert build(read) == {"error": "blocked"}


def test_a_caller_can_read_it_in_pieces() -> None:
    async def read(response: aiohttp.ClientResponse) -> bytes:
        return b"|".join([chunk async for chunk in response.content.iter_chunked(10)])

    assert build(read) == b'{"error": |"blocked"}'


async def unreachable(response: aiohttp.ClientResponse) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("options", "session_options"), [({"raise_for_status": True}, {}), ({}, {"raise_for_status": True})]
)
def test_it_is_raised_where_the_call_or_the_session_asks_for_that(options: Any, session_options: Any) -> None:
    with pytest.raises(aiohttp.ClientResponseError) as raised:
        build(unreachable, options, **session_options)
    assert (raised.value.status, raised.value.message) == (403, "Forbidden")


def test_the_call_decides_before_the_session_and_with_its_own_function() -> None:
    async def get_status(response: aiohttp.ClientResponse) -> int:
        return response.status

    async def check(response: aiohttp.ClientResponse) -> None:
        raise PermissionError(response.status)

    assert build(get_status, {"raise_for_status": False}, raise_for_status=True) == 403
    with pytest.raises(PermissionError):
        build(unreachable, {"raise_for_status": check})
