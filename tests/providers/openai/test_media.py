"""OpenAI's media endpoints: what each is billed by, in every shape that its usage has."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.media import (
    read_embeddings,
    read_images,
    read_speech,
    read_transcription,
)
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show

READERS = (read_embeddings, read_images, read_speech, read_transcription)
Reader = Callable[[RawResponse], ParsedResponse]
every_reader = pytest.mark.parametrize("reader", READERS)

DOCUMENTS: dict[str, tuple[Reader, dict[str, Any], Shown]] = {
    "embeddings, floats": (
        read_embeddings,
        {"data": [{"embedding": [0.5, 1e-3]}], "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        {"text": (8, None)},
    ),
    "embeddings, base64": (
        read_embeddings,
        {"data": [{"embedding": "AAAA"}], "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        {"text": (8, None)},
    ),
    "embeddings, vectors of another shape": (
        read_embeddings,
        {"data": {"a": [1]}, "usage": {"prompt_tokens": 8}},
        {"text": (8, None)},
    ),
    "embeddings, with a total alone": (read_embeddings, {"usage": {"total_tokens": 8}}, {"text": (8, None)}),
    "embeddings without usage": (read_embeddings, {"data": []}, {}),
    "embeddings, a usage of another type": (read_embeddings, {"usage": [8]}, {}),
    "images": (
        read_images,
        {
            "data": [{"b64_json": "AAAA"}],
            "usage": {
                "input_tokens": 50,
                "output_tokens": 4160,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                "output_tokens_details": {"text_tokens": 60, "image_tokens": 4100},
            },
        },
        {"text": (10, 60), "vision": (40, None), "image": (None, 4100)},
    ),
    "images, part of the prompt read from the cache": (
        read_images,
        {
            "usage": {
                "input_tokens": 50,
                "output_tokens": 100,
                "input_tokens_details": {"image_tokens": 20, "cached_tokens": 15},
            }
        },
        {"text": (15, None), "text_cache_read": (15, None), "vision": (20, None), "image": (None, 100)},
    ),
    "images, the prompt alone": (read_images, {"usage": {"input_tokens": 5}}, {"text": (5, None)}),
    "images, the result alone": (
        read_images,
        {"usage": {"output_tokens": 9, "output_tokens_details": {"text_tokens": 2}}},
        {"image": (None, 7), "text": (None, 2)},
    ),
    "images by number": (
        read_images,
        {"data": [{"url": "https://x.test/1"}, {"url": "https://x.test/2"}]},
        {"image": (None, 2)},
    ),
    "images by number, beside a usage without tokens": (
        read_images,
        {"data": [{}], "usage": {"cost": 0.02}},
        {"image": (None, 1)},
    ),
    "no images": (read_images, {"data": []}, {}),
    "images of another shape": (read_images, {"data": {"b64_json": "AAAA"}}, {}),
    "images that are null": (read_images, {"data": None}, {}),
    "transcription, tokens": (
        read_transcription,
        {
            "text": "Hi",
            "usage": {
                "type": "tokens",
                "input_tokens": 14,
                "output_tokens": 45,
                "input_token_details": {"audio_tokens": 10, "text_tokens": 4},
            },
        },
        {"audio": (10, None), "text": (4, 45)},
    ),
    "transcription, details by the usual name": (
        read_transcription,
        {"usage": {"input_tokens": 14, "input_tokens_details": {"text_tokens": 4}}},
        {"audio": (10, None), "text": (4, None)},
    ),
    "transcription, no details": (
        read_transcription,
        {"usage": {"input_tokens": 14, "output_tokens": 45}},
        {"audio": (14, None), "text": (None, 45)},
    ),
    "transcription, the result alone": (
        read_transcription,
        {"usage": {"output_tokens": 45}},
        {"text": (None, 45)},
    ),
    "transcription, seconds": (
        read_transcription,
        {"text": "Hi", "usage": {"type": "duration", "seconds": 7}},
        {"audio": (7, None)},
    ),
    "transcription, tokens win over the duration": (
        read_transcription,
        {"duration": 3.2, "usage": {"type": "tokens", "input_tokens": 14}},
        {"audio": (14, None)},
    ),
    "speech in a stream": (
        read_speech,
        {"type": "speech.audio.done", "usage": {"input_tokens": 14, "output_tokens": 101}},
        {"text": (14, None), "audio": (None, 101)},
    ),
}


@pytest.mark.parametrize(("reader", "document", "units"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_becomes_units(reader: Reader, document: dict[str, Any], units: Shown) -> None:
    assert show(reader(RawResponse(make_messages(document))).units) == units


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (3, 3),
        (3.49, 3),
        (3.5, 4),
        ("8.470000267028809", 8),
        (0, 0),
        (0.2, 0),
        (-1, None),
        (1e12, None),
        (10**400, None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
        ([3], None),
    ],
    ids=repr,
)
def test_a_duration_is_whole_seconds(duration: Any, seconds: int | None) -> None:
    body = b'{"text":"Hi","duration":%b}' % json.dumps(duration).encode()
    assert show(read_transcription(RawResponse(make_messages(body))).units) == (
        {} if seconds is None else {"audio": (seconds, None)}
    )


SPOKEN = {"model": "tts-1-hd", "input": "Grüße, 日本", "voice": "alloy"}


@pytest.mark.parametrize(
    ("request_body", "units"),
    [
        (json.dumps(SPOKEN).encode(), {"text": (9, None)}),
        (json.dumps({**SPOKEN, "input": ""}).encode(), {"text": (0, None)}),
        (json.dumps({**SPOKEN, "model": "gpt-4o-mini-tts"}).encode(), {}),
        (json.dumps({**SPOKEN, "model": None}).encode(), {}),
        (json.dumps({**SPOKEN, "input": ["a"]}).encode(), {}),
        (b"{}", {}),
        (b"", {}),
        (b"\xff\xfe", {}),
        (b'{"model":"tts-1","input":"\xff"}', {"text": (1, None)}),
        *((body, {}) for body in DEEP),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_speech_of_a_model_that_is_billed_by_characters_is_counted_by_them(
    request_body: bytes, units: Shown
) -> None:
    reply = RawResponse(make_messages(b"ID3\x04\x00\xff\xfb"), request_body=request_body)
    assert show(read_speech(reply).units) == units


def test_model_id_and_properties_of_a_response() -> None:
    parsed = read_embeddings(RawResponse(make_messages({"id": "e-1", "model": "text-embedding-3-small"})))
    assert parsed == ParsedResponse(model="text-embedding-3-small", response_id="e-1")


def test_images_report_their_size_and_quality() -> None:
    document = {"data": [{}], "size": "1024x1024", "quality": "high", "background": "opaque"}
    assert read_images(RawResponse(make_messages(document))) == ParsedResponse(
        units={"image": Units(output=1)},
        properties={"provider.size": "1024x1024", "provider.quality": "high"},
    )


@pytest.mark.parametrize(
    ("told", "properties"),
    [
        ({"input_tokens": 3, "model": "m"}, {"input_tokens": "3", "model": "m"}),
        ({}, {}),
        (None, {}),
        ("x", {}),
        ([3], {}),
    ],
    ids=repr,
)
def test_the_usage_of_drawing_svg_is_reported_in_properties(told: Any, properties: dict[str, str]) -> None:
    parsed = read_images(RawResponse(make_messages({"data": [{}], "svg_usage": told})))
    assert parsed.properties == {f"provider.svg_usage.{name}": value for name, value in properties.items()}
    assert show(parsed.units) == {"image": (None, 1)}


@pytest.mark.parametrize("reader", [read_embeddings, read_images])
def test_what_a_host_reports_besides_tokens_becomes_properties(reader: Reader) -> None:
    document = {"usage": {"input_tokens": 4, "total_tokens": 4, "cost": 0.25}}
    assert reader(RawResponse(make_messages(document))).properties == {"provider.cost": "0.25"}


USAGE = {"input_tokens": 3, "output_tokens": 5}
ENDS = {
    "image_generation.completed": read_images,
    "image_edit.completed": read_images,
    "transcript.text.done": read_transcription,
    "speech.audio.done": read_speech,
}


@pytest.mark.parametrize(("end", "reader"), ENDS.items(), ids=ENDS)
@pytest.mark.parametrize("read_to_end", [True, False])
def test_a_stream_is_finished_with_its_last_event(end: str, reader: Reader, read_to_end: bool) -> None:
    started = {"type": f"{end.rpartition('.')[0]}.delta", "delta": "AAAA"}
    whole = reader(RawResponse(make_messages(started, {"type": end, "usage": USAGE}, b"[DONE]"), read_to_end))
    assert whole.finished
    assert {name: (unit.input, unit.output) for name, unit in whole.units.items()} != {}
    cut = reader(RawResponse(make_messages(started), read_to_end))
    assert not cut.finished
    assert cut.units == {}


def test_the_last_usage_of_a_stream_counts() -> None:
    bodies = [{"type": "x.done", "usage": usage} for usage in (USAGE, {"input_tokens": 9}, {}, None, "x")]
    assert show(read_embeddings(RawResponse(make_messages(*bodies))).units) == {"text": (9, None)}


@every_reader
@pytest.mark.parametrize("read_to_end", [True, False])
def test_a_document_is_finished_when_it_was_read_to_its_end(reader: Reader, read_to_end: bool) -> None:
    assert reader(RawResponse(make_messages({"usage": USAGE}), read_to_end)).finished is read_to_end
    assert reader(RawResponse([], read_to_end)).finished is read_to_end


@every_reader
def test_a_failure_inside_a_response_is_reported_and_ends_it(reader: Reader) -> None:
    started = {"type": "image_generation.partial_image", "b64_json": "AAAA"}
    error = {"type": "error", "error": {"type": "image_error", "code": "moderation_blocked", "message": "No"}}
    parsed = reader(RawResponse(make_messages(started, error), read_to_end=False))
    assert parsed.failure == Failure("image_error", "moderation_blocked", "No")
    assert parsed.finished


NAMES = (
    *("type", "id", "model", "usage", "error", "duration", "quality", "size", "data", "input", "seconds"),
    *("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details", "text_tokens"),
    *("image_tokens", "cached_tokens", "input_token_details", "prompt_tokens", "x.completed"),
)


@every_reader
@given(documents=st.lists(objects_of(NAMES), max_size=3), asked=objects_of(("model", "input")))
def test_any_json_raises_nothing_and_gives_whole_units(
    reader: Reader, documents: list[dict[str, Any]], asked: dict[str, Any]
) -> None:
    parsed = reader(RawResponse(make_messages(*documents), request_body=json.dumps(asked).encode()))
    for unit in parsed.units.values():
        for number in (unit.input, unit.output):
            assert number is None or (type(number) is int and number >= 0)
    for name in (parsed.model, parsed.response_id):
        assert name is None or isinstance(name, str)


@every_reader
@given(bodies=st.lists(st.binary(max_size=40), max_size=3), asked=st.binary(max_size=40))
def test_any_bytes_raise_nothing(reader: Reader, bodies: list[bytes], asked: bytes) -> None:
    reader(RawResponse(make_messages(*bodies), request_body=asked))


@every_reader
@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_bounds_raises_nothing(reader: Reader, body: bytes) -> None:
    assert reader(RawResponse(make_messages(body))).units == {}
