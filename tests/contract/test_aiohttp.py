"""Real aiohttp sessions against a real server: what the caller sees is untouched, and a call is one event."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from typing import Any

import aiohttp
import pytest
import requests

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, track_context
from tests.contract.aiohttp_calls import READERS, collect, post
from tests.contract.responses import (
    PATH,
    REQUEST,
    RESPONSES,
    STREAM,
    UNARY,
    make_response,
    observe,
    view_both,
)
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_is_the_same_however_it_is_read(
    kind: str, reader: str, origin: Origin, sink: MemorySink
) -> None:
    case, made = RESPONSES[kind]
    without, within = view_both(origin, sink, made)(lambda: asyncio.run(post(origin.url, READERS[reader])))
    # How much of a response has arrived once its start was read depends on the network.
    told = -1 if reader == "until" else None
    assert within[:told] == without[:told]
    [event] = events_of(sink)
    if reader != "until":
        assert shown(event, case.mapped_event) == case.mapped_event
    assert event.provider_request_json == json.dumps(REQUEST)
    assert origin.received[0].body == origin.received[1].body
    assert origin.received[0].headers == origin.received[1].headers


def test_chunks_are_those_that_the_server_made(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> list[bytes]:
        found = await post(origin.url, lambda response: collect(response.content.iter_chunks()))
        ends, chunks = b"", []
        for data, ended in found[3]:
            ends += data
            # The end of the stream may come as a chunk without data, as it happens.
            if ended and ends:
                chunks.append(ends)
                ends = b""
        return chunks

    without, within = view_both(origin, sink, make_response(STREAM))(lambda: asyncio.run(scenario()))
    assert within == without == STREAM.chunks()


def test_a_path_below_the_base_url_of_a_session_is_observed(origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession(f"{origin.url}/v1/") as session:
            await (await session.request("post", "chat/completions", json=REQUEST)).read()

    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    asyncio.run(scenario())
    assert events_of(sink)[0].provider_uri == f"{origin.url}{PATH}"


def test_the_response_is_aiohttps_own_and_its_end_frees_the_connection(
    origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> list[Any]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            seen: list[Any] = []
            for _ in range(3):
                response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
                seen.append((type(response), type(response.content), len(await response.read())))
                seen.append((response.closed, response.connection))
            return seen

    without, within = view_both(origin, sink, make_response(UNARY))(lambda: asyncio.run(scenario()))
    assert within == without
    assert len(events_of(sink)) == 3


def test_what_was_read_to_its_end_is_not_left_to_the_garbage_collector(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> object:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            never.set()
            await response.read()
        kept = weakref.ref(response)
        del response
        return kept()

    origin.responses = [make_response(STREAM, hold=never)]
    observe(origin, sink)
    gc.disable()
    try:
        assert asyncio.run(scenario()) is None
    finally:
        gc.enable()
    assert len(events_of(sink)) == 1


def test_a_redirect_is_followed_to_one_event(origin: Origin, sink: MemorySink) -> None:
    moved = CannedResponse([b"moved"], status=307, headers={"location": "/v2/chat/completions"})
    without, within = view_both(origin, sink, moved, moved, make_response(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"]))
    )
    assert within == without
    assert within[0] == 200
    [event] = events_of(sink)
    assert shown(event, UNARY.mapped_event) == UNARY.mapped_event
    assert event.provider_uri == f"{origin.url}/v2/chat/completions"
    assert payi_stats().captured == 1


@pytest.mark.parametrize(
    ("location", "options"), [("/elsewhere", {}), ("/elsewhere", {"allow_redirects": False})]
)
def test_a_redirect_that_leads_to_no_call_is_no_event(
    location: str, options: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    moved = CannedResponse([b"moved"], status=307, headers={"location": location})
    without, within = view_both(origin, sink, moved, make_response(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"], **options))
    )
    assert within == without
    assert events_of(sink) == []
    assert payi_stats().captured == 0


def test_a_response_without_a_body_is_an_event(origin: Origin, sink: MemorySink) -> None:
    empty = CannedResponse(status=204, headers={"content-length": "0"})
    without, within = view_both(origin, sink, empty)(lambda: asyncio.run(post(origin.url, READERS["read"])))
    assert within == without
    assert [event.http_status_code for event in events_of(sink)] == [204]


@pytest.mark.parametrize("by", ["session", "call"])
def test_codings_that_the_caller_undoes_are_undone_for_the_event_too(
    by: str, origin: Origin, sink: MemorySink
) -> None:
    case, answer = RESPONSES["unary packed"]

    async def scenario() -> bytes:
        of_session: Any = {"auto_decompress": False} if by == "session" else {}
        of_call: Any = {"auto_decompress": False} if by == "call" else {}
        async with aiohttp.ClientSession(**of_session) as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST, **of_call)
            return await response.read()

    without, within = view_both(origin, sink, answer)(lambda: asyncio.run(scenario()))
    assert within == without == b"".join(answer.chunks)
    assert shown(events_of(sink)[0], case.mapped_event) == case.mapped_event


def test_a_body_that_a_middleware_has_read_is_recorded(origin: Origin, sink: MemorySink) -> None:
    async def peek(request: Any, handler: Any) -> Any:
        response = await handler(request)
        await response.read()
        return response

    without, within = view_both(origin, sink, make_response(UNARY))(
        lambda: asyncio.run(post(origin.url, READERS["read"], middlewares=(peek,)))
    )
    assert within == without
    assert shown(events_of(sink)[0], UNARY.mapped_event) == UNARY.mapped_event


def test_with_inline_delivery_nothing_waits_in_the_event_loop(origin: Origin) -> None:
    threads = []

    class Watching(MemorySink):
        def deliver(self, batch: Any) -> Any:
            threads.append(threading.current_thread())
            return super().deliver(batch)

    mapping: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    inline: Any = {"host_mappings": mapping, "delivery": {"mode": "inline"}}
    payi_instrument(sink=Watching(), config=inline)
    origin.responses = [make_response(UNARY)]
    requests.post(f"{origin.url}{PATH}", json=REQUEST, timeout=30)
    assert threads == [threading.main_thread()]
    asyncio.run(post(origin.url, READERS["read"]))
    assert payi_flush(10)
    assert len(threads) == 2
    assert threads[1] is not threading.main_thread()


def test_a_hundred_calls_at_once_are_a_hundred_events(origin: Origin, sink: MemorySink) -> None:
    async def ask(session: aiohttp.ClientSession, number: int) -> bytes:
        with track_context(user_id=f"user-{number}"):
            async with session.post(f"{origin.url}{PATH}", json={**REQUEST, "seed": number}) as response:
                return b"".join([chunk async for chunk in response.content.iter_any()])

    async def scenario() -> list[bytes]:
        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(*(ask(session, number) for number in range(100)))

    origin.responses = [make_response(STREAM)]
    observe(origin, sink)
    assert asyncio.run(scenario()) == [STREAM.response] * 100
    events = events_of(sink)
    assert all(shown(event, ["units"]) == {"units": STREAM.event["units"]} for event in events)
    asked = {event.user_id: json.loads(event.provider_request_json or "")["seed"] for event in events}
    assert asked == {f"user-{number}": number for number in range(100)}
