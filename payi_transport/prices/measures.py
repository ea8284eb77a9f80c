"""What a unit counts where it isn't tokens: seconds of audio and video, characters, and whole images.

Older models of audio, images and video report no tokens. Their units have the same names as those of newer
models, so the path and the model tell what was counted. Priced as tokens, they would be far too cheap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from payi_transport.prices.counts import Count
from payi_transport.prices.rates import RateCard

__all__ = ["find_measure", "reads_measures"]

_TRANSCRIBES = re.compile(r"/audio/(transcriptions|translations)$")
_SPEAKS = re.compile(r"/audio/speech$")
_MAKES_VIDEO = re.compile(r"/videos(/|$)")
_MAKES_IMAGES = re.compile(r"dall-e|imagen")
_EMBEDS_IMAGES = re.compile(r"cohere\.embed|titan-embed-image")


@lru_cache(maxsize=4096)
def reads_measures(path: str, resource: str) -> bool:
    """Return whether any unit of a call may count something other than tokens."""
    return "/audio/" in path or "/videos" in path or bool(_find_images(resource))


def find_measure(count: Count, counts: Iterable[Count], path: str, resource: str, card: RateCard) -> str:
    """Return the name under which a unit is looked up in the price list."""
    if count.unit == "audio" and _TRANSCRIBES.search(path):
        in_hours = card.has("input_audio_hours") or card.has("audio_hours")
        # A transcription that is counted in tokens has tokens of its text, too.
        has_text = any(other.unit == "text" and other.direction == "output" for other in counts)
        return "audio_seconds" if in_hours or not has_text else "audio"
    if count.unit == "text" and _SPEAKS.search(path) and card.has("input_mchars"):
        return "text_characters"
    if count.unit == "video" and count.direction == "output" and _MAKES_VIDEO.search(path):
        return "video_seconds"
    images = _find_images(resource)
    return f"{count.unit}_count" if images and count.unit == images else count.unit


def _find_images(resource: str) -> str | None:
    """Return the unit in which a model counts images one by one, None if it has none."""
    if _EMBEDS_IMAGES.search(resource):
        return "vision"
    return "image" if _MAKES_IMAGES.search(resource) else None
