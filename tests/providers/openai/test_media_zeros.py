"""Usages of zeros, which gateways write for models that report none: the other measure counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.openai.media import read_images, read_speech, read_transcription
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import Shown, make_messages, show

NOTHING = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
DETAILED = {**NOTHING, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0}}
SPOKEN = json.dumps({"model": "tts-1", "input": "Hello"}).encode()


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        (DETAILED, {"image": (None, 2)}),
        (NOTHING, {"image": (None, 2)}),
        ({"input_tokens": 0}, {"image": (None, 2)}),
        ({"output_tokens": 0}, {"image": (None, 2)}),
        ({**NOTHING, "output_tokens": 9}, {"text": (0, None), "image": (None, 9)}),
        ({**NOTHING, "input_tokens": 9}, {"text": (9, None), "image": (None, 0)}),
    ],
    ids=repr,
)
def test_images_without_a_token_are_billed_by_their_number(usage: dict[str, Any], units: Shown) -> None:
    body = {"data": [{"url": "https://x.test/1"}, {"url": "https://x.test/2"}], "usage": usage}
    assert show(read_images(RawResponse(make_messages(body))).units) == units


@pytest.mark.parametrize(("body", "is_cut"), [({"data": []}, False), ({"data": [{}]}, True)])
def test_zeros_stay_where_no_image_can_be_counted(body: dict[str, Any], is_cut: bool) -> None:
    raw = RawResponse(make_messages({**body, "usage": DETAILED}), is_cut=is_cut)
    assert show(read_images(raw).units) == {"text": (0, None), "image": (None, 0)}


@pytest.mark.parametrize(
    ("body", "units"),
    [
        ({"duration": 3.2}, {"audio": (3, None)}),
        ({}, {"audio": (0, None), "text": (None, 0)}),
        ({"duration": None}, {"audio": (0, None), "text": (None, 0)}),
    ],
)
def test_a_transcription_without_a_token_is_billed_by_its_duration(
    body: dict[str, Any], units: Shown
) -> None:
    messages = make_messages({"text": "Hello", "usage": NOTHING, **body})
    assert show(read_transcription(RawResponse(messages)).units) == units


@pytest.mark.parametrize(
    ("request_body", "units"),
    [(SPOKEN, {"text": (5, None)}), (b"{}", {"text": (0, None), "audio": (None, 0)})],
)
def test_speech_without_a_token_is_billed_by_its_characters(request_body: bytes, units: Shown) -> None:
    done = make_messages({"type": "speech.audio.done", "usage": NOTHING})
    assert show(read_speech(RawResponse(done, request_body=request_body)).units) == units
