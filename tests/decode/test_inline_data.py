"""Inline data in a recorded body is replaced, however it is written, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode.inline_data import NOT_INSTRUMENTED, strip_inline_data
from tests.decode.stripping import HEADS, LINES, LONG, SHORT, URL_SAFE, VERY_LONG, WORD, check, fill, write
from tests.providers.shapes import objects_of

DATA_URL = f"data:image/png;base64,{SHORT}"

# Where each provider's API has inline data; "@" stands for it.
PLACES: dict[str, Any] = {
    "chat image_url": {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "@url"}}]}]},
    "chat input_audio": {"content": [{"type": "input_audio", "input_audio": {"data": "@", "format": "wav"}}]},
    "chat input_audio, format first": {"input_audio": {"format": "wav", "data": "@"}},
    "chat file": {"type": "file", "file": {"filename": "a.pdf", "file_data": "@url"}},
    "chat response in audio": {"audio": {"id": "a", "data": "@", "transcript": 'so {x} he "said" [y]'}},
    "chat response in audio, data last": {"audio": {"transcript": 'so {x} he "data": "said"', "data": "@"}},
    "chat delta in audio": {"choices": [{"delta": {"audio": {"data": "@", "expires_at": 1}}}]},
    "response with images": {"message": {"images": [{"image_url": {"url": "@url"}}]}},
    "responses input_image": {"type": "input_image", "image_url": "@url", "detail": "auto"},
    "responses input_file": {"type": "input_file", "filename": "a", "file_data": "@"},
    "responses input_file as a URL": {"type": "input_file", "file_data": "@url"},
    "responses audio event": {"type": "response.audio.delta", "delta": "@"},
    "responses output audio event": {"delta": "@", "type": "response.output_audio.delta"},
    "speech event": {"type": "speech.audio.delta", "audio": "@"},
    "partial image": {"type": "response.image_generation_call.partial_image", "partial_image_b64": "@"},
    "streamed partial image": {"type": "image_generation.partial_image", "b64_json": "@", "size": "auto"},
    "image": {"created": 1, "data": [{"b64_json": "@", "revised_prompt": "a cat"}], "usage": {}},
    "screenshot": {"type": "computer_call_output", "output": {"image_url": "@url"}},
    "Gemini part": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "@"}}, {"text": "data"}]},
    "Gemini part, data first": {"inline_data": {"data": "@", "mime_type": "image/png"}},
    "Vertex image": {"predictions": [{"bytesBase64Encoded": "@", "mimeType": "image/png"}]},
    "AWS's image": {"image": {"format": "png", "source": {"bytes": "@"}}},
    "AWS's image in an event": {"contentBlockIndex": 0, "delta": {"image": {"source": {"bytes": "@"}}}},
    "Titan's image": {"inputText": "a cat", "inputImage": "@"},
    "Nova's images": {
        "taskType": "INPAINTING",
        "inPaintingParams": {"text": "a cat", "maskImage": "@"},
        "textToImageParams": {"conditionImage": "@"},
        "virtualTryOnParams": {"sourceImage": "@", "referenceImage": "@"},
    },
    "Google's image": {"image": {"imageBytes": "@", "mimeType": "image/png"}},
    "TwelveLabs' video": {"inputPrompt": "a cat", "mediaSource": {"base64String": "@"}},
    "code interpreter's plot": {"outputs": [{"type": "image", "url": "@url"}]},
}
LONG_PLACES: dict[str, Any] = {
    "images that were made": {"images": ["@", "@"], "error": None},
    "an image after a short word": {"images": ["AAAA", "@"]},
    "image tool": {"type": "image_generation_call", "result": "@", "status": "completed"},
    "data": {"source": {"type": "base64", "media_type": "image/png", "data": "@"}},
    "interaction's image": {"index": 0, "delta": {"type": "image", "mime_type": "image/png", "data": "@"}},
    "Nova's image": {"backgroundRemovalParams": {"image": "@"}},
    "Stability's images": {"prompt": "a cat", "image": "@", "init_image": "@", "mask": "@"},
    "Stability's response": {"artifacts": [{"seed": 0, "base64": "@", "finishReason": "SUCCESS"}]},
    "audio as text": {"type": "input_audio", "input_audio": "@"},
}
SPELLINGS = {
    "short": SHORT,
    "long": LONG,
    "both alphabets": URL_SAFE,
    "in lines": LINES,
    "windows lines": LINES.replace("\n", "\r\n"),
    "unpadded": LONG.rstrip("="),
}


@pytest.mark.parametrize("style", ["", "spaces", "escaped slashes", "escaped signs"])
@pytest.mark.parametrize("data", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_inline_data_is_replaced_and_nothing_else(place: Any, data: str, style: str) -> None:
    check(place, data, style)


@pytest.mark.parametrize("style", ["", "spaces", "escaped slashes"])
@pytest.mark.parametrize("data", [LONG, URL_SAFE, LINES])
@pytest.mark.parametrize("place", LONG_PLACES.values(), ids=LONG_PLACES)
def test_fields_with_other_uses_are_replaced_only_if_they_are_long(place: Any, data: str, style: str) -> None:
    check(place, data, style)


@pytest.mark.parametrize("style", ["", "escaped slashes", "escaped signs"])
@pytest.mark.parametrize("head", HEADS)
def test_a_data_url_may_have_any_parameters(head: str, style: str) -> None:
    check(PLACES["responses input_image"], LONG, style, head)
    check(PLACES["responses input_image"], "AA%2B%2FAA%3D%3D", style, head)


UNTOUCHED: dict[str, Any] = {
    "a link": {"image_url": "https://x.test/data:image/png;base64,AAAA"},
    "a data URL of text": {"url": "data:text/plain,hello"},
    "a data URL in a text": {"content": f"look at {DATA_URL} please"},
    "a text that begins as a data URL": {"content": f'{DATA_URL} "is" short'},
    "a quote after a data URL": {"content": f'{DATA_URL}"'},
    "a quoted data URL in a text": {"content": f'say "{DATA_URL}", or \\"{DATA_URL}\\"'},
    "a data URL as a name": {DATA_URL: 1},
    "JSON in a text": {"arguments": json.dumps({"b64_json": LONG, "data": LONG, "audio": {"data": SHORT}})},
    "JSON in JSON in a text": {"arguments": json.dumps(json.dumps({"b64_json": LONG, "url": DATA_URL}))},
    "a text delta that looks like base64": {"type": "response.output_text.delta", "delta": "-" * 200},
    "a transcript's delta": {"type": "response.output_audio_transcript.delta", "delta": LONG},
    "a delta of arguments": {"type": "response.function_call_arguments.delta", "delta": LONG},
    "a short result": {"result": "completed", "data": "yes", "audio": "none"},
    "a checksum": {"data": "0123456789abcdef" * 4, "result": "0123456789ABCDEF" * 8},
    "a long text": {"data": "word " * 50, "result": "a.b" * 40},
    "a schema with such names": {"properties": {"b64_json": {"type": "string"}, "data": {"type": "string"}}},
    "the format of images": {"response_format": "b64_json", "output": ["file_data", "audio"]},
    "settings of audio": {"audio": {"voice": "alloy", "format": "wav"}, "modalities": ["text", "audio"]},
    "an id of audio": {"audio": {"id": "audio_1"}, "data": {"data": "x"}},
    "sizes and places": {"bytes": "1024", "source": {"s3Location": {"uri": "s3://a/b"}}},
    "text of a document": {"source": {"text": LONG, "content": [{"text": SHORT}]}},
    "names of images": {"images": ["cat.png", "dog"]},
    "images of another kind": {"images": [{"url": "https://x.test/1"}, SHORT], "image": "none"},
    "nothing": {},
}


@pytest.mark.parametrize("style", ["", "spaces", "escaped slashes"])
@pytest.mark.parametrize("body", UNTOUCHED.values(), ids=UNTOUCHED)
def test_everything_else_stays_as_it_was_sent(body: Any, style: str) -> None:
    written = write(body, style)
    assert strip_inline_data(written) == written


@pytest.mark.parametrize("name", ["audio", "base64", "data", "init_image", "input_audio", "mask", "result"])
@pytest.mark.parametrize(("length", "replaced"), [(63, False), (64, True)])
def test_a_field_with_other_uses_holds_data_from_a_length_on(name: str, length: int, replaced: bool) -> None:
    written = write({name: LONG[:length], "images": ["a", LONG[:length]]})
    left = write({name: WORD, "images": ["a", WORD]}) if replaced else written
    assert strip_inline_data(written) == left


# A truncated body of the case left out lacks the type, without which nobody knows that the delta is audio.
CUT = {name: place for name, place in PLACES.items() if name != "responses output audio event"}


@pytest.mark.parametrize("place", CUT.values(), ids=CUT)
@pytest.mark.parametrize("between", [b"", b"\n\n", b"\\"])
def test_data_at_the_end_of_a_truncated_body_is_replaced(place: Any, between: bytes) -> None:
    body = write(fill(place, LONG))
    truncated = body[: body.index(LONG[:80].encode()) + 70] + between
    assert strip_inline_data(truncated).endswith(NOT_INSTRUMENTED + between.strip())


def test_a_truncated_list_of_images_loses_its_last_image_too() -> None:
    body = write({"images": [LONG, LONG]})
    truncated = body[: body.rindex(LONG[-20:].encode())]
    assert strip_inline_data(truncated) == b'{"images":["%b","%b' % (NOT_INSTRUMENTED, NOT_INSTRUMENTED)


def test_every_piece_of_data_in_a_body_is_replaced() -> None:
    place = list(PLACES.values())
    check(place, LONG)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_very_large_data_is_replaced(place: Any) -> None:
    check(place, "aGk1" * 2_500_000)


@pytest.mark.parametrize(
    "part",
    [
        b'"data:',
        b'"data:image/png;base64,',
        b'"audio":{',
        b'"audio":{"data" ',
        b'"inlineData":{',
        b'"b64_json":"',
        b'"images":["A",',
        b'"images":["A","A"',
        b'"source":{"bytes":"',
        b'"data":"A',
        b'"',
        b"\\",
        b'\\"',
        b"{",
        b'"a":"b",',
        b'"type":"',
        b'"signature":"',
        b'"base64":[',
        b"A",
        b'"Aa1' + b"A" * 600,
        b'"Aa' + b"A" * 600 + b"\\/",
    ],
    ids=repr,
)
def test_large_bodies_that_almost_look_like_data_take_linear_time(part: bytes) -> None:
    body = part * (1_000_000 // len(part))
    assert len(strip_inline_data(body)) <= len(body) + len(body) // len(part) * len(NOT_INSTRUMENTED)


NAMES = (
    "data",
    "result",
    "delta",
    "audio",
    "input_audio",
    "b64_json",
    "file_data",
    "type",
    "url",
    "signature",
    DATA_URL,
)


@given(objects_of((*NAMES, "audio.delta", SHORT, LONG, VERY_LONG, 'a"b\\', f'{DATA_URL}"')))
def test_json_stays_json_of_the_same_shape(body: Any) -> None:
    def same(before: Any, after: Any) -> bool:
        if isinstance(before, dict):
            return before.keys() == after.keys() and all(same(before[key], after[key]) for key in before)
        if isinstance(before, list):
            return len(before) == len(after) and all(map(same, before, after))
        return bool(before == after) or (isinstance(before, str) and after == WORD)

    assert same(body, json.loads(strip_inline_data(json.dumps(body).encode())))


@given(st.binary(max_size=200))
def test_bytes_that_are_not_json_raise_nothing(body: bytes) -> None:
    strip_inline_data(body)
