"""The OpenAI SDK's endpoints beside chat completions, on each HTTP stack: seen alike, and counted once."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pydantic
import pytest

from payi_transport import MemorySink, payi_stats, track_context
from tests.contract.calls import instrument, make_response, run
from tests.contract.clients import SETUPS, Setup, each, result
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

by_name = {case.name.removeprefix("openai/"): case for case in CASES if case.name.startswith("openai/")}
JSON = {"content-type": "application/json"}
# One of each kind: the rest differ in nothing that these endpoints meet.
some_setups = pytest.mark.parametrize(
    "setup",
    [s for s in SETUPS if s.name in ("own-sync", "own-async", "own-aiohttp", "legacy-sync")],
    ids=lambda s: s.name,
)


class Weather(pydantic.BaseModel):
    city: str


Act = Callable[[Any], Awaitable[Any]]


async def create(client: Any) -> Any:
    return (await result(client.responses.create(model="gpt-5.2", input="Hi"))).output_text


async def stream(client: Any) -> Any:
    events = await result(client.responses.create(model="gpt-5.2", input="Hi", stream=True))
    return [event.type async for event in each(events)]


async def decide(client: Any) -> Any:
    question: Any = {"type": "predicate", "instructions": "The customer wants a refund.", "name": "refund"}
    response = await result(
        client.decisions.create(model="gpt-6-luna", input="My order never came.", questions=[question])
    )
    return response.answers[0].probability


async def embed(client: Any) -> Any:
    answer = await result(client.embeddings.create(model="text-embedding-3-small", input="Hi"))
    return answer.data[0].embedding


async def complete(client: Any) -> Any:
    answer = await result(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say this"))
    return answer.choices[0].text


async def draw(client: Any) -> Any:
    answer = await result(client.images.generate(model="gpt-image-1.5", prompt="A cute otter"))
    return answer.data[0].b64_json


async def draw_streamed(client: Any) -> Any:
    events = await result(client.images.generate(model="gpt-image-1.5", prompt="An otter", stream=True))
    return [event.type async for event in each(events)]


async def edit(client: Any) -> Any:
    image = ("otter.png", io.BytesIO(b"\x89PNG" * 1000), "image/png")
    answer = await result(client.images.edit(model="gpt-image-1.5", prompt="A cute otter", image=image))
    return answer.data[0].b64_json


async def transcribe(client: Any) -> Any:
    audio = ("speech.wav", io.BytesIO(b"RIFF" * 1000), "audio/wav")
    answer = await result(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=audio))
    return answer.text


async def transcribe_streamed(client: Any) -> Any:
    audio = ("speech.wav", io.BytesIO(b"RIFF" * 1000), "audio/wav")
    create = client.audio.transcriptions.create
    events = await result(create(model="gpt-4o-mini-transcribe", file=audio, stream=True))
    return [event.type async for event in each(events)]


OPERATIONS: dict[str, tuple[Act, str]] = {
    "responses": (create, "responses_unary"),
    "responses streamed": (stream, "responses_stream"),
    "embeddings": (embed, "embeddings_base64"),
    "completions": (complete, "completions_unary"),
    "images": (draw, "images_generate"),
    "images streamed": (draw_streamed, "images_stream"),
    "image edits": (edit, "images_generate"),
    "transcription": (transcribe, "transcription_tokens"),
    "transcription streamed": (transcribe_streamed, "transcription_stream"),
}
# Earlier versions of the SDK have none.
if hasattr(openai.OpenAI, "decisions"):
    OPERATIONS["decisions"] = (decide, "decisions_unary")


@some_setups
@pytest.mark.parametrize(("act", "name"), OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_is_seen_alike_and_is_one_event(
    setup: Setup, act: Act, name: str, origin: Origin, sink: MemorySink
) -> None:
    case = by_name[name]
    origin.responses = [make_response(case)]
    without = run(setup, origin.url, act)
    instrument(setup, origin, sink)
    within = run(setup, origin.url, act)
    [event] = events_of(sink)
    assert within == without
    assert shown(event, ["units", "resource", "http_status_code"]) == {
        name: case.event[name] for name in ("units", "resource", "http_status_code")
    }


@some_setups
def test_an_upload_arrives_whole_and_its_file_is_not_recorded(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(by_name["transcription_tokens"])]
    instrument(setup, origin, sink)
    run(setup, origin.url, transcribe)
    assert origin.received[0].body.count(b"RIFF") == 1000
    [event] = events_of(sink)
    form = json.loads(event.provider_request_json or "")
    assert (form["model"], form["file"]) == ("gpt-4o-transcribe", "<not_instrumented>")


@some_setups
def test_a_parsed_response_is_one_event(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    body = json.loads(by_name["responses_unary"].response)
    body["output"][0]["content"][0]["text"] = '{"city":"Boston"}'
    origin.responses = [CannedResponse([json.dumps(body).encode()], headers=JSON)]
    instrument(setup, origin, sink)

    async def act(client: Any) -> Any:
        parsed = await result(client.responses.parse(model="gpt-5.2", input="Hi", text_format=Weather))
        return parsed.output_parsed

    assert run(setup, origin.url, act) == Weather(city="Boston")
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": by_name["responses_unary"].event["units"]}


def _poll(times: int) -> Act:
    """Begin work in the background, and fetch it so often: its last status."""

    async def act(client: Any) -> Any:
        response = await result(client.responses.create(model="gpt-5.2", input="Hi", background=True))
        for _ in range(times):
            response = await result(client.responses.retrieve(response.id))
        return response.status

    return act


@some_setups
def test_a_background_response_counts_once_however_often_it_is_fetched(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    done = by_name["responses_unary"].response
    body = json.loads(done)
    waiting = [
        json.dumps({**body, "status": s, "output": [], "usage": None}).encode()
        for s in ("queued", "in_progress")
    ]
    origin.responses = [CannedResponse([text], headers=JSON) for text in (*waiting, done)]
    instrument(setup, origin, sink)

    assert run(setup, origin.url, _poll(times=4)) == "completed"
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": by_name["responses_unary"].event["units"]}
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued) == (5, 1, 0)
    assert stats.skipped == {"pending": 2, "repeated": 2}


@some_setups
def test_the_event_of_a_background_response_is_that_of_the_call_which_started_it(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    body = {**json.loads(by_name["responses_unary"].response), "model": "gpt-5.2-2026-08-01"}
    started = {**body, "status": "queued", "output": [], "usage": None}
    origin.responses = [CannedResponse([json.dumps(text).encode()], headers=JSON) for text in (started, body)]
    instrument(setup, origin, sink)

    async def act(client: Any) -> None:
        with track_context(user_id="beginner", log_prompt_and_response=False):
            response = await result(client.responses.create(model="gpt-5.2", input="Hi", background=True))
        with track_context(user_id="fetcher"):
            await result(client.responses.retrieve(response.id))

    run(setup, origin.url, act)
    [event] = events_of(sink)
    assert (event.user_id, event.resource) == ("beginner", "gpt-5.2")
    assert event.provider_uri == f"{origin.url}/v1/responses"
    assert event.provider_response_json is None


@some_setups
def test_a_background_response_that_failed_is_one_event_however_often_it_is_fetched(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    body = json.loads(by_name["responses_unary"].response)
    error = {"code": "server_error", "message": "Sorry"}
    started = {**body, "status": "queued", "output": [], "usage": None}
    failed = {**started, "status": "failed", "error": error}
    origin.responses = [
        CannedResponse([json.dumps(text).encode()], headers=JSON) for text in (started, failed)
    ]
    instrument(setup, origin, sink)

    assert run(setup, origin.url, _poll(times=3)) == "failed"
    [event] = events_of(sink)
    assert event.units == {}
    assert (event.properties or {})["system.failure"] == "server_error"
    assert payi_stats().skipped == {"pending": 1, "repeated": 2}


@some_setups
def test_speech_reaches_the_caller_as_bytes_and_counts_its_characters(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    sound = bytes(range(256)) * 8
    origin.responses = [CannedResponse([sound], headers={"content-type": "audio/mpeg"})]
    instrument(setup, origin, sink)

    async def act(client: Any) -> Any:
        answer = await result(client.audio.speech.create(model="tts-1", voice="coral", input="Hello, you"))
        return answer.content

    assert run(setup, origin.url, act) == sound
    [event] = events_of(sink)
    assert shown(event, ["units"]) == {"units": {"text": {"input": 10}}}
    assert event.provider_response_json is None


@some_setups
def test_moderations_and_model_lists_are_ignored(setup: Setup, origin: Origin, sink: MemorySink) -> None:
    origin.responses = [
        CannedResponse([b'{"id":"m","model":"x","results":[],"object":"list","data":[]}'], headers=JSON)
    ]
    instrument(setup, origin, sink)

    async def act(client: Any) -> Any:
        await result(client.moderations.create(input="Hi"))
        await result(client.models.list())

    run(setup, origin.url, act)
    assert payi_stats().captured == 0
