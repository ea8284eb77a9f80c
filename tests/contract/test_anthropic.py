"""The real Anthropic SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import re
from typing import Any

import anthropic
import anyio
import msgspec
import pydantic
import pytest

from payi_transport import MemorySink
from tests.contract.anthropic_clients import HOSTS, SETUPS, Host, Setup
from tests.contract.calls import answer_of, events_of, held, instrument, run
from tests.contract.clients import each, entered, result
from tests.exchanges import shown
from tests.origin import Answer, Origin
from tests.wire_cases import CASES, WireCase

by_name = {case.name.removeprefix("anthropic/"): case for case in CASES}
UNARY, STREAM = by_name["message_unary"], by_name["message_stream"]
OWN = [case for case in CASES if case.route.get("category") == "system.anthropic"]
QUESTION: Any = {
    "model": "claude-haiku-4-5",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "What is the weather in Boston?"}],
}
TEXT = "Hello! How can I help?"

either_side = pytest.mark.parametrize("setup", SETUPS[:2], ids=lambda setup: setup.name)
every_setup = pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)


async def replay(client: Any, case: WireCase, beta: bool = False) -> Any:
    """Make the recorded request; what the caller sees of the answer, or the exception."""
    create = (client.beta.messages if beta else client.messages).create
    known = inspect.signature(create).parameters
    request = {"model": case.route.get("resource"), **json.loads(case.request)}
    # Bedrock's path says whether it is to stream.
    request |= {"stream": True} if case.streams else {}
    body = {name: value for name, value in request.items() if name not in known}
    options = {name: value for name, value in request.items() if name in known}
    try:
        answer = await result(create(**options, extra_body=body))
        if case.streams:
            return [event.model_dump(warnings=False) async for event in each(answer)]
        return answer.model_dump(warnings=False)
    except Exception as exc:
        return type(exc), str(exc), getattr(exc, "body", None), getattr(exc, "status_code", None)


@either_side
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_a_recorded_call_is_seen_alike_with_and_without_the_library(
    setup: Setup, case: WireCase, beta: bool, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(case)]
    without = run(setup, origin.url, lambda client: replay(client, case, beta))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, case, beta))
    [event] = events_of(sink)
    expected = {name: value for name, value in case.event.items() if name != "provider_request_json"}
    assert within == without
    assert shown(event, expected) == expected
    assert origin.received[0].body == origin.received[1].body
    assert event.provider_uri == f"{origin.url}/v1/messages"


@every_setup
@pytest.mark.parametrize(
    "case",
    [UNARY, STREAM, by_name["tools_stream"], by_name["error_529"], by_name["overloaded_in_stream"]],
    ids=lambda case: case.name,
)
def test_every_client_is_recorded_once(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, case))
    gc.collect()
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.event) == case.event
    assert event.provider_request_json == origin.received[1].body.decode()
    assert b"sk-secret" not in msgspec.json.encode(event)


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("kind", ["unary", "stream"])
def test_the_clients_for_other_hosts_are_recorded_as_of_these(
    host: Host, asynchronous: bool, kind: str, origin: Origin, sink: MemorySink
) -> None:
    [case] = [case for case in CASES if case.name == f"{host.case}_{kind}"]
    setup = host.setup(asynchronous)
    origin.answers = [answer_of(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category=case.route["category"])
    within = run(setup, origin.url, lambda client: replay(client, case))
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.event) == case.event
    assert event.provider_uri == origin.url + host.paths[case.streams]
    assert origin.received[0].body == origin.received[1].body
    assert not re.search(rb"sk-secret|AKIA|AWS4-HMAC", msgspec.json.encode(event))


# --- streams of the SDK's own


def open_stream(client: Any, beta: bool = False) -> contextlib.AbstractAsyncContextManager[Any]:
    """The stream of a message, as the SDK's helper gives it."""
    return entered((client.beta.messages if beta else client.messages).stream(**QUESTION))


@every_setup
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
def test_a_message_stream_read_twice_is_one_event(
    setup: Setup, beta: bool, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM)]
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
    origin.answers = [answer_of(STREAM)]
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


class Weather(pydantic.BaseModel):
    place: str


# The beta of earlier versions warns of the argument that the later ones have kept.
@pytest.mark.filterwarnings("ignore:The 'output_format' parameter is deprecated:DeprecationWarning")
@either_side
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
def test_a_parsed_answer_is_recorded(setup: Setup, beta: bool, origin: Origin, sink: MemorySink) -> None:
    body = UNARY.answer.replace(TEXT.encode(), b'{\\"place\\":\\"Boston\\"}')
    origin.answers = [Answer([body])]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> Any:
        messages = client.beta.messages if beta else client.messages
        return await result(messages.parse(**QUESTION, output_format=Weather))

    assert run(setup, origin.url, scenario).parsed_output == Weather(place="Boston")
    [event] = events_of(sink)
    assert shown(event, UNARY.event) == UNARY.event


@every_setup
def test_raw_and_streaming_responses_work_and_are_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(UNARY)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        raw = await result(client.messages.with_raw_response.create(**QUESTION))
        assert (await result(raw.parse())).usage.output_tokens == 13
        manager = client.messages.with_streaming_response.create(**QUESTION)
        async with entered(manager) as response:
            assert await result(response.read()) == UNARY.answer

    run(setup, origin.url, scenario)
    first, second = events_of(sink)
    assert first.units == second.units
    assert shown(first, UNARY.event) == UNARY.event


