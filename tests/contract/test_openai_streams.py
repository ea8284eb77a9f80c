"""Streams of the OpenAI SDK: usage is asked for unseen, and one that is left or not read is an event."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from payi_transport import MemorySink
from tests.contract.calls import instrument, make_response, run
from tests.contract.clients import SETUPS, Setup, each, result
from tests.contract.openai_calls import QUESTION, every_setup, stream_request
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, by_name


def _reading(**options: Any) -> Callable[[Any], Awaitable[list[Any]]]:
    """A scenario: ask for a stream, and read all of it."""

    async def scenario(client: Any) -> list[Any]:
        stream = client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True, **options)
        return [chunk async for chunk in each(await result(stream))]

    return scenario


@every_setup
def test_a_stream_is_asked_for_its_usage_and_the_caller_does_not_see_it(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, include_usage=True)

    chunks = run(setup, origin.url, _reading(stream_options={"include_obfuscation": False}))
    assert all(chunk.choices for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello! How can I help?"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}
    assert b'"stream_options":{"include_obfuscation":false,"include_usage":true}' in origin.received[0].body


OTHER_TYPES = ["text/plain; charset=utf-8", "application/octet-stream", "application/json", None]


@every_setup
@pytest.mark.parametrize("content_type", OTHER_TYPES)
def test_a_stream_under_another_content_type_is_one_as_it_is_for_the_sdk(
    setup: Setup, content_type: str | None, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [
        CannedResponse(
            STREAM.chunks(), headers={} if content_type is None else {"content-type": content_type}
        )
    ]
    instrument(setup, origin, sink, include_usage=True)

    chunks = run(setup, origin.url, _reading())
    assert all(chunk.choices for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello! How can I help?"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}
    assert event.properties is None
    assert event.time_to_first_token_ms is not None
    assert isinstance(event.provider_response_json, tuple)


@every_setup
def test_a_usage_chunk_that_the_caller_asked_for_is_shown(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, include_usage=True)

    chunks = run(setup, origin.url, _reading(stream_options={"include_usage": True}))
    assert chunks[-1].usage.total_tokens == 29
    assert len(events_of(sink)) == 1


@every_setup
def test_usage_on_a_content_chunk_is_never_hidden(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    case = by_name["openai/chat_stream_usage_on_last_content_chunk"]
    origin.responses = [make_response(case)]
    instrument(setup, origin, sink, include_usage=True)

    chunks = run(setup, origin.url, _reading())
    assert chunks[-1].choices[0].delta.content == " today"
    assert chunks[-1].choices[0].finish_reason == "stop"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": case.event["units"]}


@every_setup
def test_a_raw_stream_that_was_asked_for_usage_is_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, include_usage=True)

    async def scenario(client: Any) -> list[Any]:
        create = client.chat.completions.with_raw_response.create
        raw = await result(create(model="gpt-4.1", messages=QUESTION, stream=True))
        return [chunk async for chunk in each(await result(raw.parse()))]

    assert all(chunk.choices for chunk in run(setup, origin.url, scenario))
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}


@every_setup
def test_leaving_at_the_finish_reason_makes_a_partial_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [CannedResponse(STREAM.chunks()[:9], headers=STREAM.headers)]
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        stream = await result(client.chat.completions.create(**stream_request()))
        async with contextlib.aclosing(each(stream)) as chunks:
            async for chunk in chunks:
                if chunk.choices[0].delta.content == " How":
                    break
        await result(stream.close())

    run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    assert event.http_status_code == 200


@every_setup
def test_a_stream_that_nobody_reads_makes_an_event(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        stream = await result(client.chat.completions.create(**stream_request()))
        await result(stream.close())

    run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


def test_a_stream_that_is_only_dropped_makes_an_event(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(STREAM)]
    setup = SETUPS[0]
    instrument(setup, origin, sink)
    client = setup.client(origin.url)
    stream = client.chat.completions.create(**stream_request())
    next(iter(stream))
    del stream
    collect_garbage()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    client.close()
