"""The hook on aiohttp: there as soon as the library is, once, and for a call below another library too."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import aiohttp
import httpx_aiohttp
import openai
import pytest

from payi_transport import MemorySink, payi_instrument, payi_stats
from payi_transport.hooks.aiohttp.session import HOOK
from tests.contract.aiohttp_calls import READERS, post
from tests.contract.responses import PATH, REQUEST, STREAM, UNARY, make_response, observe, view_both
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import WireCase


def test_a_session_from_before_is_recorded_and_one_that_outlives_it_works_on(
    origin: Origin, sink: MemorySink
) -> None:
    from payi_transport import payi_uninstrument

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            observe(origin, sink)
            first = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            # Nobody may wait for the network in an event loop, and this waits for the worker.
            await asyncio.to_thread(payi_uninstrument)
            assert await first.read() == UNARY.response
            assert await (await session.post(f"{origin.url}{PATH}", json=REQUEST)).read() == UNARY.response

    origin.responses = [make_response(UNARY)]
    asyncio.run(scenario())
    assert len(sink.events) <= 1
    assert len(origin.received) == 2


@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_call_through_httpx_on_aiohttp_is_counted_once(
    case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> bytes:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            return (await client.post(f"{origin.url}{PATH}", content=case.request)).content

    without, within = view_both(origin, sink, make_response(case))(lambda: asyncio.run(scenario()))
    assert within == without == case.response
    [event] = events_of(sink)
    assert shown(event, case.mapped_event) == case.mapped_event


def test_a_request_through_httpx_on_aiohttp_that_is_not_recorded_is_counted_once(
    origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            await client.post(f"{origin.url}{PATH}", content=UNARY.request)

    origin.responses = [make_response(UNARY)]
    payi_instrument(sink=sink)
    asyncio.run(scenario())
    assert payi_stats().unobserved == {origin.url.removeprefix("http://"): {"unmapped": 1}}


def test_a_call_through_openais_aiohttp_client_is_counted_once(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with openai.AsyncOpenAI(
            base_url=f"{origin.url}/v1", api_key="sk", http_client=openai.DefaultAioHttpClient()
        ) as client:
            await client.chat.completions.create(**REQUEST)
            await client.models.list()

    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    [event] = events_of(sink)
    assert shown(event, UNARY.mapped_event) == UNARY.mapped_event


def test_calls_after_a_failed_call_are_recorded(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            with pytest.raises(Exception, match=r".*"):
                await client.post(f"{origin.url}{PATH}", content=UNARY.request)
            await post(origin.url, READERS["read"])

    origin.responses = [CannedResponse(end="reset"), make_response(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert [event.http_status_code for event in events_of(sink)] == [299, 200]


def test_hooking_twice_is_hooking_once(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    before = aiohttp.ClientSession._request
    assert HOOK.install() == []
    assert aiohttp.ClientSession._request is before


def test_the_library_is_imported_by_the_program_alone() -> None:
    script = """
        import sys
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument
        payi_instrument(sink=MemorySink())
        late = {"aiohttp", "requests", "botocore", "urllib3", "aiobotocore"}
        assert not late & set(sys.modules), late & set(sys.modules)
        from aiohttp import ClientSession
        assert hasattr(ClientSession._request, "__wrapped__")
        import aiohttp.client
        assert type(aiohttp.client.__spec__.loader).__name__ == "SourceFileLoader"
        payi_uninstrument()
        assert not hasattr(ClientSession._request, "__wrapped__")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
