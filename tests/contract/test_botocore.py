"""Bedrock's SDKs against a server that checks signatures: callers see what they did, and events are right."""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from botocore.exceptions import ClientError

from payi_transport import Event, MemorySink, payi_instrument, payi_stats
from payi_transport.decode.inline_data import strip_inline_data
from tests.contract.bedrock import CLIENTS, BedrockClient, call, is_known, make_response, replay
from tests.contract.clients import each, result
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin, serve
from tests.support.sigv4 import is_signed
from tests.support.wire_cases import CASES, WireCase

BEDROCK = {
    case.name.removeprefix("bedrock/"): case
    for case in CASES
    if case.name.startswith("bedrock/") and is_known(case)
}
UNARY, STREAM, INVOKE = BEDROCK["converse_unary"], BEDROCK["converse_stream"], BEDROCK["anthropic_unary"]
THROTTLED, EXPIRED = BEDROCK["error_throttling"], BEDROCK["error_expired_token"]
BROKEN = BEDROCK["anthropic_stream_model_error"]
SOME = [UNARY, STREAM, INVOKE, BEDROCK["nova_stream"], BEDROCK["apply_guardrail"], EXPIRED]

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
# A hook each: urllib3, aiohttp.
each_stack = pytest.mark.parametrize(
    "client",
    [client for client in CLIENTS if client.name in ("boto3.client", "aiobotocore-aiohttp")],
    ids=lambda client: client.name,
)


def run(client: BedrockClient, url: str, scenario: Callable[[Any], Awaitable[Any]], **config: Any) -> Any:
    """What a scenario makes of a client."""

    async def main() -> Any:
        async with client.open(url, **config) as opened:
            return await scenario(opened)

    return anyio.run(main)


def instrument(origin: Origin, sink: MemorySink, **more: Any) -> None:
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.aws.bedrock"}}, **more}
    payi_instrument(sink=sink, config=config)


def collect_events(sink: MemorySink) -> list[Event]:
    collect_garbage()
    return events_of(sink)


def compare(client: BedrockClient, case: WireCase, origin: Origin, sink: MemorySink) -> None:
    """A recorded call is seen alike with and without the library, and its event is the expected one."""
    origin.responses = [make_response(case)]
    without = run(client, origin.url, lambda opened: replay(opened, case))
    # What is sent must not change but for the trace of a guardrail, which has tests of its own.
    instrument(origin, sink, aws_config={"guardrail_trace": False})
    within = run(client, origin.url, lambda opened: replay(opened, case))
    [event] = collect_events(sink)
    assert within == without
    assert shown(event, case.mapped_event) == case.mapped_event
    assert [request.body for request in origin.received] == [origin.received[0].body] * 2
    assert event.provider_request_json == strip_inline_data(origin.received[1].body).decode()
    assert is_signed(origin.received[1])


