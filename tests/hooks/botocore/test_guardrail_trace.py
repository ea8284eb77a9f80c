"""A guardrail's trace is asked for where the caller did not say, and what arrives is signed."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import anyio
import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

from payi_transport import MemorySink, payi_instrument, payi_stats
from tests.contract.bedrock import CLIENTS, SERVICE, BedrockClient, options
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


def send_nothing(client: Any, answer: Any, operation: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Make a call that the Stubber answers, and return the parameters that event handlers of users saw."""
    seen: list[dict[str, Any]] = []
    events = client.meta.events
    for event in ("provide-client-params", "before-parameter-build"):
        events.register(f"{event}.{SERVICE}", lambda params, **_: seen.append(copy.deepcopy(params)))
    with Stubber(client) as stubber:
        stubber.add_response(operation, answer, params)
        assert getattr(client, operation)(**params) == answer
        stubber.assert_no_pending_responses()
    return seen


CONVERSE = {"modelId": MODEL, "messages": HELLO, "guardrailConfig": GUARDRAIL}
INVOKE = {"modelId": MODEL, "body": BODY, **GUARDRAIL}
OUTPUT = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}
STUBBED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "converse": ("converse", CONVERSE, OUTPUT),
    "converse_stream": ("converse_stream", CONVERSE, {}),
    "invoke_model": ("invoke_model", INVOKE, {"body": b"{}", "contentType": "application/json"}),
    "invoke_model_with_response_stream": (
        "invoke_model_with_response_stream",
        INVOKE,
        {"body": {}, "contentType": "application/json"},
    ),
}


@pytest.mark.parametrize(("operation", "params", "answer"), STUBBED.values(), ids=STUBBED)
def test_stubber_and_handlers_of_parameters_see_what_the_caller_passed(
    operation: str, params: dict[str, Any], answer: dict[str, Any], origin: Origin, sink: MemorySink
) -> None:
    instrument(origin, sink)
    client = boto3.client(SERVICE, **options(origin.url))
    assert send_nothing(client, answer, operation, params) == [params, params]
    client.close()
    assert origin.received == []
    assert payi_stats().faults == 0


def test_a_presigned_url_is_what_it_is_without_this_library(origin: Origin, sink: MemorySink) -> None:
    client = boto3.client(SERVICE, **options(origin.url))
    params = {"modelId": MODEL, "body": BODY, **GUARDRAIL}

    def presign() -> str:
        url: str = client.generate_presigned_url("invoke_model", Params=params)
        return url.partition("X-Amz-SignedHeaders=")[2].partition("&")[0]

    plain = presign()
    instrument(origin, sink)
    assert presign() == plain
    client.close()


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


def test_a_client_without_an_address_is_a_fault_and_its_request_passes_through(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    model = SimpleNamespace(service_name=SERVICE)
    client: Any = SimpleNamespace(meta=SimpleNamespace(service_model=model, endpoint_url=None))
    operation: Any = SimpleNamespace(name="Converse")
    with pytest.raises(AttributeError, match="_serializer"):
        BaseClient._convert_to_request_dict(client, CONVERSE, operation, "http://127.0.0.1")
    assert payi_stats().faults == 1
