"""A guardrail's trace is asked for where the caller did not say, and what arrives is signed."""

from __future__ import annotations

import copy
import json
from typing import Any

import anyio
import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ParamValidationError

from payi_transport import MemorySink, payi_instrument, payi_stats
from tests.contract.bedrock import CLIENTS, BedrockClient, options
from tests.contract.clients import result
from tests.support.origin import CannedResponse, Origin, Received
from tests.support.sigv4 import is_signed

MODEL = "us.amazon.nova-lite-v1:0"
GUARDRAIL = {"guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT"}
HELLO: list[Any] = [{"role": "user", "content": [{"text": "Hello"}]}]
BODY = b'{"messages": []}'

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


def instrument(origin: Origin, sink: MemorySink, instruments: Any = None, **more: Any) -> None:
    mapping = {origin.netloc: {"price_as_category": "system.aws.bedrock"}}
    config: Any = {"host_mappings": mapping, **more}
    payi_instrument(sink=sink, config=config, instruments=instruments)


def ask(client: BedrockClient, origin: Origin, operation: str, **params: Any) -> Received:
    """The request that a call makes."""
    origin.responses = [CannedResponse([b'{"message": "refused"}'], status=400)]
    given = copy.deepcopy(params)

    async def main() -> None:
        async with client.open(origin.url) as opened:
            with pytest.raises(ClientError, match="refused"):
                await result(getattr(opened, operation)(modelId=MODEL, **params))

    anyio.run(main)
    assert params == given
    assert payi_stats().faults == 0
    return origin.received[-1]


@each_client
@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_converse_call_is_asked_for_its_trace(
    client: BedrockClient, operation: str, origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink)
    received = ask(client, origin, operation, messages=HELLO, guardrailConfig=GUARDRAIL)
    assert json.loads(received.body)["guardrailConfig"] == {**GUARDRAIL, "trace": "enabled"}
    assert is_signed(received)


@each_client
@pytest.mark.parametrize("operation", ["invoke_model", "invoke_model_with_response_stream"])
def test_a_model_is_asked_for_its_trace(
    client: BedrockClient, operation: str, origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink)
    received = ask(client, origin, operation, body=BODY, **GUARDRAIL)
    assert received.headers["x-amzn-bedrock-trace"] == "ENABLED"
    assert "x-amzn-bedrock-trace" in received.headers["authorization"]
    assert received.body == BODY
    assert is_signed(received)


UNTOUCHED: dict[str, tuple[str, dict[str, Any]]] = {
    "traced": ("converse", {"messages": HELLO, "guardrailConfig": {**GUARDRAIL, "trace": "disabled"}}),
    "traced-in-full": ("invoke_model", {"body": BODY, **GUARDRAIL, "trace": "ENABLED_FULL"}),
    "no-guardrail": ("converse", {"messages": HELLO}),
    "no-guardrail-for-a-model": ("invoke_model", {"body": BODY}),
    "no-version": ("invoke_model", {"body": BODY, "guardrailIdentifier": "gr-1"}),
    "other-operation": ("count_tokens", {"input": {"converse": {"messages": HELLO}}}),
}


@pytest.mark.parametrize(("operation", "params"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_what_the_caller_said_and_other_calls_stay(
    operation: str, params: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    plain = ask(CLIENTS[0], origin, operation, **params)
    instrument(origin, sink)
    received = ask(CLIENTS[0], origin, operation, **params)
    trace = "x-amzn-bedrock-trace"
    assert (received.body, received.headers.get(trace)) == (plain.body, plain.headers.get(trace))


OFF: dict[str, dict[str, Any]] = {
    "by-configuration": {"aws_config": {"guardrail_trace": False}},
    "outside-a-scope": {"global_instrumentation": False},
    "not-observed": {"instruments": {"system.openai"}},
    "unknown-host": {"host_mappings": {"other.test": {"price_as_category": "system.aws.bedrock"}}},
}


@pytest.mark.parametrize("config", OFF.values(), ids=OFF)
def test_no_trace_is_requested_if_the_call_is_not_recorded(
    config: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink, **config)
    received = ask(CLIENTS[0], origin, "converse", messages=HELLO, guardrailConfig=GUARDRAIL)
    assert json.loads(received.body)["guardrailConfig"] == GUARDRAIL


def test_nothing_is_asked_for_by_what_is_not_instrumented(origin: Origin) -> None:
    received = ask(CLIENTS[0], origin, "converse", messages=HELLO, guardrailConfig=GUARDRAIL)
    assert json.loads(received.body)["guardrailConfig"] == GUARDRAIL


def test_invalid_parameters_are_left_to_botocore(origin: Origin, sink: MemorySink) -> None:
    instrument(origin, sink)
    with pytest.raises(ParamValidationError, match="Invalid type for parameter guardrailConfig"):
        ask(CLIENTS[0], origin, "converse", messages=HELLO, guardrailConfig="gr-1")


def test_another_service_with_an_operation_of_that_name_is_left_alone(
    origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink)
    client = boto3.client("sqs", **options(origin.url))
    with pytest.raises(Exception, match="Converse"):
        client._make_api_call("Converse", {"guardrailConfig": GUARDRAIL})
    assert payi_stats().faults == 0


def test_an_object_that_is_not_a_client_is_a_fault_and_its_call_passes_through(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with pytest.raises(AttributeError):
        BaseClient._make_api_call(object(), "Converse", {})
    assert payi_stats().faults == 1
