"""Calls to Bedrock of which Pay-i says something: inline, or through its proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from payi_transport import payi_instrument, payi_stats
from tests.contract.bedrock import CLIENTS, BedrockClient
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

__all__ = [
    "BEDROCK",
    "ENDPOINT",
    "INVOKE",
    "STREAM",
    "UNARY",
    "WAITING",
    "go_through",
    "instrument",
    "run",
]

BEDROCK = {case.name.removeprefix("bedrock/"): case for case in CASES if case.name.startswith("bedrock/")}
UNARY, STREAM, INVOKE = BEDROCK["converse_unary"], BEDROCK["converse_stream"], BEDROCK["anthropic_unary"]
ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
# Whose end may wait for a report: not aiohttp's.
WAITING = [client for client in CLIENTS if client.name in ("boto3.client", "aiobotocore-httpx")]


def instrument(origin: Origin, mode: str = "inline", **aws: Any) -> None:
    """Begin to report, the origin being Bedrock."""
    mapping: Any = {origin.netloc: {"price_as_category": "system.aws.bedrock"}}
    config: Any = {"host_mappings": mapping, "delivery": {"mode": mode}, "aws_config": aws}
    payi_instrument(config=config)


def run(client: BedrockClient, url: str, scenario: Callable[[Any], Awaitable[Any]]) -> Any:
    """What a scenario makes of a client, none of our parts failing."""

    async def main() -> Any:
        async with client.open(url) as opened:
            return await scenario(opened)

    response = anyio.run(main)
    assert payi_stats().faults == 0
    return response


def go_through(payi: Origin, response: CannedResponse) -> None:
    """Begin proxy mode, with what Pay-i responses."""
    payi.responses = [response]
    payi_instrument(config={"proxy": True, "aws_config": {"add_streaming_xproxy_result": True}})
