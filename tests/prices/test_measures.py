"""Units that count seconds, characters and images."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payi_transport.prices.counts import Count
from payi_transport.prices.measures import find_measure, reads_measures
from payi_transport.prices.rates import RateCard

ONE = Decimal(1)


@pytest.mark.parametrize(
    ("count", "path", "resource", "prices", "measure"),
    [
        (("audio", "input", 60), "/v1/audio/transcriptions", "whisper-1", "audio_hours", "audio_seconds"),
        (("audio", "input", 60), "/v1/audio/translations", "voxtral", "input_audio_hours", "audio_seconds"),
        # Without a price for hours, seconds have none: as tokens they would cost nearly nothing.
        (
            ("audio", "input", 60),
            "/v1/audio/transcriptions",
            "gpt-4o-transcribe",
            "input_mtok",
            "audio_seconds",
        ),
        (("audio", "input", 60), "/v1/chat/completions", "gpt-4o-audio", "input_mtok", "audio"),
        (("text", "input", 60), "/v1/audio/speech", "tts-1", "input_mchars", "text_characters"),
        (("text", "input", 60), "/v1/audio/speech", "gpt-4o-mini-tts", "input_mtok", "text"),
        (("video", "output", 8), "/v1/videos/video_1", "sora-2", "output_mtok", "video_seconds"),
        (("video", "input", 8), "/v1/videos", "m", "input_mtok", "video"),
        (("text", "input", 60), "/v1/audio/transcriptions", "gpt-4o-transcribe", "input_mchars", "text"),
        (("video", "output", 8), "/v1/videos", "sora-2", "output_mtok", "video_seconds"),
        (("text", "input", 8), "/v1/videos", "sora-2", "output_mtok", "text"),
        (("image", "output", 1), "/v1/images/generations", "dall-e-3", "output_mtok", "image_count"),
        (("image", "output", 1), "/v1/models/x:predict", "google.imagen-4.0", "output_mtok", "image_count"),
        (
            ("vision", "input", 1),
            "/model/x/invoke",
            "amazon.titan-embed-image-v1",
            "input_mtok",
            "vision_count",
        ),
        (("vision", "input", 1), "/model/x/invoke", "cohere.embed-v4", "input_mtok", "vision_count"),
        (("text", "input", 1), "/model/x/invoke", "cohere.embed-v4", "input_mtok", "text"),
    ],
)
def test_the_path_and_the_model_tell_what_was_counted(
    count: tuple[str, str, int], path: str, resource: str, prices: str, measure: str
) -> None:
    found = Count(*count)  # type: ignore[arg-type]
    assert reads_measures(f"https://h.test{path}", resource) == (path != "/v1/chat/completions")
    assert find_measure(found, [found], path, resource, RateCard({prices: ONE}, {}, None)) == measure


def test_a_transcription_with_tokens_of_text_is_counted_in_tokens() -> None:
    counts = [Count("audio", "input", 60), Count("text", "output", 9)]
    card = RateCard({"input_audio_mtok": ONE}, {}, None)
    found = find_measure(counts[0], counts, "/v1/audio/transcriptions", "gpt-4o-transcribe", card)
    assert found == "audio"


@pytest.mark.parametrize(
    ("other", "prices", "measure"),
    [
        # Where hours have a price, what is counted is seconds, and text that was only read says nothing.
        (("text", "output", 9), "audio_hours", "audio_seconds"),
        (("text", "output", 9), "input_audio_hours", "audio_seconds"),
        (("text", "input", 9), "input_audio_mtok", "audio_seconds"),
        (("reasoning", "output", 9), "input_audio_mtok", "audio_seconds"),
    ],
)
def test_a_transcription_is_counted_in_seconds_unless_its_text_has_tokens(
    other: tuple[str, str, int], prices: str, measure: str
) -> None:
    counts = [Count("audio", "input", 60), Count(*other)]  # type: ignore[arg-type]
    card = RateCard({prices: ONE}, {}, None)
    assert find_measure(counts[0], counts, "/v1/audio/transcriptions", "m", card) == measure


@pytest.mark.parametrize(
    ("uri", "resource", "expected"),
    [
        ("https://h.test/v1/chat/completions", "gpt-5", False),
        ("https://h.test/v1/audio/speech", "m", True),
        ("https://h.test/v1/videos", "m", True),
        ("", "dall-e-3", True),
    ],
)
def test_only_some_paths_and_models_count_anything_but_tokens(
    uri: str, resource: str, expected: bool
) -> None:
    assert reads_measures(uri, resource) is expected
