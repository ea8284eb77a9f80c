"""LLM calls as the endpoints of the tests make them, and what was reported of each."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument

__all__ = ["acall", "call", "instrumented", "strangers_baggage", "users"]

# Options of an integration, and the user of a call in a request whose baggage names mallory.
strangers_baggage = pytest.mark.parametrize(
    ("options", "user"),
    [({}, None), ({"trust_baggage": False}, None), ({"trust_baggage": True}, "mallory")],
    ids=repr,
)
URL = "https://api.openai.com/v1/chat/completions"


def _respond(request: httpx.Request) -> httpx.Response:
    name = json.loads(request.content)["user"]
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return httpx.Response(200, json={"id": name, "choices": [], "usage": usage})


_client = httpx.Client(transport=httpx.MockTransport(_respond))


def call(name: str) -> None:
    """Make a call whose response has this id."""
    _client.post(URL, json={"model": "gpt-4.1", "user": name})


async def acall(name: str) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(_respond)) as client:
        await client.post(URL, json={"model": "gpt-4.1", "user": name})


def users(sink: MemorySink) -> dict[str | None, str | None]:
    """Return the user that each call was reported for, by the id of its response."""
    assert payi_flush(30)
    # Another request may make a call whose response has the same id.
    return {
        (event.properties or {}).get("provider.response_id", event.provider_response_id): event.user_id
        for event in sink.events
    }


@pytest.fixture
def instrumented() -> Iterator[MemorySink]:
    sink = MemorySink()
    payi_instrument(sink=sink, config={"use_case_name": "app"})
    yield sink
