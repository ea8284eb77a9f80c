"""Mistral's transcription and speech: OpenAI's paths, a chat completion's usage, and seconds of audio."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.openai.media import read_speech, read_transcription
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import Shown, make_messages, show

TOKENS = {"prompt_tokens": 4, "completion_tokens": 635, "total_tokens": 3264}


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({**TOKENS, "prompt_audio_seconds": 203}, {"audio": (203, None), "text": (4, 635)}),
        ({"prompt_audio_seconds": 203}, {"audio": (203, None)}),
        (TOKENS, {"audio": (4, None), "text": (None, 635)}),
        ({**TOKENS, "prompt_audio_seconds": None}, {"audio": (4, None), "text": (None, 635)}),
    ],
)
def test_a_recording_is_billed_by_its_length(usage: Any, units: Shown) -> None:
    body = {"model": "voxtral-mini-latest", "text": "Hello", "usage": usage}
    assert show(read_transcription(RawResponse(make_messages(body))).units) == units


def test_speech_has_the_text_that_is_spoken_as_its_input() -> None:
    usage = {**TOKENS, "prompt_audio_seconds": 3, "service_tier": "priority"}
    parsed = read_speech(RawResponse(make_messages({"type": "speech.audio.done", "usage": usage})))
    assert show(parsed.units) == {"text": (4, None), "audio": (None, 635)}
    assert parsed.properties == {
        "provider.service_tier": "priority",
        "provider.prompt_audio_seconds": "3",
    }


def test_the_tier_of_a_transcription_is_a_property() -> None:
    body = {"text": "Hello", "usage": {**TOKENS, "service_tier": "priority"}}
    parsed = read_transcription(RawResponse(make_messages(body)))
    assert parsed.properties == {"provider.service_tier": "priority"}
