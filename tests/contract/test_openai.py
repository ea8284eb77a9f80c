"""The real OpenAI SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

import contextlib
import gc
import json
from typing import Any

import anyio
import httpx
import httpx2
import openai
import pytest

from payi_transport import MemorySink, payi_uninstrument
from tests.contract.calls import answer_of, events_of, held, instrument, run
from tests.contract.clients import SETUPS, Setup, each, entered, result
from tests.exchanges import shown
from tests.origin import Answer, Origin
from tests.wire_cases import CASES, WireCase

by_name = {case.name: case for case in CASES}
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
QUESTION: list[Any] = [{"role": "user", "content": "What is the weather in Boston?"}]

CHATS = [case for case in CASES if case.name.startswith("openai/chat")]
COMPATIBLE = [case for case in CASES if case.name.startswith("compatible/") and "resource" not in case.route]

every_setup = pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)


async def replay(client: Any, case: WireCase) -> Any:
    """Make the recorded request; what the caller sees of the answer, or the exception."""
    request = json.loads(case.request)
    try:
        answer = await result(client.chat.completions.create(**request))
        if case.streams:
            return [chunk.model_dump() async for chunk in each(answer)]
        return answer.model_dump() if hasattr(answer, "model_dump") else answer
    except Exception as exc:
        return type(exc), str(exc), getattr(exc, "body", None), getattr(exc, "status_code", None)


@every_setup
@pytest.mark.parametrize("case", CHATS, ids=lambda case: case.name)
def test_a_recorded_call_is_seen_alike_with_and_without_the_library(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink)
    within = run(setup, origin.url, lambda client: replay(client, case))
    gc.collect()
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.event) == case.event
    assert origin.received[0].body == origin.received[1].body
    assert event.provider_request_json == origin.received[1].body.decode()
    assert event.provider_uri == f"{origin.url}/v1/chat/completions"


@pytest.mark.parametrize("setup", SETUPS[:2], ids=lambda setup: setup.name)
@pytest.mark.parametrize("case", COMPATIBLE, ids=lambda case: case.name)
def test_a_mapped_host_is_seen_alike_and_priced_as_its_mapping_says(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category=case.route["category"])
    within = run(setup, origin.url, lambda client: replay(client, case))
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.event) == case.event


@every_setup
def test_a_stream_is_asked_for_its_usage_and_the_caller_does_not_see_it(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(setup, origin, sink, include_usage=True)

    async def scenario(client: Any) -> list[Any]:
        create = client.chat.completions.create
        stream = create(
            model="gpt-4.1", messages=QUESTION, stream=True, stream_options={"include_obfuscation": False}
        )
        return [chunk async for chunk in each(await result(stream))]

    chunks = run(setup, origin.url, scenario)
    assert all(chunk.choices for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello! How can I help?"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}
    assert b'"stream_options":{"include_obfuscation":false,"include_usage":true}' in origin.received[0].body


@every_setup
def test_a_usage_chunk_that_the_caller_asked_for_is_shown(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(setup, origin, sink, include_usage=True)

    async def scenario(client: Any) -> list[Any]:
        create = client.chat.completions.create
        stream = create(
            model="gpt-4.1", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        return [chunk async for chunk in each(await result(stream))]

    chunks = run(setup, origin.url, scenario)
    assert chunks[-1].usage.total_tokens == 29
    assert len(events_of(sink)) == 1


@every_setup
def test_usage_on_a_content_chunk_is_never_hidden(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    case = by_name["openai/chat_stream_usage_on_last_content_chunk"]
    origin.answers = [answer_of(case)]
    instrument(setup, origin, sink, include_usage=True)

    async def scenario(client: Any) -> list[Any]:
        stream = client.chat.completions.create(model="gpt-4.1", messages=QUESTION, stream=True)
        return [chunk async for chunk in each(await result(stream))]

    chunks = run(setup, origin.url, scenario)
    assert chunks[-1].choices[0].delta.content == " today"
    assert chunks[-1].choices[0].finish_reason == "stop"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": case.event["units"]}


@every_setup
def test_raw_and_streaming_responses_work_and_are_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(UNARY)]
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        completions = client.chat.completions
        raw = await result(completions.with_raw_response.create(model="gpt-4.1", messages=QUESTION))
        assert (await result(raw.parse())).usage.total_tokens == 29
        assert raw.http_request.content and raw.elapsed.total_seconds() > 0
        manager = completions.with_streaming_response.create(model="gpt-4.1", messages=QUESTION)
        async with entered(manager) as response:
            assert await result(response.read()) == UNARY.answer

    run(setup, origin.url, scenario)
    first, second = events_of(sink)
    assert first.units == second.units
    assert shown(first, UNARY.event) == UNARY.event


@every_setup
def test_a_raw_stream_that_was_asked_for_usage_is_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM)]
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
    origin.answers = [Answer(STREAM.chunks()[:9], headers=STREAM.headers)]
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


def stream_request() -> dict[str, Any]:
    return {
        "model": "gpt-4.1",
        "messages": QUESTION,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@every_setup
def test_a_stream_that_nobody_reads_makes_an_event(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        stream = await result(client.chat.completions.create(**stream_request()))
        await result(stream.close())

    run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


def test_a_stream_that_is_only_dropped_makes_an_event(origin: Origin, sink: MemorySink) -> None:
    origin.answers = [answer_of(STREAM)]
    setup = SETUPS[0]
    instrument(setup, origin, sink)
    client = setup.client(origin.url)
    stream = client.chat.completions.create(**stream_request())
    next(iter(stream))
    del stream
    gc.collect()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    client.close()


FAILURES = {
    "reset before the head": Answer(end="reset"),
    "reset in the body": Answer(UNARY.chunks(), end="reset"),
    "body cut": Answer([UNARY.answer[:50]], end="cut"),
}


@every_setup
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_broken_connection_reaches_the_caller_as_before_and_is_an_event(
    setup: Setup, failure: Answer, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [failure]
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
    origin.server_close()
    within = run(setup, origin.url, lambda client: replay(client, UNARY))
    [event] = events_of(sink)
    assert issubclass(within[0], openai.APIConnectionError)
    assert (event.http_status_code, event.resource, event.units) == (299, "gpt-4.1", {})
    assert event.properties and event.properties["system.failure"].startswith("Connect")


@every_setup
def test_a_timeout_is_an_event(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    instrument(setup, origin, sink)
    with held() as hold:
        origin.answers = [Answer(hold=hold)]
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
        begun = anyio.Event()

        async def call(scope: anyio.CancelScope) -> None:
            with scope:
                begun.set()
                async for _ in each(await result(client.chat.completions.create(**stream_request()))):
                    begun.set()

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(call, scope)
            await begun.wait()
            while not origin.received:
                await anyio.sleep(0)
            scope.cancel()

    with held() as hold:
        origin.answers = [Answer(chunks, headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    gc.collect()
    [event] = events_of(sink)
    assert event.http_status_code in (200, 299)
    assert event.properties and (
        "Cancelled" in event.properties.get("system.failure", "") or event.properties.get("system.stream")
    )


@every_setup
def test_each_attempt_of_the_sdk_is_an_event_with_its_number(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    busy = Answer([b"{}"], status=429, headers={"content-type": "application/json", "retry-after-ms": "1"})
    origin.answers = [busy, busy, answer_of(UNARY)]
    instrument(setup, origin, sink)
    run(setup, origin.url, lambda client: replay(client, UNARY), max_retries=3)
    statuses = [(e.http_status_code, (e.properties or {}).get("system.retry")) for e in events_of(sink)]
    assert statuses == [(429, None), (429, "1"), (200, "2")]


@every_setup
def test_redirects_are_followed_and_only_the_answer_is_an_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    moved = Answer(
        status=307, headers={"location": "/v1/moved/chat/completions", "content-type": "text/html"}
    )
    origin.answers = [moved, answer_of(UNARY)]
    instrument(setup, origin, sink)
    run(setup, origin.url, lambda client: replay(client, UNARY))
    assert all(event.http_status_code == 200 for event in events_of(sink))


def test_putting_the_hooks_back_leaves_no_trace(origin: Origin, sink: MemorySink) -> None:
    classes: list[Any] = [httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient]
    before = [vars(cls)["_send_single_request"] for cls in classes]
    instrument(SETUPS[0], origin, sink)
    assert all(vars(cls)["_send_single_request"] is not was for cls, was in zip(classes, before, strict=True))
    payi_uninstrument()
    assert [vars(cls)["_send_single_request"] for cls in classes] == before


@pytest.mark.parametrize("order", ["before", "after"])
def test_clients_made_before_and_after_are_both_recorded(
    order: str, origin: Origin, sink: MemorySink
) -> None:
    setup = SETUPS[0]
    origin.answers = [answer_of(UNARY)]
    client = setup.client(origin.url) if order == "before" else None
    instrument(setup, origin, sink)
    client = client or setup.client(origin.url)
    client.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    assert len(events_of(sink)) == 1
    client.close()


def test_a_tool_loop_goes_on_with_the_message_object(origin: Origin, sink: MemorySink) -> None:
    setup = SETUPS[0]
    origin.answers = [answer_of(by_name["openai/chat_tools"]), answer_of(UNARY)]
    instrument(setup, origin, sink)
    client = setup.client(origin.url)
    messages = list(QUESTION)
    first = client.chat.completions.create(model="gpt-4.1", messages=messages)
    messages.append(first.choices[0].message)
    client.chat.completions.create(model="gpt-4.1", messages=messages)
    events = events_of(sink)
    assert [event.http_status_code for event in events] == [200, 200]
    assert events[0].provider_response_function_calls
    client.close()
