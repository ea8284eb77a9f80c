"""What Pay-i says of a stream of Bedrock: an item of its last event."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from botocore.eventstream import EventStream
from botocore.exceptions import EventStreamError

from payi_transport import payi_flush, payi_stats
from tests.contract.bedrock import CLIENTS, BedrockClient, call, make_response
from tests.contract.bedrock_results import BEDROCK, ENDPOINT, STREAM, WAITING, go_through, instrument, run
from tests.contract.clients import each, result
from tests.contract.results import RESULT
from tests.support.eventstream import write_stream
from tests.support.origin import Origin
from tests.support.wire_cases import WireCase

CHUNKS = BEDROCK["nova_stream"]
BROKEN = BEDROCK["anthropic_stream_model_error"]
AIOHTTP = next(client for client in CLIENTS if client.name == "aiobotocore-aiohttp")


async def read_stream(response: Any) -> list[Any]:
    stream = response.get("stream") or response.get("body")
    assert isinstance(stream, EventStream)
    assert type(stream).__name__ in ("EventStream", "AioEventStream")
    return [event async for event in each(stream)]


@pytest.mark.parametrize("case", [STREAM, CHUNKS], ids=lambda case: case.name)
def test_the_last_event_of_a_stream_has_it_if_asked_for(case: WireCase, origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(case)]

    async def scenario(opened: Any) -> list[Any]:
        return await read_stream(await call(opened, case))

    plain = run(WAITING[0], origin.url, scenario)
    instrument(origin, add_streaming_xproxy_result=True)
    *events, last = run(WAITING[0], origin.url, scenario)
    assert last.pop("xproxy_result") == RESULT
    assert [*events, last] == plain
    assert payi_stats().delivered == 1


@pytest.mark.parametrize(("mode", "adds"), [("inline", False), ("bulk", True)])
def test_streams_are_left_alone_otherwise(mode: str, adds: bool, origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(origin, mode, add_streaming_xproxy_result=adds)

    async def scenario(opened: Any) -> tuple[type, list[Any]]:
        response = await call(opened, STREAM)
        return type(response["stream"]), [response, *await read_stream(response)]

    cls, seen = run(WAITING[0], origin.url, scenario)
    assert cls is EventStream
    assert not [item for item in seen if "xproxy_result" in item]


def test_a_stream_goes_on_where_it_was_left(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> list[Any]:
        stream = (await call(opened, STREAM))["stream"]
        seen = []
        for event in stream:
            seen.append(event)
            break
        return [*seen, *stream, *stream]

    events = run(WAITING[0], origin.url, scenario)
    assert len(events) == len(STREAM.chunks())
    assert events[-1]["xproxy_result"] == RESULT


def test_a_stream_can_be_closed_early(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> Any:
        stream = (await call(opened, STREAM))["stream"]
        first = next(iter(stream))
        stream.close()
        return first

    assert run(WAITING[0], origin.url, scenario) == {"messageStart": {"role": "assistant"}}
    assert payi_flush(10)
    (reported,) = payi.received
    assert json.loads(reported.body)["properties"]["system.stream"] == "partial"


START, *_, METADATA = STREAM.chunks()
ERROR = BROKEN.chunks()[-1]


@pytest.mark.parametrize("proxied", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("chunks", "shown", "fails"),
    [
        ([METADATA, START, METADATA], ["metadata", "messageStart", "metadata"], False),
        ([START], ["messageStart"], False),
        ([START, METADATA, ERROR], ["messageStart", "metadata"], True),
        ([START, ERROR], ["messageStart"], True),
    ],
    ids=["not-the-last", "without", "error", "error-without"],
)
def test_every_event_is_shown_in_its_order_ahead_of_an_error(
    chunks: list[bytes], shown: list[str], fails: bool, proxied: bool, origin: Origin, payi: Origin
) -> None:
    response = make_response(STREAM, chunks=chunks)
    seen: list[Any] = []

    async def scenario(opened: Any) -> None:
        stream = (await call(opened, STREAM))["stream"]
        raises = pytest.raises(EventStreamError) if fails else contextlib.nullcontext()
        with raises:
            async for event in each(stream):
                seen.append(event)  # noqa: PERF401
        await result(stream.close())

    if proxied:
        go_through(payi, response)
        run(AIOHTTP, ENDPOINT, scenario)
    else:
        origin.responses = [response]
        instrument(origin, add_streaming_xproxy_result=True)
        run(WAITING[0], origin.url, scenario)
    assert [next(iter(event)) for event in seen] == shown
    whole = not proxied and not fails and shown[-1] == "metadata"
    assert ["xproxy_result" in event for event in seen] == [False] * (len(shown) - 1) + [whole]


PROXIED = [client for client in CLIENTS if client.name in ("boto3.client", "aiobotocore-aiohttp")]
each_proxied = pytest.mark.parametrize("client", PROXIED, ids=lambda client: client.name)


@each_proxied
def test_what_the_proxy_says_in_a_streams_last_event_is_in_that_event(
    client: BedrockClient, payi: Origin
) -> None:
    usage = {"inputTokens": 14, "outputTokens": 26, "totalTokens": 40}
    last = write_stream([("metadata", {"usage": usage, "xproxy_result": RESULT})])
    go_through(payi, make_response(STREAM, chunks=[*STREAM.chunks()[:-1], *last]))

    async def scenario(opened: Any) -> list[Any]:
        return await read_stream(await call(opened, STREAM))

    *events, end = run(client, ENDPOINT, scenario)
    assert (len(events), end["xproxy_result"]) == (len(STREAM.chunks()) - 1, RESULT)
    assert not [event for event in events if "xproxy_result" in event]
