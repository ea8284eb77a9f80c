"""Bedrock through Pay-i's proxy: its SDKs' calls arrive there with the signature that its endpoint wants."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import anyio
import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from payi_transport import (
    MemorySink,
    create_headers,
    get_context,
    payi_aws_bedrock_url,
    payi_instrument,
    payi_limits,
    payi_stats,
    track_context,
)
from payi_transport.pipeline.active import get_active
from tests.contract.bedrock import CLIENTS, SERVICE, BedrockClient, call, make_response, options, replay
from tests.support.origin import CannedResponse, Origin, Received
from tests.support.sigv4 import is_signed
from tests.support.wire_cases import CASES, WireCase

BEDROCK = {case.name.removeprefix("bedrock/"): case for case in CASES}
UNARY, STREAM, INVOKE = BEDROCK["converse_unary"], BEDROCK["converse_stream"], BEDROCK["anthropic_unary"]
SEEN = [UNARY, STREAM, INVOKE, BEDROCK["error_throttling"]]
ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
PROXY = "/api/v1/proxy/aws.bedrock"
RESULT = {"request_id": "r-1", "limits": {"budget": {"state": "exceeded"}}}

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, origin: Origin) -> None:
    """The server of the test is Pay-i; Bedrock is where it always is, and not to be reached."""
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)


def run(client: BedrockClient, scenario: Callable[[Any], Awaitable[Any]], **config: Any) -> Any:
    async def main() -> Any:
        async with client.open(ENDPOINT, **config) as opened:
            return await scenario(opened)

    return anyio.run(main)


def counted(case: WireCase) -> CannedResponse:
    """What Pay-i makes of a response that is a document."""
    body = json.dumps({**json.loads(case.response), "xproxy_result": RESULT}).encode()
    return CannedResponse([body], headers={**case.headers, "content-length": str(len(body))})


def forwarded(received: Received) -> Received:
    """The request that Pay-i sends to Bedrock."""
    host = received.headers["xproxy-provider-baseuri"].removeprefix("https://")
    headers = {name: value for name, value in received.headers.items() if not name.startswith("xproxy-")}
    path = received.path.removeprefix(PROXY)
    assert path != received.path
    return dataclasses.replace(received, path=path, headers={**headers, "host": host})


@every_client
def test_a_call_goes_to_pay_i_with_its_context_and_a_signature_for_bedrock(
    client: BedrockClient, origin: Origin
) -> None:
    payi_instrument(config={"proxy": True, "use_case_name": "app", "limit_ids": ["budget"]})
    origin.responses = [counted(UNARY)]

    async def scenario(opened: Any) -> Any:
        with track_context(user_id="ü-1", request_properties={"k": "v"}):
            return await call(opened, UNARY)

    response = run(client, scenario)
    assert response["output"] == json.loads(UNARY.response)["output"]
    (received,) = origin.received
    assert received.headers["host"] == origin.netloc
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-provider-baseuri"] == ENDPOINT
    assert received.headers["xproxy-limit-ids"] == "budget"
    assert received.headers["xproxy-usecase-name"] == "app"
    assert received.headers["xproxy-user-id"].encode("latin-1").decode() == "ü-1"
    assert received.headers["xproxy-request-properties"] == "eyJrIjoidiJ9"
    assert is_signed(forwarded(received))
    assert payi_limits() == {"budget": "exceeded"}
    assert (payi_stats().captured, payi_stats().faults) == (0, 0)


@pytest.mark.parametrize(
    ("client", "case"),
    [(client, case) for case in SEEN for client in CLIENTS if client.reads_events or not case.streams],
    ids=lambda value: value.name,
)
def test_the_caller_gets_the_proxys_response(client: BedrockClient, case: WireCase, origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    origin.responses = [make_response(case)]
    within = run(client, lambda opened: replay(opened, case))
    without = anyio.run(straight, client, origin, case)
    assert within == without
    assert is_signed(forwarded(origin.received[0]))


async def straight(client: BedrockClient, origin: Origin, case: WireCase) -> Any:
    async with client.open(origin.url) as opened:
        return await replay(opened, case)


def test_the_result_of_a_call_is_the_callers_last_result(origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    origin.responses = [counted(UNARY)]

    async def scenario(opened: Any) -> Any:
        await call(opened, UNARY)
        return get_context()["last_result"]

    assert run(CLIENTS[0], scenario) == RESULT


@every_client
def test_each_attempt_goes_through(client: BedrockClient, origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    origin.responses = [make_response(BEDROCK["error_throttling"]), counted(UNARY)]
    retries = {"retries": {"total_max_attempts": 3, "mode": "standard"}}
    response = run(client, lambda opened: call(opened, UNARY), **retries)
    assert response["ResponseMetadata"]["RetryAttempts"] == 1
    assert [is_signed(forwarded(received)) for received in origin.received] == [True, True]


def test_the_request_stays_the_callers(origin: Origin) -> None:
    payi_instrument(config={"proxy": True})
    origin.responses = [counted(UNARY), CannedResponse(end="reset")]
    seen: list[Any] = []

    async def scenario(opened: Any) -> Any:
        opened.meta.events.register(
            "before-send.bedrock-runtime.*", lambda request, **_: seen.append(request)
        )
        opened.meta.events.register(
            "after-call.bedrock-runtime.*", lambda http_response, **_: seen.append(http_response)
        )
        await call(opened, UNARY)
        with pytest.raises(HTTPClientError) as raised:
            await call(opened, UNARY)
        return raised.value

    raised = run(CLIENTS[0], scenario)
    request, response, again = seen
    assert request.url == response.url
    assert request.url.startswith(f"{ENDPOINT}/model/")
    assert not [name for name in request.headers if name.lower().startswith("xproxy-")]
    assert raised.request is again


@every_client
def test_a_call_whose_limit_is_blocked_is_the_sdks_own_error_and_no_second_attempt(
    client: BedrockClient, origin: Origin
) -> None:
    payi_instrument(config={"enforce_limits": True, "limit_check_interval": 3600.0})
    pipeline = get_active()
    assert pipeline is not None
    pipeline.limits.set("budget", "blocked")

    async def scenario(opened: Any) -> Any:
        with track_context(limit_ids=["budget"]):
            for case in (UNARY, STREAM, INVOKE):
                with pytest.raises(ClientError, match="limit budget is blocked") as raised:
                    await call(opened, case)
                response = raised.value.response
                assert response["Error"]["Code"] == "AccessDeniedException"
                assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
                assert response["ResponseMetadata"]["RetryAttempts"] == 0

    run(client, scenario, retries={"total_max_attempts": 3, "mode": "standard"})
    assert origin.received == []
    assert (payi_stats().captured, payi_stats().faults) == (0, 0)


@pytest.mark.parametrize("proxy", [True, False])
@every_client
def test_a_client_that_is_set_up_for_the_proxy_gets_the_context_and_is_never_reported(
    client: BedrockClient, proxy: bool, origin: Origin
) -> None:
    payi_instrument(config={"proxy": proxy, "user_id": "u"})
    origin.responses = [counted(UNARY)]

    async def main() -> None:
        async with client.open(payi_aws_bedrock_url()) as opened:
            await call(opened, UNARY)

    anyio.run(main)
    (received,) = origin.received
    # The request line may hold the whole URL.
    assert urlsplit(received.path).path.startswith(f"{PROXY}/model/")
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-user-id"] == "u"
    assert is_signed(received)
    assert payi_stats().captured == 0


def name_user(request: Any, **_: Any) -> None:
    """A handler of botocore's events."""
    for name, value in create_headers(user_id="u").items():
        request.headers[name] = value


@every_client
def test_headers_for_pay_i_that_are_signed_stay(
    client: BedrockClient, origin: Origin, sink: MemorySink
) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.aws.bedrock"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping})
    origin.responses = [make_response(UNARY)]

    async def main() -> None:
        async with client.open(origin.url) as opened:
            opened.meta.events.register("before-sign.bedrock-runtime.*", name_user)
            await call(opened, UNARY)

    anyio.run(main)
    (received,) = origin.received
    assert "xproxy-user-id" in received.headers["authorization"]
    assert is_signed(received)


def test_headers_for_pay_i_that_are_not_signed_do_not_reach_bedrock(origin: Origin, sink: MemorySink) -> None:
    mapping: Any = {origin.netloc: {"price_as_category": "system.aws.bedrock"}}
    payi_instrument(sink=sink, config={"host_mappings": mapping, "global_instrumentation": False})
    origin.responses = [make_response(UNARY)]
    client = boto3.client(SERVICE, **options(origin.url))

    client.meta.events.register("before-send.bedrock-runtime.*", name_user)
    anyio.run(call, client, UNARY)
    with track_context(account_name="a"):
        anyio.run(call, client, UNARY)
    assert not [name for received in origin.received for name in received.headers if "xproxy" in name]
