"""Calls with aiohttp that fail or are left early: what is raised stays, and a call is one event."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import aiohttp
import pytest

from payi_transport import MemorySink
from tests.contract.aiohttp_calls import READERS, post
from tests.contract.responses import (
    PATH,
    REQUEST,
    RESPONSES,
    STREAM,
    make_response,
    observe,
    view_both,
    view_errors,
)
from tests.support.exchanges import events_of
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize(
    "options",
    [{"json": {1, 2}}, {"json": {}, "data": b"x"}, {"json": {}, "timeout": "soon"}],
    ids=["not json", "both", "timeout"],
)
def test_a_request_that_cannot_be_made_raises_what_it_did(
    options: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(f"{origin.url}{PATH}", **options)

    without, within = view_errors(origin, sink)(lambda: asyncio.run(scenario()))
    assert within == without
    assert within[0] in (TypeError, ValueError)
    assert [event.http_status_code for event in events_of(sink)] == [299]


@pytest.mark.parametrize("url", ["", "/v1", "nothing", "http://", "http://[", "ftp://h.test/v1", 7])
def test_an_invalid_url_raises_what_it_did(url: Any, origin: Origin, sink: MemorySink) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(url)

    without, within = view_errors(origin, sink)(lambda: asyncio.run(scenario()))
    assert within == without
    assert isinstance(within, tuple)
    assert events_of(sink) == []


# As an error it would hold the frames of whatever it interrupts, as pytest keeps what finalisers raise.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize("way", ["close", "release", "leave", "drop"])
def test_a_response_that_is_left_early_is_one_partial_event(
    way: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> bytes:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{origin.url}{PATH}", json=REQUEST)
            first: bytes = await response.content.readuntil(b"\n\n")
            if way == "leave":
                async with response:
                    return first
            if way != "drop":
                getattr(response, way)()
        return first

    without, within = view_both(origin, sink, make_response(STREAM, hold=never))(
        lambda: asyncio.run(scenario())
    )
    collect_garbage()
    assert within == without == STREAM.chunks()[0]
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.stream"] == "partial"


FAILURES: dict[str, tuple[str, dict[str, Any], type[Exception]]] = {
    "cut": ("cut", {}, aiohttp.ClientPayloadError),
    "reset": ("reset", {}, aiohttp.ClientError),
    "silent": ("well", {"timeout": aiohttp.ClientTimeout(sock_read=1)}, aiohttp.SocketTimeoutError),
    "too long": ("well", {"timeout": aiohttp.ClientTimeout(total=1)}, asyncio.TimeoutError),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("reader", ["read", "any"])
def test_a_failure_while_reading_is_the_callers_and_one_event(
    failure: str, reader: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    end, options, kind = FAILURES[failure]
    answer = make_response(STREAM, end=end, hold=never if end == "well" else None)
    without, within = view_errors(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS[reader], **options))
    )
    assert within == without
    assert issubclass(within[0], kind)
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert (event.properties or {})["system.stream"] == "partial"


def test_a_task_that_is_cancelled_while_it_reads_is_one_event(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    async def scenario() -> None:
        reading = asyncio.Event()

        async def read(response: aiohttp.ClientResponse) -> None:
            await response.content.readuntil(b"\n\n")
            reading.set()
            await response.read()

        task = asyncio.create_task(post(origin.url, read))
        await reading.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    origin.responses = [make_response(STREAM, hold=never)]
    observe(origin, sink)
    asyncio.run(scenario())
    [event] = events_of(sink)
    assert event.properties == {
        "system.failure": "CancelledError",
        "system.failure.description": "CancelledError",
        "system.stream": "partial",
    }


@pytest.mark.parametrize("failure", ["reset", "silent", "not the coding"])
def test_a_call_that_fails_raises_what_it_did_and_is_one_event(
    failure: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    answer = {
        "reset": CannedResponse(end="reset"),
        "silent": CannedResponse(hold=never),
        "not the coding": CannedResponse([b"no gzip"], headers={"content-encoding": "gzip"}),
    }[failure]
    limit = aiohttp.ClientTimeout(total=1 if failure == "silent" else 60)
    without, within = view_errors(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS["read"], timeout=limit))
    )
    assert within == without
    [event] = events_of(sink)
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert event.resource == "gpt-4.1"


def test_a_server_that_is_not_there_is_one_event(origin: Origin, sink: MemorySink) -> None:
    origin.shutdown()
    origin.refuse_connections()
    without, within = view_errors(origin, sink)(lambda: asyncio.run(post(origin.url, READERS["read"])))
    assert within == without
    assert within[0] is aiohttp.ClientConnectorError
    assert [event.http_status_code for event in events_of(sink)] == [299]


def test_a_status_that_is_raised_is_that_of_the_event(origin: Origin, sink: MemorySink) -> None:
    case, answer = RESPONSES["error"]
    without, within = view_errors(origin, sink, answer)(
        lambda: asyncio.run(post(origin.url, READERS["read"], raise_for_status=True))
    )
    assert within == without
    assert within[0] is aiohttp.ClientResponseError
    [event] = events_of(sink)
    assert event.http_status_code == case.status
    assert event.provider_response_headers
