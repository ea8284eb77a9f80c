"""Every supported version of the Google SDK is recorded, also those that lack what other tests use."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from google import genai

from payi_transport import MemorySink
from tests.contract.clients import each, result
from tests.contract.google_calls import (
    MODEL,
    QUESTION,
    by_name,
    instrument,
    make_response,
    of_google,
    open_stream,
)
from tests.support.exchanges import events_of, shown
from tests.support.origin import Origin

pytestmark = of_google


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["gemini_unary", "gemini_stream"])
def test_a_call_is_one_event(name: str, asynchronous: bool, origin: Origin, sink: MemorySink) -> None:
    async def main() -> None:
        client: Any = genai.Client(api_key="sk-secret", http_options={"base_url": origin.url})
        client = client.aio if asynchronous else client
        if name == "gemini_stream":
            assert [chunk async for chunk in each(await open_stream(client, model=MODEL, contents=QUESTION))]
        else:
            await result(client.models.generate_content(model=MODEL, contents=QUESTION))

    origin.responses = [make_response(name)]
    instrument(origin, sink)
    anyio.run(main)
    [event] = events_of(sink)
    expected = by_name[name].mapped_event
    assert shown(event, expected) == expected
