"""The real Anthropic SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pydantic
import pytest

from payi_transport import MemorySink
from tests.contract.anthropic_calls import (
    QUESTION,
    STREAM,
    TEXT,
    UNARY,
    by_name,
    either_side,
    every_setup,
    replay,
)
from tests.contract.anthropic_clients import HOSTS, Host, Setup
from tests.contract.calls import instrument, make_response, run
from tests.contract.clients import each, entered, result
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES, WireCase

OWN = [case for case in CASES if case.route.get("category") == "system.anthropic"]


@either_side
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_a_recorded_call_looks_the_same_with_and_without_the_library(
    setup: Setup, case: WireCase, beta: bool, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, lambda client: replay(client, case, beta))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, case, beta))
    [event] = events_of(sink)
    expected = {name: value for name, value in case.mapped_event.items() if name != "provider_request_json"}
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
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, case))
    collect_garbage()
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.mapped_event) == case.mapped_event
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
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category=case.route["category"])
    within = run(setup, origin.url, lambda client: replay(client, case))
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.mapped_event) == case.mapped_event
    assert event.provider_uri == origin.url + host.paths[case.streams]
    assert origin.received[0].body == origin.received[1].body
    assert not re.search(rb"sk-secret|AKIA|AWS4-HMAC", msgspec.json.encode(event))


class Weather(pydantic.BaseModel):
    place: str


# The beta of earlier versions warns of the argument that the later ones have kept.
@pytest.mark.filterwarnings("ignore:The 'output_format' parameter is deprecated:DeprecationWarning")
@either_side
@pytest.mark.parametrize("beta", [False, True], ids=["", "beta"])
def test_a_parsed_response_is_recorded(setup: Setup, beta: bool, origin: Origin, sink: MemorySink) -> None:
    body = UNARY.response.replace(TEXT.encode(), b'{\\"place\\":\\"Boston\\"}')
    origin.responses = [CannedResponse([body])]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> Any:
        messages = client.beta.messages if beta else client.messages
        return await result(messages.parse(**QUESTION, output_format=Weather))

    assert run(setup, origin.url, scenario).parsed_output == Weather(place="Boston")
    [event] = events_of(sink)
    assert shown(event, UNARY.mapped_event) == UNARY.mapped_event


@every_setup
def test_raw_and_streaming_responses_work_and_are_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(UNARY)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        raw = await result(client.messages.with_raw_response.create(**QUESTION))
        assert (await result(raw.parse())).usage.output_tokens == 13
        manager = client.messages.with_streaming_response.create(**QUESTION)
        async with entered(manager) as response:
            assert await result(response.read()) == UNARY.response

    run(setup, origin.url, scenario)
    first, second = events_of(sink)
    assert first.units == second.units
    assert shown(first, UNARY.mapped_event) == UNARY.mapped_event


@either_side
def test_a_tool_loop_goes_on_with_the_content_of_the_response(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(by_name["tools_unary"]), make_response(UNARY)]
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
    assert shown(first, by_name["tools_unary"].mapped_event) == by_name["tools_unary"].mapped_event
    assert shown(second, UNARY.repeated_event) == UNARY.repeated_event


@either_side
def test_counting_models_and_batches_are_not_recorded(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    batch = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "request_counts": {}}
    results = b'{"custom_id":"1","result":{"type":"succeeded","message":%b}}\n' % UNARY.response
    origin.responses = [
        CannedResponse([b'{"input_tokens":14}']),
        CannedResponse([b'{"data":[],"has_more":false}']),
        CannedResponse([json.dumps(batch).encode()]),
        CannedResponse(
            [json.dumps({**batch, "results_url": f"{origin.url}/v1/messages/batches/x/results"}).encode()]
        ),
        CannedResponse([results], headers={"content-type": "application/x-jsonl"}),
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
