"""Calls with the Google SDK that are left early or have no response: each is one event."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import Any

from payi_transport import MemorySink
from tests.contract.clients import each, result
from tests.contract.google_calls import (
    MODEL,
    QUESTION,
    instrument,
    make_response,
    of_google,
    open_stream,
    run,
    some_setups,
)
from tests.contract.google_clients import GoogleSetup
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin

pytestmark = of_google


@some_setups
def test_a_stream_that_is_left_early_has_the_usage_so_far(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    left = threading.Event()

    async def scenario(client: Any) -> Any:
        stream = await open_stream(client, model=MODEL, contents=QUESTION)
        async with contextlib.aclosing(each(stream)) as chunks:
            async for chunk in chunks:
                text = chunk.text
                break
        await result((getattr(stream, "aclose", None) or stream.close)())
        left.set()
        return text

    origin.responses = [dataclasses.replace(make_response("gemini_stream"), hold=left)]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == "Hello! It"
    # Some of the SDK's streams are let go of, and not closed.
    collect_garbage()
    [event] = events_of(sink)
    assert shown(event, ["properties", "units"]) == {
        "properties": {"system.stream": "partial"},
        "units": {"text": {"input": 8, "output": 2}, "reasoning": {"output": 20}},
    }


@some_setups
def test_a_call_without_a_response_is_reported_with_its_exception(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        try:
            await result(client.models.generate_content(model=MODEL, contents=QUESTION))
        except Exception as exc:
            return type(exc)

    origin.responses = [CannedResponse(end="reset")]
    without = run(setup, origin.url, scenario)
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) is without is not None
    [event] = events_of(sink)
    assert (event.http_status_code, event.resource) == (299, f"google.{MODEL}")
    assert event.properties is not None
    assert without.__name__ == event.properties["system.failure"]
