"""The real OpenAI SDK against the Gemini API and Vertex AI: recorded as calls of Google's models."""

from __future__ import annotations

import json
from typing import Any

import anyio
import openai
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from tests.contract.clients import each, result
from tests.support.exchanges import shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES, WireCase

CALLS = [case for case in CASES if case.name.startswith("google/") and case.operation.startswith("openai.")]
GEMINI = "/v1beta/openai"
VERTEX = "/v1/projects/p/locations/global/endpoints/openapi"


async def ask(client: Any, case: WireCase) -> Any:
    """What the caller sees of the response to the recorded request, or the exception."""
    endpoints = {
        "openai.chat": client.chat.completions.create,
        "openai.embeddings": client.embeddings.create,
        "openai.images": client.images.generate,
    }
    try:
        response = await result(endpoints[case.operation](**json.loads(case.request)))
        if case.streams:
            return [chunk.model_dump() async for chunk in each(response)]
        return response.model_dump()
    except openai.APIStatusError as exc:
        return type(exc), str(exc), exc.status_code, exc.body


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("case", CALLS, ids=lambda case: case.name)
def test_openais_sdk_at_google_is_recorded_and_sees_no_difference(
    case: WireCase, asynchronous: bool, origin: Origin, sink: MemorySink
) -> None:
    path = VERTEX if "/vertex" in case.name else GEMINI
    make: Any = openai.AsyncOpenAI if asynchronous else openai.OpenAI

    async def scenario() -> Any:
        client = make(base_url=origin.url + path, api_key="sk-secret", max_retries=0)
        try:
            without = await ask(client, case)
            payi_instrument(
                sink=sink,
                config={"host_mappings": {origin.netloc: {"price_as_category": "system.google.vertex"}}},
            )
            return without, await ask(client, case)
        finally:
            await result(client.close())

    origin.responses = [CannedResponse(case.chunks(), status=case.status, headers=case.headers)]
    without, within = anyio.run(scenario)
    collect_garbage()
    assert within == without
    assert payi_flush(10)
    assert payi_stats().faults == 0
    [event] = sink.events
    assert shown(event, case.mapped_event) == case.mapped_event
    assert (event.provider_uri or "").startswith(origin.url + path)
