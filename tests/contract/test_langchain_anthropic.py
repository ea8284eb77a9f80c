"""LangChain's Anthropic model against a real server. It asks for raw responses, and keeps its clients."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import anyio
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from tests.contract.clients import each, result
from tests.support.exchanges import shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

by_name = {case.name.removeprefix("anthropic/"): case for case in CASES}


async def ask(url: str, kind: str, asynchronous: bool) -> list[Any]:
    """What a caller sees of the response, or of the parts of a stream."""
    sdk = importlib.import_module("langchain_anthropic")
    model = sdk.ChatAnthropic(
        model="claude-haiku-4-5", max_tokens=1024, base_url=url, api_key="sk-secret", max_retries=0
    )
    question = "What is the weather in Boston?"
    try:
        if kind == "stream":
            parts = (model.astream if asynchronous else model.stream)(question)
            return [(part.content, part.usage_metadata) async for part in each(parts)]
        response = await result((model.ainvoke if asynchronous else model.invoke)(question))
        return [response.content, response.usage_metadata, response.tool_calls, response.response_metadata]
    finally:
        model._client.close()
        await model._async_client.close()
        # They are cached by address, and a server of a later test may have the same port.
        cached = importlib.import_module("langchain_anthropic._client_utils")
        cached._get_default_httpx_client.cache_clear()
        cached._get_default_async_httpx_client.cache_clear()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [("unary", "message_unary"), ("unary", "tools_unary"), ("stream", "message_stream")],
    ids=["unary", "tools", "stream"],
)
def test_a_call_is_one_event_and_the_caller_sees_no_difference(
    kind: str, name: str, asynchronous: bool, origin: Origin, sink: MemorySink
) -> None:
    case = by_name[name]
    origin.responses = [CannedResponse(case.chunks(), headers=case.headers)]
    without = anyio.run(ask, origin.url, kind, asynchronous)
    payi_instrument(
        sink=sink, config={"host_mappings": {origin.url: {"price_as_category": "system.anthropic"}}}
    )
    within = anyio.run(ask, origin.url, kind, asynchronous)
    collect_garbage()
    assert payi_flush(10)
    assert payi_stats().faults == 0
    [event] = sink.events
    assert within == without
    assert shown(event, case.mapped_event) == case.mapped_event
    assert origin.received[0].body == origin.received[1].body
