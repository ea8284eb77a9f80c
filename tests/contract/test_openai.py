"""The real OpenAI SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from payi_transport import MemorySink, payi_uninstrument
from tests.contract.calls import instrument, make_response, run
from tests.contract.clients import SETUPS, Setup, entered, result
from tests.contract.openai_calls import QUESTION, every_setup, replay
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES, UNARY, WireCase, by_name

CHATS = [case for case in CASES if case.name.startswith("openai/chat")]
COMPATIBLE = [case for case in CASES if case.name.startswith("compatible/") and "resource" not in case.route]


@every_setup
@pytest.mark.parametrize("case", CHATS, ids=lambda case: case.name)
def test_a_recorded_call_looks_the_same_with_and_without_the_library(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink)
    within = run(setup, origin.url, lambda client: replay(client, case))
    collect_garbage()
    [event] = events_of(sink)
    assert within == without
    expected = case.mapped_event
    if expected.get("properties", {}).keys() >= {"system.stream", "system.units"}:
        # An SDK leaves a stream that is cut before its end, which explains that there is no usage.
        expected = {**expected, "properties": {"system.stream": "partial"}}
    assert shown(event, expected) == expected
    assert origin.received[0].body == origin.received[1].body
    assert event.provider_request_json == origin.received[1].body.decode()
    assert event.provider_uri == f"{origin.url}/v1/chat/completions"


@pytest.mark.parametrize("setup", SETUPS[:2], ids=lambda setup: setup.name)
@pytest.mark.parametrize("case", COMPATIBLE, ids=lambda case: case.name)
def test_a_mapped_host_is_seen_alike_and_priced_as_its_mapping_says(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, lambda client: replay(client, case))
    instrument(setup, origin, sink, category=case.route["category"])
    within = run(setup, origin.url, lambda client: replay(client, case))
    [event] = events_of(sink)
    assert within == without
    assert shown(event, case.mapped_event) == case.mapped_event


@every_setup
def test_raw_and_streaming_responses_work_and_are_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(UNARY)]
    instrument(setup, origin, sink)

    async def scenario(client: Any) -> None:
        completions = client.chat.completions
        raw = await result(completions.with_raw_response.create(model="gpt-4.1", messages=QUESTION))
        assert (await result(raw.parse())).usage.total_tokens == 29
        assert raw.http_request.content and raw.elapsed.total_seconds() > 0
        manager = completions.with_streaming_response.create(model="gpt-4.1", messages=QUESTION)
        async with entered(manager) as response:
            assert await result(response.read()) == UNARY.response

    run(setup, origin.url, scenario)
    first, second = events_of(sink)
    assert first.units == second.units
    assert shown(first, UNARY.mapped_event) == UNARY.mapped_event


@every_setup
def test_redirects_are_followed_and_only_the_last_response_is_an_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    moved = CannedResponse(
        status=307, headers={"location": "/v1/moved/chat/completions", "content-type": "text/html"}
    )
    origin.responses = [moved, make_response(UNARY)]
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
    origin.responses = [make_response(UNARY)]
    client = setup.client(origin.url) if order == "before" else None
    instrument(setup, origin, sink)
    client = client or setup.client(origin.url)
    client.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    assert len(events_of(sink)) == 1
    client.close()


def test_a_tool_loop_goes_on_with_the_message_object(origin: Origin, sink: MemorySink) -> None:
    setup = SETUPS[0]
    origin.responses = [make_response(by_name["openai/chat_tools"]), make_response(UNARY)]
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
