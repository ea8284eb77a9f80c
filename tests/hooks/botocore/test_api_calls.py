"""Around an API call of botocore's clients: only Bedrock's runtime, and only while something records."""

from __future__ import annotations

import json
from typing import Any

import anyio
import boto3
import pytest
from aiobotocore.session import get_session
from botocore.client import BaseClient

from payi_transport import MemorySink, payi_instrument, payi_stats, payi_uninstrument
from tests.contract.bedrock import SERVICE, options
from tests.support.origin import CannedResponse, Origin

HELLO: list[Any] = [{"role": "user", "content": [{"text": "Hello"}]}]
GUARDRAIL = {"guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT"}
PARAMS = {"modelId": "m", "messages": HELLO, "guardrailConfig": GUARDRAIL}


def instrument(origin: Origin, sink: MemorySink) -> None:
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.aws.bedrock"}}}
    payi_instrument(sink=sink, config=config)


def test_a_hook_that_somebody_kept_passes_calls_through(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    instrument(origin, sink)
    kept = BaseClient._make_api_call
    payi_uninstrument()
    assert BaseClient._make_api_call is not kept
    kept(boto3.client(SERVICE, **options(origin.url)), "Converse", PARAMS)
    assert json.loads(origin.received[0].body)["guardrailConfig"] == GUARDRAIL


def test_another_services_async_client_is_left_alone(origin: Origin, sink: MemorySink) -> None:
    instrument(origin, sink)

    async def main() -> None:
        async with get_session().create_client("sqs", **options(origin.url)) as opened:
            with pytest.raises(Exception, match="Converse"):
                await opened._make_api_call("Converse", PARAMS)

    anyio.run(main)
    assert payi_stats().faults == 0
