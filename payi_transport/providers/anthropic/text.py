"""The text in Anthropic's requests and answers, for those few that have to be counted by a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.reading.content_parts import find_texts, has_part
from payi_transport.providers.reading.json_values import decode

__all__ = ["read_output_text", "read_prompt_texts"]

# What a delta of a content block holds, by its type.
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_IMAGES = frozenset({"image"})
_MARK = b'"image"'
_PROMPT = frozenset({"system", "messages", "content", "text", "output_config", "format"})
# What a model reads as JSON, or close to it; `input` is that of a tool.
_WRITTEN = ("tools", "input", "schema")

_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Each text of a prompt that has an image, also in a tool's result; None for any other."""
    body = decode(_any, request) if _MARK in request else None
    if not has_part(body, _PROMPT, _IMAGES):
        return None
    return list(find_texts(body, _PROMPT, _WRITTEN))


def read_output_text(messages: Messages) -> str:
    """All that a stream wrote as far as it came: text, thinking, and the arguments of calls."""
    return "".join(text for _, data in messages for text in _find_delta(decode(_any, data)))


def _find_delta(event: Any) -> Iterator[str]:
    delta = event.get("delta") if isinstance(event, dict) else None
    if isinstance(delta, dict) and isinstance(delta.get("type"), str):
        text = delta.get(_DELTAS.get(delta["type"], ""))
        if isinstance(text, str):
            yield text
