"""What is left of calls that are cancelled, interrupted, left early, or overtaken by another call."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from urllib3.connectionpool import HTTPConnectionPool

from payi_transport import MemorySink, get_context, payi_instrument
from tests.contract.bedrock import CLIENTS, call, make_response
from tests.contract.bedrock_results import ENDPOINT, UNARY, WAITING, go_through, run
from tests.contract.bedrock_results import STREAM as CONVERSE_STREAM
from tests.contract.calls import hold_open
from tests.contract.clients import result
from tests.contract.responses import PATH, REQUEST
from tests.contract.results import ACCEPTED, RESULT
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM
from tests.support.wire_cases import UNARY as CHAT

AIOHTTP = next(client for client in CLIENTS if client.name == "aiobotocore-aiohttp")


def map_host(origin: Origin, category: str = "system.openai", **config: Any) -> Any:
    return {"host_mappings": {origin.netloc: {"price_as_category": category}}, **config}


def test_a_task_that_is_cancelled_while_it_reads_a_stream_is_a_failure(
    origin: Origin, sink: MemorySink
) -> None:
    payi_instrument(sink=sink, config=map_host(origin))

    async def main() -> None:
        arrived = asyncio.Event()

        async def read() -> None:
            async with httpx.AsyncClient() as client, client.stream("POST", origin.url + PATH) as response:
                async for _ in response.aiter_raw():
                    arrived.set()

        task = asyncio.create_task(read())
        await arrived.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    with hold_open() as hold:
        origin.responses = [CannedResponse(STREAM.chunks(), headers=STREAM.headers, hold=hold)]
        asyncio.run(main())
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == "CancelledError"
    assert event.properties["system.stream"] == "partial"


def test_a_sync_stream_that_ends_after_another_call_leaves_its_own_result(
    origin: Origin, payi: Origin
) -> None:
    other = {**RESULT, "request_id": "r-2"}
    origin.responses = [
        CannedResponse(STREAM.chunks(), headers=STREAM.headers),
        CannedResponse(CHAT.chunks(), headers=CHAT.headers),
    ]
    payi.responses = [
        CannedResponse([json.dumps({"request_id": "r-2", "xproxy_result": other}).encode()]),
        ACCEPTED,
    ]
    payi_instrument(config=map_host(origin, delivery={"mode": "inline"}))
    with httpx.Client() as client:
        with client.stream("POST", origin.url + PATH, json=REQUEST) as response:
            client.post(origin.url + PATH, json=REQUEST)
            assert get_context().get("last_result") == other
            response.read()
        assert get_context().get("last_result") == RESULT


def test_leaving_a_stream_of_bedrock_early_shows_no_event_that_was_held_back(payi: Origin) -> None:
    metadata = CONVERSE_STREAM.chunks()[-1]
    go_through(payi, make_response(CONVERSE_STREAM, chunks=[metadata, metadata, metadata]))

    async def leave(opened: Any) -> Any:
        answer = await call(opened, CONVERSE_STREAM)
        events = aiter(answer["stream"])
        first = await anext(events)
        # The next event is held back, as it may be the last. A generator that yields it now is an error.
        await events.aclose()
        await result(answer["stream"].close())
        return first

    assert "metadata" in run(AIOHTTP, ENDPOINT, leave)


def test_a_call_of_bedrock_that_is_interrupted_is_an_event_and_the_next_call_another(
    origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.responses = [make_response(UNARY)]
    payi_instrument(sink=sink, config=map_host(origin, "system.aws.bedrock"))

    def interrupt(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    async def call_twice(opened: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(HTTPConnectionPool, "urlopen", interrupt)
            with pytest.raises(KeyboardInterrupt):
                await call(opened, UNARY)
        await call(opened, UNARY)

    run(WAITING[0], origin.url, call_twice)
    failed, done = events_of(sink)
    assert failed.properties is not None
    assert (failed.http_status_code, failed.properties["system.failure"]) == (299, "KeyboardInterrupt")
    assert (done.http_status_code, shown(done, ["units"])["units"]) == (200, UNARY.event["units"])


def test_a_call_through_the_proxy_asks_for_the_coding_that_its_client_asks_for(payi: Origin) -> None:
    payi.responses = [CannedResponse(CHAT.chunks(), headers=CHAT.headers)]
    payi_instrument(config={"proxy": True})
    with httpx.Client(headers={"accept-encoding": "gzip"}) as client:
        client.post(f"https://api.openai.com{PATH}", json=REQUEST)
    assert [received.headers["accept-encoding"] for received in payi.received] == ["gzip"]
