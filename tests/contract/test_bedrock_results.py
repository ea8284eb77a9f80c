"""What Pay-i says of a call to Bedrock: an item of what its clients give."""

from __future__ import annotations

import gc
import json
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import boto3
import pytest

from payi_transport import payi_flush, payi_stats
from tests.contract.bedrock import CLIENTS, SERVICE, BedrockClient, call, make_response, options
from tests.contract.bedrock_results import (
    BEDROCK,
    ENDPOINT,
    INVOKE,
    STREAM,
    UNARY,
    WAITING,
    go_through,
    instrument,
    run,
)
from tests.contract.clients import each, result
from tests.contract.results import ACCEPTED, RESULT
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import WireCase

GUARDRAIL = BEDROCK["apply_guardrail"]
each_waiting = pytest.mark.parametrize("client", WAITING, ids=lambda client: client.name)


def ask(case: WireCase) -> Callable[[Any], Awaitable[Any]]:
    return lambda opened: call(opened, case)


@each_waiting
@pytest.mark.parametrize("case", [UNARY, GUARDRAIL], ids=lambda case: case.name)
def test_a_parsed_response_has_the_result_of_its_call(
    client: BedrockClient, case: WireCase, origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(case)]
    instrument(origin)
    response = run(client, origin.url, ask(case))
    assert type(response) is dict
    assert response.pop("xproxy_result") == RESULT
    response["ResponseMetadata"].pop("HTTPHeaders")
    assert json.loads(json.dumps(response)) == response


@each_waiting
def test_a_response_with_a_body_has_the_result_once_it_is_read(
    client: BedrockClient, origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(INVOKE)]
    instrument(origin)

    async def scenario(opened: Any) -> tuple[bool, Any]:
        response = await call(opened, INVOKE)
        before = "xproxy_result" in response
        assert await result(response.pop("body").read()) == INVOKE.response
        return before, response

    before, response = run(client, origin.url, scenario)
    assert (before, response["xproxy_result"]) == (False, RESULT)
    assert isinstance(response, dict)
    unpickled = pickle.loads(pickle.dumps(response))  # noqa: S301 (our own)
    assert (type(unpickled), unpickled) == (dict, response)


def test_a_body_that_nobody_reads_is_freed_with_its_response(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(INVOKE)]
    instrument(origin)
    client = boto3.client(SERVICE, **options(origin.url))
    collect_garbage()
    gc.disable()
    try:
        client.invoke_model(modelId="m", body=b"{}")
        assert payi_flush(10)
    finally:
        gc.enable()
    (reported,) = payi.received
    assert json.loads(reported.body)["properties"]["system.stream"] == "partial"


def test_the_result_is_that_of_the_last_attempt(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(BEDROCK["error_throttling"]), make_response(UNARY)]
    other = json.dumps({"xproxy_result": {"request_id": "r-0"}}).encode()
    payi.responses = [CannedResponse([other]), ACCEPTED]
    instrument(origin)

    async def main() -> Any:
        retries = {"total_max_attempts": 3, "mode": "standard"}
        async with WAITING[0].open(origin.url, retries=retries) as opened:
            return await call(opened, UNARY)

    assert anyio.run(main)["xproxy_result"] == RESULT


def test_a_body_may_outlive_its_response(origin: Origin, payi: Origin) -> None:
    origin.responses = [make_response(INVOKE)]
    instrument(origin)
    client = boto3.client(SERVICE, **options(origin.url))
    assert client.invoke_model(modelId="m", body=b"{}")["body"].read() == INVOKE.response
    assert (payi_stats().delivered, payi_stats().faults) == (1, 0)


@pytest.mark.parametrize(
    "failure",
    [CannedResponse([b"{}"], 503), CannedResponse([b"garbage"]), CannedResponse(end="reset")],
    ids=["503", "none", "reset"],
)
def test_without_a_result_there_is_none_not_even_of_the_call_before(
    failure: CannedResponse, origin: Origin, payi: Origin
) -> None:
    origin.responses = [make_response(UNARY), make_response(UNARY), make_response(STREAM)]
    payi.responses = [ACCEPTED, failure]
    instrument(origin, add_streaming_xproxy_result=True)

    async def scenario(opened: Any) -> list[bool]:
        responses = [await call(opened, UNARY), await call(opened, UNARY)]
        events = [event async for event in each((await call(opened, STREAM))["stream"])]
        return ["xproxy_result" in item for item in (*responses, *events)]

    assert run(WAITING[0], origin.url, scenario) == [True] + [False] * (1 + len(STREAM.chunks()))


def counted(case: WireCase) -> CannedResponse:
    body = json.dumps({**json.loads(case.response), "xproxy_result": RESULT}).encode()
    return CannedResponse([body], headers={**case.headers, "content-length": str(len(body))})


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("case", [UNARY, INVOKE], ids=lambda case: case.name)
def test_the_proxys_result_is_in_the_response_too(
    client: BedrockClient, case: WireCase, payi: Origin
) -> None:
    go_through(payi, counted(case))

    async def scenario(opened: Any) -> Any:
        response = await call(opened, case)
        if "body" in response:
            await result(response["body"].read())
        return response["xproxy_result"]

    assert run(client, ENDPOINT, scenario) == RESULT
