"""Streams as the Anthropic SDK gives them, read to their end or left: each is one event."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio
import pytest

from payi_transport import MemorySink
from tests.contract.anthropic_calls import QUESTION, STREAM, TEXT, either_side, every_setup, open_stream
from tests.contract.anthropic_clients import SETUPS, Setup
from tests.contract.calls import hold_open, instrument, make_response, run
from tests.contract.clients import each, result
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin


@every_setup
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
def test_a_message_stream_read_twice_is_one_event(
    setup: Setup, beta: bool, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> Any:
        async with open_stream(client, beta) as stream:
            text = "".join([part async for part in each(stream.text_stream)])
            return text, await result(stream.get_final_message())

    text, message = run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert text == message.content[0].text == TEXT
    assert message.usage.output_tokens == 13
    assert shown(event, STREAM.event) == STREAM.event
    # What the SDK adds to a stream, like `text` events, is not of the provider's.
    assert len(event.provider_response_json or ()) == len(STREAM.chunks())
    assert event.provider_response_headers


@either_side
def test_taking_the_events_of_a_stream_one_by_one_is_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> list[str]:
        stream = await result(client.messages.create(**QUESTION, stream=True))
        kinds = []
        with contextlib.suppress(StopIteration, StopAsyncIteration):
            while True:
                event = anext(stream) if hasattr(stream, "__anext__") else next(stream)
                kinds.append((await result(event)).type)
        return kinds

    assert run(setup, origin.url, scenario)[-1] == "message_stop"
    [event] = events_of(sink)
    assert shown(event, STREAM.event) == STREAM.event


@either_side
def test_a_raw_stream_is_recorded(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> list[Any]:
        raw = await result(client.messages.with_raw_response.create(**QUESTION, stream=True))
        return [event.type async for event in each(await result(raw.parse()))]

    assert run(setup, origin.url, scenario)[-1] == "message_stop"
    [event] = events_of(sink)
    assert shown(event, STREAM.event) == STREAM.event


@either_side
@pytest.mark.parametrize("until", [1, 3, 4])
def test_leaving_a_stream_early_makes_a_partial_event(
    setup: Setup, until: int, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        stream = await result(client.messages.create(**QUESTION, stream=True))
        async with contextlib.aclosing(each(stream)) as events:
            for _ in range(until):
                await anext(events)
        await result(stream.close())

    with hold_open() as hold:
        origin.responses = [
            CannedResponse([b"".join(STREAM.chunks()[:6]), b""], headers=STREAM.headers, hold=hold)
        ]
        run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    assert event.units["text"].input == 25
    assert event.provider_response_id == STREAM.event["provider_response_id"]


@either_side
def test_leaving_a_message_stream_early_makes_a_partial_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        async with open_stream(client) as stream:
            async for _ in each(stream):
                break

    with hold_open() as hold:
        origin.responses = [CannedResponse(STREAM.chunks()[:1], headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    assert event.units["text"].input == 25


def test_a_cancelled_stream_is_a_partial_event(origin: Origin, sink: MemorySink) -> None:
    setup = SETUPS[1]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        async with open_stream(client) as stream:
            with anyio.CancelScope() as scope:
                async for _ in stream:
                    scope.cancel()

    with hold_open() as hold:
        origin.responses = [CannedResponse(STREAM.chunks()[:1], headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties and event.properties["system.stream"] == "partial"
