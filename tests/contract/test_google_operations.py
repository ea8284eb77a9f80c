"""What the Google SDK asks for beside content: embeddings and interactions, and what is no call."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import MemorySink, payi_stats
from tests.contract.clients import each, result
from tests.contract.google_calls import (
    MODEL,
    PREFIXES,
    QUESTION,
    by_name,
    instrument,
    make_response,
    of_google,
    run,
    some_setups,
)
from tests.contract.google_clients import GoogleSetup
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin

pytestmark = of_google


@some_setups
@pytest.mark.parametrize(
    ("access", "model", "name"),
    [
        ("gemini", "gemini-embedding-001", "gemini_batch_embed"),
        ("vertex", "text-embedding-005", "vertex_predict_embeddings"),
        ("vertex", "gemini-embedding-2", "vertex_embed_multimodal"),
        ("express", "text-embedding-005", "vertex_predict_embeddings"),
    ],
)
def test_embeddings_are_recorded(
    setup: GoogleSetup, access: str, model: str, name: str, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        response = await result(client.models.embed_content(model=model, contents="Hello"))
        return response.embeddings[0].values

    origin.responses = [make_response(name)]
    without = run(setup, origin.url, scenario, access)
    instrument(origin, sink)
    assert run(setup, origin.url, scenario, access) == without
    [event] = events_of(sink)
    expected = {**by_name[name].mapped_event, "resource": f"google.{model}"}
    assert shown(event, expected) == expected


@some_setups
@pytest.mark.parametrize("access", PREFIXES)
def test_an_interaction_counts_once_however_often_it_is_fetched(
    setup: GoogleSetup, access: str, origin: Origin, sink: MemorySink
) -> None:
    working = CannedResponse([b'{"id": "v1_2", "status": "in_progress", "model": "gemini-3.8-flash"}'])
    done = make_response("interactions_unary")
    done = CannedResponse(
        [done.chunks[0].replace(b"v1_ChdtQjV3YVBhUTFMMmpLYw", b"v1_2")], headers=done.headers
    )

    async def scenario(client: Any) -> Any:
        ask: dict[str, Any] = {"model": "gemini-3.8-flash", "input": QUESTION}
        stream = await result(client.interactions.create(**ask, stream=True))
        events = [event.event_type async for event in each(stream)]
        work = await result(client.interactions.create(**ask, background=True))
        polls = [(await result(client.interactions.get(id=work.id))).status for _ in range(3)]
        return events[-1], work.status, polls

    origin.responses = [make_response("interactions_stream"), working, working, done, done]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario, access) == (
        "interaction.completed",
        "in_progress",
        ["in_progress", "completed", "completed"],
    )
    streamed, polled = events_of(sink)
    assert streamed.units == polled.units
    assert (streamed.resource, polled.resource) == ("google.gemini-3.8-flash",) * 2
    assert all((event.provider_uri or "").endswith("/interactions") for event in (streamed, polled))
    assert payi_stats().skipped == {"pending": 2, "repeated": 1}


@some_setups
def test_counting_tokens_and_listing_models_are_no_calls(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        counted = await result(client.models.count_tokens(model=MODEL, contents=QUESTION))
        model = await result(client.models.get(model=MODEL))
        return counted.total_tokens, model.name

    origin.responses = [
        CannedResponse([b'{"totalTokens": 8}']),
        CannedResponse([b'{"name": "models/gemini-2.5-flash"}']),
    ]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == (8, "models/gemini-2.5-flash")
    assert events_of(sink) == []
    assert payi_stats().captured == 0
