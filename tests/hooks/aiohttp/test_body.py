"""Recording what a reader of aiohttp receives: its chunks, however the caller reads, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.hooks.aiohttp.body import record_body
from tests.support.exchanges import make_request
from tests.support.garbage import collect_garbage


def record(scenario: Callable[[StreamReader], Awaitable[Any]], *received: bytes) -> list[Exchange]:
    """Record a reader that has received some chunks already, and run a scenario on it."""
    ended: list[Exchange] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader = StreamReader(BaseProtocol(loop), limit=1 << 16, loop=loop)
        for chunk in received:
            reader.feed_data(chunk)
        record_body(reader, make_request(ended.append).start_response(200, ()))
        await scenario(reader)

    asyncio.run(main())
    return ended


def test_chunks_from_before_and_after_are_recorded_and_read_as_usual() -> None:
    async def read(reader: StreamReader) -> None:
        reader.feed_data(b"two")
        assert await reader.read(4) == b"onet"
        reader.feed_data(b"three")
        reader.feed_eof()
        assert await reader.read() == b"wothree"

    [exchange] = record(read, b"one")
    assert (exchange.outcome, exchange.chunks) == (Outcome.EXHAUSTED, [b"one", b"two", b"three"])


def test_a_body_that_has_arrived_whole_is_recorded_at_once() -> None:
    ended: list[Exchange] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader = StreamReader(BaseProtocol(loop), limit=1 << 16, loop=loop)
        reader.feed_data(b"whole")
        reader.feed_eof()
        record_body(reader, make_request(ended.append).start_response(200, ()))
        assert ended[0].chunks == [b"whole"]
        assert await reader.read() == b"whole"

    asyncio.run(main())


def test_callbacks_of_others_still_run_at_the_end() -> None:
    ran: list[str] = []

    async def end(reader: StreamReader) -> None:
        reader.on_eof(lambda: ran.append("theirs"))
        reader.feed_eof()

    [exchange] = record(end)
    assert ran == ["theirs"]
    assert exchange.outcome is Outcome.EXHAUSTED


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(aiohttp.ClientPayloadError("cut"), Outcome.FAILED), (aiohttp.ClientConnectionError(), Outcome.CLOSED)],
)
def test_a_reader_ends_with_an_error_or_because_it_was_closed(error: Exception, outcome: Outcome) -> None:
    async def end(reader: StreamReader) -> None:
        reader.set_exception(error)

    [exchange] = record(end, b"one")
    assert (exchange.outcome, exchange.chunks) == (outcome, [b"one"])


@pytest.mark.parametrize("reason", [TimeoutError("slow"), asyncio.CancelledError()], ids=repr)
def test_a_response_closed_for_a_timeout_or_a_cancellation_failed_for_that(reason: BaseException) -> None:
    async def end(reader: StreamReader) -> None:
        try:
            raise reason
        except BaseException:
            reader.set_exception(aiohttp.ClientConnectionError("Connection closed"))

    [exchange] = record(end)
    assert exchange.outcome is Outcome.FAILED
    assert exchange.error == (type(reason).__name__, str(reason))


def test_a_reader_that_is_dropped_abandons_its_call() -> None:
    async def drop(reader: StreamReader) -> None:
        reader.feed_data(b"one")

    ended = record(drop)
    collect_garbage()
    [exchange] = ended
    assert (exchange.outcome, exchange.chunks) == (Outcome.ABANDONED, [b"one"])
