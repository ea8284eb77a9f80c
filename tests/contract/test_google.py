"""The real Google SDK against a real server: what the caller sees is untouched, and the event is right."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib.util
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import certifi
import httpx
import httpx2
import pytest
from google.genai import types

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument
from payi_transport.adapters.families import get_families
from payi_transport.event import Event
from tests.contract.clients import each, result
from tests.contract.google_clients import FAMILY, GOOGLE_SETUPS, GoogleSetup
from tests.exchanges import shown
from tests.origin import Answer, Origin, serve
from tests.wire_cases import CASES, WireCase

# What the SDK does with aiohttp itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession from ClientSession is discouraged:DeprecationWarning"
)

CATEGORY = "system.google.vertex"
by_name = {case.name.removeprefix("google/"): case for case in CASES if case.name.startswith("google/")}
# All that the SDK can meet: it asks for arrays of messages nowhere.
CONTENTS = [
    name
    for name, case in by_name.items()
    if case.operation == "google.content" and case.status == 200 and not name.startswith("gemini_array")
]
ERRORS = [name for name, case in by_name.items() if case.operation == "google.content" and case.status >= 400]
# Built on the SDK's version 2, so that it is not beside version 3.
LANGCHAIN = [name for name in ("langchain_google_genai",) if importlib.util.find_spec(name)]
MODEL = "gemini-2.5-flash"
QUESTION = "What is the weather in Boston?"

every_setup = pytest.mark.parametrize("setup", GOOGLE_SETUPS, ids=lambda setup: setup.name)
# One of each kind: the rest differ in nothing that most tests meet.
some_setups = pytest.mark.parametrize(
    "setup",
    [setup for setup in GOOGLE_SETUPS if setup.name in ("own-sync", "own-async", f"async-{FAMILY}")],
    ids=lambda setup: setup.name,
)
Scenario = Callable[[Any], Awaitable[Any]]


@pytest.fixture(autouse=True, scope="module")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The SDK loads its list of authorities three times a client, which takes longer than all else."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0]
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(first + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


def run(setup: GoogleSetup, url: str, scenario: Scenario, access: str = "gemini") -> Any:
    """What a scenario makes of a client of the setup."""

    async def main() -> Any:
        async with setup.client(url, access) as client:
            return await scenario(client)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in setup.environment.items():
            patch.setenv(name, value)
        return anyio.run(main)


def instrument(origin: Origin, sink: MemorySink, setup: GoogleSetup | None = None, **options: Any) -> None:
    payi_instrument(
        sink=sink, config={"host_mappings": {origin.netloc: {"price_as_category": CATEGORY}}}, **options
    )
    if setup is not None and not setup.hooked:
        for family in get_families():
            family.uninstall()


def events_of(sink: MemorySink) -> list[Event]:
    assert payi_flush(10)
    assert payi_stats().faults == 0
    return sink.events


def answer_of(name: str) -> Answer:
    case = by_name[name]
    return Answer(case.chunks(), status=case.status, headers=case.headers)


def seen_of(answer: Any) -> Any:
    """What the SDK makes of an answer, without the time it was given."""
    seen = answer.model_dump()
    headers = (seen.get("sdk_http_response") or {}).get("headers") or {}
    headers.pop("Date", None)
    headers.pop("date", None)
    return seen


async def open_stream(client: Any, **request: Any) -> Any:
    return await result(client.models.generate_content_stream(**request))


async def replay(client: Any, case: WireCase) -> Any:
    """Make the recorded request; what the caller sees of the answer, or the exception."""
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

    origin.answers = [answer_of(name)]
    without, within = run(setup, origin.url, scenario)
    if case.streams:
        # Earlier versions of the SDK leave a stream to the garbage collector that told of an error.
        gc.collect()
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
def test_a_recorded_call_is_seen_alike_with_and_without_the_library(
    setup: GoogleSetup, name: str, origin: Origin, sink: MemorySink
) -> None:
    event = check_seen_alike(setup, name, origin, sink)
    expected = by_name[name].event
    assert shown(event, expected) == expected


@every_setup
@pytest.mark.parametrize("name", ["gemini_unary", "gemini_stream", "vertex_error_429_array"])
def test_every_http_stack_of_the_sdk_is_recorded_once(
    setup: GoogleSetup, name: str, origin: Origin, sink: MemorySink
) -> None:
    event = check_seen_alike(setup, name, origin, sink)
    # What is left open is told of here, and not in another test.
    gc.collect()
    expected = by_name[name].event
    assert shown(event, expected) == expected


PREFIXES = {
    "gemini": "/models/",
    "vertex": "/projects/p/locations/us-central1/publishers/google/models/",
    "express": "/publishers/google/models/",
}


@some_setups
@pytest.mark.parametrize("access", PREFIXES)
def test_the_gemini_api_and_vertex_ai_are_recorded_alike(
    setup: GoogleSetup, access: str, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        answer = await result(client.models.generate_content(model=MODEL, contents=QUESTION))
        stream = await open_stream(client, model=MODEL, contents=QUESTION)
        return answer.text, [chunk.text async for chunk in each(stream)]

    origin.answers = [answer_of("gemini_unary"), answer_of("gemini_stream")]
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
        answer = await result(client.models.embed_content(model=model, contents="Hello"))
        return answer.embeddings[0].values

    origin.answers = [answer_of(name)]
    without = run(setup, origin.url, scenario, access)
    instrument(origin, sink)
    assert run(setup, origin.url, scenario, access) == without
    [event] = events_of(sink)
    expected = {**by_name[name].event, "resource": f"google.{model}"}
    assert shown(event, expected) == expected


@some_setups
@pytest.mark.parametrize("access", PREFIXES)
def test_an_interaction_counts_once_however_often_it_is_fetched(
    setup: GoogleSetup, access: str, origin: Origin, sink: MemorySink
) -> None:
    working = Answer([b'{"id": "v1_2", "status": "in_progress", "model": "gemini-3.8-flash"}'])
    done = answer_of("interactions_unary")
    done = Answer([done.chunks[0].replace(b"v1_ChdtQjV3YVBhUTFMMmpLYw", b"v1_2")], headers=done.headers)

    async def scenario(client: Any) -> Any:
        ask: dict[str, Any] = {"model": "gemini-3.8-flash", "input": QUESTION}
        stream = await result(client.interactions.create(**ask, stream=True))
        events = [event.event_type async for event in each(stream)]
        work = await result(client.interactions.create(**ask, background=True))
        polls = [(await result(client.interactions.get(id=work.id))).status for _ in range(3)]
        return events[-1], work.status, polls

    origin.answers = [answer_of("interactions_stream"), working, working, done, done]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario, access) == (
        "interaction.completed",
        "in_progress",
        ["in_progress", "completed", "completed"],
    )
    streamed, polled = events_of(sink)
    assert streamed.units == polled.units
    assert (streamed.resource, polled.resource) == ("google.gemini-3.8-flash",) * 2
    assert (streamed.provider_uri or "").endswith("/interactions")
    assert (polled.provider_uri or "").endswith("/interactions/v1_2")
    assert payi_stats().skipped == {"pending": 2, "repeated": 1}


@some_setups
def test_each_call_of_automatic_function_calling_is_an_event(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"sunny in {city}"

    call = {"functionCall": {"name": "get_weather", "args": {"city": "Boston"}}}
    candidate = {"content": {"role": "model", "parts": [call]}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 60, "candidatesTokenCount": 20}
    asked = json.dumps({"candidates": [candidate], "usageMetadata": usage}).encode()
    config = types.GenerateContentConfig(tools=[get_weather])

    async def scenario(client: Any) -> Any:
        request: dict[str, Any] = {"model": MODEL, "contents": QUESTION, "config": config}
        return (await result(client.models.generate_content(**request))).text

    origin.answers = [Answer([asked]), answer_of("gemini_unary")]
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

    origin.answers = [answer_of("gemini_unary")]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == "Hello! It is sunny."
    _, event = events_of(sink)
    sent = json.loads(origin.received[1].body)
    sent["contents"][2]["parts"][0]["inlineData"]["data"] = "<not_instrumented>"
    assert json.loads(event.provider_request_json or "") == sent
    assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user"]
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]


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

    origin.answers = [dataclasses.replace(answer_of("gemini_stream"), hold=left)]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == "Hello! It"
    # Some of the SDK's streams are let go of, and not closed.
    gc.collect()
    [event] = events_of(sink)
    assert shown(event, ["properties", "units"]) == {
        "properties": {"system.stream": "partial"},
        "units": {"text": {"input": 8, "output": 2}, "reasoning": {"output": 20}},
    }


@some_setups
def test_a_call_without_an_answer_is_told_with_its_exception(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        try:
            await result(client.models.generate_content(model=MODEL, contents=QUESTION))
        except Exception as exc:
            return type(exc)

    origin.answers = [Answer(end="reset")]
    without = run(setup, origin.url, scenario)
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) is without is not None
    [event] = events_of(sink)
    assert (event.http_status_code, event.resource) == (299, f"google.{MODEL}")
    assert event.properties is not None
    assert without.__name__ == event.properties["system.failure"]


@some_setups
def test_counting_tokens_and_listing_models_are_no_calls(
    setup: GoogleSetup, origin: Origin, sink: MemorySink
) -> None:
    async def scenario(client: Any) -> Any:
        counted = await result(client.models.count_tokens(model=MODEL, contents=QUESTION))
        model = await result(client.models.get(model=MODEL))
        return counted.total_tokens, model.name

    origin.answers = [Answer([b'{"totalTokens": 8}']), Answer([b'{"name": "models/gemini-2.5-flash"}'])]
    instrument(origin, sink)
    assert run(setup, origin.url, scenario) == (8, "models/gemini-2.5-flash")
    assert events_of(sink) == []
    assert payi_stats().captured == 0


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_an_array_of_messages_is_recorded_where_no_events_were_asked_for(
    library: Any, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of("gemini_array_stream")]
    instrument(origin, sink)
    url = f"{origin.url}/v1beta/models/{MODEL}:streamGenerateContent"
    assert library.post(url, json={}).content == by_name["gemini_array_stream"].answer
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": by_name["gemini_array_stream"].event["units"]}


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """Pay-i, on loopback."""
    with serve() as running:
        running.answers = [Answer([b'{"ingest_count":1,"ingest_timestamp":"","request_id":"r"}'])]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        yield running


async def ask_with_key_in_url(url: str) -> AsyncIterator[None]:
    """Answered, refused, and never answered: with each HTTP library that has hooks."""
    for library in (httpx, httpx2):
        async with library.AsyncClient() as client:
            for address in (url, "http://127.0.0.1:1"):
                with contextlib.suppress(library.ConnectError):
                    await client.post(
                        f"{address}/v1beta/models/{MODEL}:generateContent?key=sk-secret&alt=json",
                        json={},
                        headers={"x-goog-api-key": "sk-secret", "authorization": "Bearer sk-secret"},
                    )
                yield


@pytest.mark.parametrize("name", ["gemini_unary", "gemini_error_400"])
def test_a_key_never_leaves_the_process(
    name: str, origin: Origin, payi: Origin, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    config: Any = {
        "host_mappings": {host: {"price_as_category": CATEGORY} for host in (origin.netloc, "127.0.0.1:1")},
        "capture": {"request_headers": ["x-goog-api-client"]},
    }
    file = tmp_path / "capture.json"

    async def main() -> None:
        async for _ in ask_with_key_in_url(origin.url):
            pass

    origin.answers = [answer_of(name)]
    with caplog.at_level(logging.DEBUG, "payi"):
        for offline in ({}, {"offline_instrumentation": {"file_name": str(file)}}):
            payi_instrument(config=config | offline)
            anyio.run(main)
            assert payi_flush(10)
            assert payi_stats().captured == 4
            payi_uninstrument()
    sent = b"".join(received.body for received in payi.received)
    assert len(json.loads(file.read_text())) == len(json.loads(payi.received[0].body)) == 4
    for written in (sent, file.read_bytes(), caplog.text.encode()):
        assert b"sk-secret" not in written
        assert b"key=" not in written
    assert b"sk-secret" not in repr([received.headers for received in payi.received]).encode()


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
                answer = await result((model.ainvoke if asynchronous else model.invoke)(QUESTION))
                return answer.text, answer.usage_metadata
            stream = (model.astream if asynchronous else model.stream)(QUESTION)
            chunks = [chunk async for chunk in each(stream)]
            return "".join(chunk.text for chunk in chunks), [chunk.usage_metadata for chunk in chunks]
        finally:
            await model.client.aio.aclose()
            model.client.close()

    origin.answers = [answer_of(name)]
    without = anyio.run(ask)
    instrument(origin, sink)
    assert anyio.run(ask) == without
    assert without[0] == "Hello! It is sunny."
    [event] = events_of(sink)
    expected = by_name[name].event
    assert shown(event, expected) == expected
