"""LangChain's client of Google's models, on the SDK's version 2: it sees no difference, and is recorded."""

from __future__ import annotations

import importlib.util
from typing import Any

import anyio
import pytest

from payi_transport import MemorySink
from tests.contract.clients import each, result
from tests.contract.google_calls import MODEL, QUESTION, by_name, instrument, make_response, of_google
from tests.support.exchanges import events_of, shown
from tests.support.origin import Origin

pytestmark = of_google

# Built on the SDK's version 2, so that it is not beside version 3.
LANGCHAIN = [name for name in ("langchain_google_genai",) if importlib.util.find_spec(name)]


@pytest.mark.parametrize("module", LANGCHAIN)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", ["gemini_unary", "gemini_stream"])
def test_langchain_is_recorded_and_sees_no_difference(
    module: str, asynchronous: bool, name: str, origin: Origin, sink: MemorySink
) -> None:
    sdk = importlib.import_module(module)

    async def ask() -> Any:
        model = sdk.ChatGoogleGenerativeAI(
            model=MODEL, google_api_key="sk-secret", base_url=origin.url, max_retries=1
        )
        try:
            if not by_name[name].streams:
                response = await result((model.ainvoke if asynchronous else model.invoke)(QUESTION))
                return response.text, response.usage_metadata
            stream = (model.astream if asynchronous else model.stream)(QUESTION)
            chunks = [chunk async for chunk in each(stream)]
            return "".join(chunk.text for chunk in chunks), [chunk.usage_metadata for chunk in chunks]
        finally:
            await model.client.aio.aclose()
            model.client.close()

    origin.responses = [make_response(name)]
    without = anyio.run(ask)
    instrument(origin, sink)
    assert anyio.run(ask) == without
    assert without[0] == "Hello! It is sunny."
    [event] = events_of(sink)
    expected = by_name[name].mapped_event
    assert shown(event, expected) == expected
