"""Calls with the OpenAI SDK that break, time out or are cancelled: each attempt is an event."""

from __future__ import annotations

from typing import Any

import anyio
import openai
import pytest

from payi_transport import MemorySink
from tests.contract.calls import hold_open, instrument, make_response, run
from tests.contract.clients import SETUPS, Setup, each, result
from tests.contract.openai_calls import every_setup, replay, stream_request
from tests.support.exchanges import events_of
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY

FAILURES = {
    "reset before the head": CannedResponse(end="reset"),
    "reset in the body": CannedResponse(UNARY.chunks(), end="reset"),
    "body cut": CannedResponse([UNARY.response[:50]], end="cut"),
}


@every_setup
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_broken_connection_reaches_the_caller_as_before_and_is_an_event(
    setup: Setup, failure: CannedResponse, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [failure]
    without = run(setup, origin.url, lambda client: replay(client, UNARY))
    instrument(setup, origin, sink)
    within = run(setup, origin.url, lambda client: replay(client, UNARY))
    [event] = events_of(sink)
    assert within == without
    assert issubclass(within[0], openai.APIConnectionError)
    assert event.properties and event.properties["system.failure"]
    assert event.http_status_code == (200 if failure.chunks else 299)


@every_setup
def test_a_refused_connection_is_an_event_with_status_299(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    instrument(setup, origin, sink)
    origin.refuse_connections()
    within = run(setup, origin.url, lambda client: replay(client, UNARY))
    [event] = events_of(sink)
    assert issubclass(within[0], openai.APIConnectionError)
    assert (event.http_status_code, event.resource, event.units) == (299, "gpt-4.1", {})
    assert event.properties and event.properties["system.failure"].startswith("Connect")


@every_setup
def test_a_timeout_is_an_event(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    instrument(setup, origin, sink)
    with hold_open() as hold:
        origin.responses = [CannedResponse(hold=hold)]
        within = run(setup, origin.url, lambda client: replay(client, UNARY), timeout=0.05)
    [event] = events_of(sink)
    assert within[0] is openai.APITimeoutError
    assert event.http_status_code == 299
    assert event.properties and "Timeout" in event.properties["system.failure"]


@pytest.mark.parametrize(
    "setup", [s for s in SETUPS if "async" in s.name or "trio" in s.name], ids=lambda s: s.name
)
@pytest.mark.parametrize("chunks", [[], STREAM.chunks()], ids=["before the head", "in the stream"])
def test_a_cancelled_call_is_an_event(
    setup: Setup, chunks: list[bytes], origin: Origin, sink: MemorySink
) -> None:
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        started = anyio.Event()

        async def call(scope: anyio.CancelScope) -> None:
            with scope:
                started.set()
                async for _ in each(await result(client.chat.completions.create(**stream_request()))):
                    started.set()

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(call, scope)
            await started.wait()
            while not origin.received:
                await anyio.sleep(0)
            scope.cancel()

    with hold_open() as hold:
        origin.responses = [CannedResponse(chunks, headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    collect_garbage()
    [event] = events_of(sink)
    assert event.http_status_code in (200, 299)
    assert event.properties and (
        "Cancelled" in event.properties.get("system.failure", "") or event.properties.get("system.stream")
    )


@every_setup
def test_each_attempt_of_the_sdk_is_an_event_with_its_number(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    busy = CannedResponse(
        [b"{}"], status=429, headers={"content-type": "application/json", "retry-after-ms": "1"}
    )
    origin.responses = [busy, busy, make_response(UNARY)]
    instrument(setup, origin, sink)
    run(setup, origin.url, lambda client: replay(client, UNARY), max_retries=3)
    statuses = [(e.http_status_code, (e.properties or {}).get("system.retry")) for e in events_of(sink)]
    assert statuses == [(429, None), (429, "1"), (200, "2")]