@each_stack
@pytest.mark.parametrize("case", BEDROCK.values(), ids=BEDROCK)
def test_a_recorded_call_looks_the_same_with_and_without_the_library(
    client: BedrockClient, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    compare(client, case, origin, sink)


@pytest.mark.parametrize(
    ("client", "case"),
    [(client, case) for case in SOME for client in CLIENTS if client.reads_events or not case.streams],
    ids=lambda value: value.name,
)
def test_however_a_client_is_made_its_calls_are_recorded_once(
    client: BedrockClient, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    compare(client, case, origin, sink)


@every_client
def test_clients_made_before_and_two_of_a_kind_are_recorded_once(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(UNARY)]

    async def scenario(before: Any) -> None:
        instrument(origin, sink)
        await replay(before, UNARY)
        async with client.open(origin.url) as after, client.open(origin.url) as again:
            await replay(after, UNARY)
            await replay(again, UNARY)

    run(client, origin.url, scenario)
    assert [shown(event, UNARY.mapped_event) for event in collect_events(sink)] == [UNARY.mapped_event] * 3
    assert len(origin.received) == 3


@every_client
def test_no_credential_is_recorded(client: BedrockClient, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [make_response(UNARY)]
    asked = ["x-amz-date", "amz-sdk-request"]
    instrument(origin, sink, capture={"request_headers": asked})
    run(client, origin.url, lambda opened: replay(opened, UNARY))
    [event] = collect_events(sink)
    names = {header.name for header in event.provider_request_headers or ()}
    assert names >= {"user-agent", *asked}
    assert "authorization" in origin.received[0].headers
    assert not names & {"authorization", "x-amz-security-token"}
    assert "secret" not in repr(event)


@each_stack
def test_each_attempt_is_an_event_with_its_number(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(THROTTLED), make_response(UNARY)]
    instrument(origin, sink)
    retries = {"retries": {"total_max_attempts": 3, "mode": "standard"}}
    seen = run(client, origin.url, lambda opened: replay(opened, UNARY), **retries)
    assert seen["ResponseMetadata"]["RetryAttempts"] == 1
    attempts = [(event.http_status_code, event.properties or {}) for event in collect_events(sink)]
    assert [(status, properties.get("system.retry")) for status, properties in attempts] == [
        (429, None),
        (200, "1"),
    ]
    assert attempts[0][1]["provider.error.type"] == "ThrottlingException"
    assert all(is_signed(request) for request in origin.received)


@each_stack
def test_an_expired_token_is_the_sdks_own_exception(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(EXPIRED)]
    instrument(origin, sink)
    with pytest.raises(ClientError) as raised:
        run(client, origin.url, lambda opened: call(opened, EXPIRED))
    assert raised.value.response["Error"]["Code"] == "ExpiredTokenException"
    [event] = collect_events(sink)
    assert event.http_status_code == 403
    assert shown(event, EXPIRED.mapped_event) == EXPIRED.mapped_event


@each_stack
def test_an_error_in_mid_stream_is_the_sdks_own_exception_after_what_was_sent(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(BROKEN)]
    instrument(origin, sink)
    seen = run(client, origin.url, lambda opened: replay(opened, BROKEN))
    *events, (raised, text, _) = seen["body"]
    assert len(events) == len(BROKEN.chunks()) - 1
    assert raised == "EventStreamError"
    assert "modelStreamErrorException" in text
    [event] = collect_events(sink)
    assert shown(event, ["units"]) == {"units": BROKEN.event["units"]}
    assert event.properties is not None
    assert event.properties["system.failure"] == "modelStreamErrorException"


FAILURES: dict[str, tuple[WireCase, CannedResponse, set[int]]] = {
    "cut-stream": (STREAM, make_response(STREAM, chunks=STREAM.chunks()[:3], end="cut"), {200}),
    "reset-stream": (STREAM, make_response(STREAM, chunks=STREAM.chunks()[:3], end="reset"), {200}),
    "cut-body": (INVOKE, make_response(INVOKE, chunks=[INVOKE.response[:50]], end="cut"), {200}),
    # Whether botocore takes a document that is cut for a response depends on its version.
    "cut-document": (UNARY, make_response(UNARY, chunks=[UNARY.response[:50]], end="cut"), {200, 299}),
    "no-response": (UNARY, CannedResponse(end="reset"), {299}),
}


@each_stack
@pytest.mark.parametrize(("case", "response", "statuses"), FAILURES.values(), ids=FAILURES)
def test_a_broken_connection_raises_as_before_and_is_an_event(
    client: BedrockClient,
    case: WireCase,
    response: CannedResponse,
    statuses: set[int],
    origin: Origin,
    sink: MemorySink,
) -> None:
    origin.responses = [response]
    without = run(client, origin.url, lambda opened: replay(opened, case))
    instrument(origin, sink)
    within = run(client, origin.url, lambda opened: replay(opened, case))
    [event] = collect_events(sink)
    assert within == without
    assert event.properties is not None
    assert event.properties["system.failure"]
    assert event.http_status_code in statuses


@each_stack
@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_read_timeout_is_the_sdks_own_exception_and_an_event(
    client: BedrockClient, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    hold = threading.Event()
    origin.responses = [make_response(case, hold=hold, chunks=case.chunks() if case.streams else ())]
    instrument(origin, sink)
    try:
        seen = run(client, origin.url, lambda opened: replay(opened, case), read_timeout=1)
    finally:
        hold.set()
    [event] = collect_events(sink)
    assert "Timeout" in repr(seen)
    assert event.properties is not None
    assert "Timeout" in event.properties["system.failure"]
    assert event.http_status_code == (200 if case.streams else 299)


@each_stack
def test_an_event_stream_that_is_closed_early_is_partial(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    hold = threading.Event()
    origin.responses = [make_response(STREAM, hold=hold)]
    instrument(origin, sink)

    async def scenario(opened: Any) -> Any:
        stream = (await call(opened, STREAM))["stream"]
        async with contextlib.aclosing(each(stream)) as events:
            first = await anext(events)
        await result(stream.close())
        return first

    try:
        assert run(client, origin.url, scenario) == {"messageStart": {"role": "assistant"}}
    finally:
        hold.set()
    [event] = collect_events(sink)
    assert event.properties == {"system.stream": "partial"}
    assert event.time_to_first_token_ms is not None


@every_client
def test_a_body_can_be_read_in_pieces_and_its_metadata_pickled(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(INVOKE)]
    instrument(origin, sink)

    async def scenario(opened: Any) -> tuple[bytes, Any]:
        response = await call(opened, INVOKE)
        body = response.pop("body")
        pieces = [await result(body.read(10))]
        pieces += [chunk async for chunk in each(body)]
        return b"".join(pieces), response

    body, response = run(client, origin.url, scenario)
    assert body == INVOKE.response
    assert pickle.loads(pickle.dumps(response)) == response  # noqa: S301 (our own)
    assert shown(collect_events(sink)[0], INVOKE.mapped_event) == INVOKE.mapped_event


def test_in_inline_delivery_a_call_and_the_end_of_a_body_wait_for_their_report(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "key")
    origin.responses = [make_response(UNARY), make_response(INVOKE), make_response(STREAM)]
    config: Any = {
        "host_mappings": {origin.netloc: {"price_as_category": "system.aws.bedrock"}},
        "delivery": {"mode": "inline"},
    }

    async def scenario(opened: Any) -> list[tuple[int, int]]:
        counts = []
        for case in (UNARY, INVOKE, STREAM):
            response = await call(opened, case)
            before = len(payi.received)
            for body in response.keys() & {"body", "stream"}:
                list(response[body])
            counts.append((before, len(payi.received)))
        return counts

    with serve() as payi:
        payi.responses = [CannedResponse([b'{"request_id": "r1", "xproxy_result": {"request_id": "r1"}}'])]
        monkeypatch.setenv("PAYI_BASE_URL", payi.url)
        payi_instrument(config=config)
        assert run(CLIENTS[0], origin.url, scenario) == [(1, 1), (1, 2), (2, 3)]
        assert payi_stats().delivered == 3
