"""The real Google SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

import json
from typing import Any

import httpx
import httpx2
import pytest
from google.genai import types

from payi_transport import MemorySink
from payi_transport.values.event import Event
from tests.contract.clients import each, result
from tests.contract.google_calls import (
    CATEGORY,
    MODEL,
    PREFIXES,
    QUESTION,
    by_name,
    instrument,
    make_response,
    of_google,
    open_stream,
    run,
    some_setups,
)
from tests.contract.google_clients import GOOGLE_SETUPS, GoogleSetup
from tests.support.exchanges import events_of, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import WireCase

pytestmark = of_google

# All that the SDK can meet: it asks for arrays of messages nowhere.
CONTENTS = [
    name
    for name, case in by_name.items()
    if case.operation == "google.content" and case.status == 200 and not name.startswith("gemini_array")
]
ERRORS = [name for name, case in by_name.items() if case.operation == "google.content" and case.status >= 400]

every_setup = pytest.mark.parametrize("setup", GOOGLE_SETUPS, ids=lambda setup: setup.name)


def seen_of(response: Any) -> Any:
    """What the SDK makes of a response, without the time it was given."""
    seen = response.model_dump()
    headers = (seen.get("sdk_http_response") or {}).get("headers") or {}
    headers.pop("Date", None)
    headers.pop("date", None)
    return seen


async def replay(client: Any, case: WireCase) -> Any:
    """Make the recorded request; what the caller sees of the response, or the exception."""
    request = {"model": case.route["resource"], "contents": json.loads(case.request)["contents"]}
    try:
        if case.streams:
            return [seen_of(chunk) async for chunk in each(await open_stream(client, **request))]
        return seen_of(await result(client.models.generate_content(**request)))
    except Exception as exc:
        return type(exc), str(exc), getattr(exc, "code", None), getattr(exc, "details", None)


def check_seen_alike(setup: GoogleSetup, name: str, origin: Origin, sink: MemorySink) -> Event:
    """Make a recorded call without the library and with it, with one client; the event that it made."""
    case = by_name[name]

    async def scenario(client: Any) -> Any:
        without = await replay(client, case)
        instrument(origin, sink, setup)
        return without, await replay(client, case)

    origin.responses = [make_response(name)]
    without, within = run(setup, origin.url, scenario)
    if case.streams:
        # Earlier versions of the SDK leave a stream to the garbage collector that told of an error.
        collect_garbage()
    [event] = events_of(sink)
    assert within == without
    first, second = origin.received
    assert first.body == second.body
    assert event.provider_request_json == second.body.decode()
    verb = "streamGenerateContent" if case.streams else "generateContent"
    assert (event.provider_uri or "").endswith(f"/models/{case.route['resource']}:{verb}")
    return event


@pytest.mark.parametrize(
    "setup",
    [setup for setup in GOOGLE_SETUPS if setup.name in ("own-sync", "own-async")],
    ids=lambda setup: setup.name,
)
@pytest.mark.parametrize("name", [*CONTENTS, *ERRORS])
def test_a_recorded_call_looks_the_same_with_and_without_the_library(
    setup: GoogleSetup, name: str, origin: Origin, sink: MemorySink
) -> None:
    event = check_seen_alike(setup, name, origin, sink)
    expected = by_name[name].mapped_event
    assert shown(event, expected) == expected


@every_setup
@pytest.mark.parametrize("name", ["gemini_unary", "gemini_stream", "vertex_error_429_array"])
def test_every_http_stack_of_the_sdk_is_recorded_once(
    setup: GoogleSetup, name: str, origin: Origin, sink: MemorySink
) -> None:
    event = check_seen_alike(setup, name, origin, sink)
    # What is left open is told of here, and not in another test.
    collect_garbage()
    expected = by_name[name].mapped_event
    assert shown(event, expected) == expected


@some_setups
@pytest.mark.parametrize("access", PREFIXES)
def test_the_gemini_api_and_vertex_ai_are_recorded_alike(
    setup: GoogleSetup, access: str, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        response = await result(client.models.generate_content(model=MODEL, contents=QUESTION))
        stream = await open_stream(client, model=MODEL, contents=QUESTION)
        return response.text, [chunk.text async for chunk in each(stream)]

    origin.responses = [make_response("gemini_unary"), make_response("gemini_stream")]
    instrument(origin, sink)
    text, texts = run(setup, origin.url, scenario, access)
    assert text == "".join(texts) == "Hello! It is sunny."
    unary, stream = events_of(sink)
    assert unary.units == stream.units
    assert (unary.category, unary.resource) == (CATEGORY, f"google.{MODEL}")
    version, prefix, path = (
        (unary.provider_uri or "").removeprefix(f"{origin.url}/").partition(PREFIXES[access])
    )
    assert version.startswith("v1")
    assert prefix + path == f"{PREFIXES[access]}{MODEL}:generateContent"
    assert (stream.provider_uri or "").endswith(f"{MODEL}:streamGenerateContent")


@some_setups
def test_each_call_of_automatic_function_calling_is_an_event(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"sunny in {city}"

    # The SDK for Python 3.10 does not resolve annotations that are text.
    get_weather.__annotations__.update({"city": str, "return": str})
    call = {"functionCall": {"name": "get_weather", "args": {"city": "Boston"}}}
    candidate = {"content": {"role": "model", "parts": [call]}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 60, "candidatesTokenCount": 20}
    asked = json.dumps({"candidates": [candidate], "usageMetadata": usage}).encode()
    config = types.GenerateContentConfig(tools=[get_weather])

    async def scenario(client: Any) -> Any:
        request: dict[str, Any] = {"model": MODEL, "contents": QUESTION, "config": config}
        return (await result(client.models.generate_content(**request))).text

    origin.responses = [CannedResponse([asked]), make_response("gemini_unary")]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == "Hello! It is sunny."
    first, second = events_of(sink)
    assert shown(first, ["units", "provider_response_function_calls"]) == {
        "units": {"text": {"input": 60, "output": 20}},
        "provider_response_function_calls": [{"name": "get_weather", "arguments": '{"city": "Boston"}'}],
    }
    assert shown(second, ["units"]) == {"units": by_name["gemini_unary"].event["units"]}
    assert "sunny in Boston" in (second.provider_request_json or "")


@some_setups
def test_chats_pictures_and_tools_are_recorded_as_they_were_sent(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        chat = client.chats.create(model=MODEL, config={"system_instruction": "Be brief."})
        await result(chat.send_message("Hello"))
        picture = types.Part.from_bytes(data=b"\x89PNG" * 9, mime_type="image/png")
        return (await result(chat.send_message([picture, "What is it?"]))).text

    origin.responses = [make_response("gemini_unary")]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == "Hello! It is sunny."
    _, event = events_of(sink)
    sent = json.loads(origin.received[1].body)
    sent["contents"][2]["parts"][0]["inlineData"]["data"] = "<not_instrumented>"
    assert json.loads(event.provider_request_json or "") == sent
    assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user"]
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_an_array_of_messages_is_recorded_where_no_events_were_asked_for(
    library: Any, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response("gemini_array_stream")]
    instrument(origin, sink)
    url = f"{origin.url}/v1beta/models/{MODEL}:streamGenerateContent"
    assert library.post(url, json={}).content == by_name["gemini_array_stream"].response
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": by_name["gemini_array_stream"].event["units"]}
