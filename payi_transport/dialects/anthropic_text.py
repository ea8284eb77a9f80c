"""The text in Anthropic's requests and answers, for those few that have to be counted by a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.dialects.openai_text import find_texts
from payi_transport.dialects.values import decode
from payi_transport.framing import Frames

__all__ = ["read_output_text", "read_prompt_texts"]

# What a delta of a content block holds, by its type.
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_IMAGE = b'"image"'

_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Each text of a request's system prompt and messages; None where it has no image."""
    body = decode(_any, request) if _IMAGE in request else None
    if not isinstance(body, dict):
        return None
    return [text for part in (body.get("system"), body.get("messages")) for text in find_texts(part)]


def read_output_text(frames: Frames) -> str:
    """All that a stream wrote as far as it came: text, thinking, and the arguments of calls."""
    return "".join(text for _, data in frames for text in _find_delta(decode(_any, data)))


def _find_delta(event: Any) -> Iterator[str]:
    delta = event.get("delta") if isinstance(event, dict) else None
    if isinstance(delta, dict) and isinstance(delta.get("type"), str):
        text = delta.get(_DELTAS.get(delta["type"], ""))
        if isinstance(text, str):
            yield text