@either_side
def test_a_raw_stream_is_recorded(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> list[Any]:
        raw = await result(client.messages.with_raw_response.create(**QUESTION, stream=True))
        return [event.type async for event in each(await result(raw.parse()))]

    assert run(setup, origin.url, scenario)[-1] == "message_stop"
    [event] = events_of(sink)
    assert shown(event, STREAM.event) == STREAM.event


@either_side
def test_a_tool_loop_goes_on_with_the_content_of_the_answer(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(by_name["tools_unary"]), answer_of(UNARY)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> Any:
        first = await result(client.messages.create(**QUESTION))
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "18 °C"}
            for block in first.content
            if block.type == "tool_use"
        ]
        messages = [
            *QUESTION["messages"],
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": results},
        ]
        return await result(client.messages.create(**{**QUESTION, "messages": messages}))

    assert run(setup, origin.url, scenario).content[0].text == TEXT
    first, second = events_of(sink)
    assert shown(first, by_name["tools_unary"].event) == by_name["tools_unary"].event
    assert shown(second, UNARY.event) == UNARY.event


# --- what goes wrong


@either_side
@pytest.mark.parametrize("status", [429, 529])
def test_each_attempt_of_the_sdk_is_an_event_with_its_number(
    setup: Setup, status: int, origin: Origin, sink: MemorySink
) -> None:
    refused = by_name[f"error_{status}"]
    busy = Answer([refused.answer], status, {**refused.headers, "retry-after-ms": "1"})
    origin.answers = [busy, busy, answer_of(UNARY)]
    instrument(setup, origin, sink, category="system.anthropic")
    run(setup, origin.url, lambda client: replay(client, UNARY), max_retries=3)
    events = events_of(sink)
    statuses = [(e.http_status_code, (e.properties or {}).get("system.retry")) for e in events]
    assert statuses == [(status, None), (status, "1"), (200, "2")]
    assert [bool(event.units) for event in events] == [False, False, True]


@either_side
def test_a_message_stream_that_is_refused_when_it_is_opened_is_an_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    case = by_name["error_529"]
    origin.answers = [answer_of(case)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async with open_stream(client):
                raise AssertionError("it was opened")

    run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert shown(event, case.event) == case.event


@either_side
@pytest.mark.parametrize("until", [1, 3, 4])
def test_leaving_a_stream_early_makes_a_partial_event(
    setup: Setup, until: int, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        stream = await result(client.messages.create(**QUESTION, stream=True))
        async with contextlib.aclosing(each(stream)) as events:
            for _ in range(until):
                await anext(events)
        await result(stream.close())

    with held() as hold:
        origin.answers = [Answer([b"".join(STREAM.chunks()[:6]), b""], headers=STREAM.headers, hold=hold)]
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

    with held() as hold:
        origin.answers = [Answer(STREAM.chunks()[:1], headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}
    assert event.units["text"].input == 25


FAILURES = {
    "reset before the head": Answer(end="reset"),
    "reset in the body": Answer(UNARY.chunks(), end="reset"),
    "body cut": Answer([UNARY.answer[:50]], end="cut"),
    "no JSON": Answer([b"<html>"], headers={"content-type": "text/html"}),
}


@either_side
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_what_breaks_reaches_the_caller_as_before_and_is_an_event(
    setup: Setup, failure: Answer, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [failure]
    without = run(setup, origin.url, lambda client: replay(client, UNARY))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, UNARY))
    [event] = events_of(sink)
    assert within == without
    assert event.http_status_code == (200 if failure.chunks else 299)
    assert bool(event.units) is (failure.chunks == UNARY.chunks())
    assert ("system.failure" in (event.properties or {})) is (failure.end != "well")


def test_a_cancelled_stream_is_a_partial_event(origin: Origin, sink: MemorySink) -> None:
    setup = SETUPS[1]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        async with open_stream(client) as stream:
            with anyio.CancelScope() as scope:
                async for _ in stream:
                    scope.cancel()

    with held() as hold:
        origin.answers = [Answer(STREAM.chunks()[:1], headers=STREAM.headers, hold=hold)]
        run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert event.properties and event.properties["system.stream"] == "partial"


# --- what is no call


@either_side
def test_counting_models_and_batches_are_not_recorded(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    batch = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "request_counts": {}}
    results = b'{"custom_id":"1","result":{"type":"succeeded","message":%b}}\n' % UNARY.answer
    origin.answers = [
        Answer([b'{"input_tokens":14}']),
        Answer([b'{"data":[],"has_more":false}']),
        Answer([json.dumps(batch).encode()]),
        Answer(
            [json.dumps({**batch, "results_url": f"{origin.url}/v1/messages/batches/x/results"}).encode()]
        ),
        Answer([results], headers={"content-type": "application/x-jsonl"}),
    ]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        counted = {name: QUESTION[name] for name in ("model", "messages")}
        assert (await result(client.messages.count_tokens(**counted))).input_tokens == 14
        assert [model async for model in each(await result(client.models.list()))] == []
        batches = client.messages.batches
        await result(batches.create(requests=[{"custom_id": "1", "params": QUESTION}]))
        assert len([row async for row in each(await result(batches.results("msgbatch_1")))]) == 1

    run(setup, origin.url, scenario)
    assert len(origin.received) == 5
    assert events_of(sink) == []
