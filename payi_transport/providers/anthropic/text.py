"""The text in requests and responses of the Messages API.

Needed only if the user has configured a tokenizer, for calls whose usage is missing or incomplete: a stream
that broke off, or a prompt with images, whose text has to be counted separately.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.shared.content_parts import find_texts, has_part
from payi_transport.providers.shared.json_values import decode

__all__ = ["read_output_text", "read_prompt_texts"]

# Which field of a delta has its text, by the delta's type.
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_IMAGES = frozenset({"image"})
# A search for bytes is much cheaper than parsing a request, and most requests have no image.
_MARK = b'"image"'
# Only these fields lead to text that the model reads. Walking every field would count ids and base64 data
# as prompt.
_PROMPT = frozenset({"system", "messages", "content", "text", "output_config", "format"})
# Fields that a model reads as JSON, or close to it. `input` is a tool's.
_WRITTEN = ("tools", "input", "schema")

_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Return each text of a prompt that has an image, in a tool's result too; None if it has none."""
    body = decode(_any, request) if _MARK in request else None
    if not has_part(body, _PROMPT, _IMAGES):
        return None
    return list(find_texts(body, _PROMPT, _WRITTEN))


def read_output_text(messages: Messages) -> str:
    """Return all that a stream wrote up to where it ended: text, thinking, and the arguments of calls."""
    return "".join(text for _, data in messages for text in _find_delta(decode(_any, data)))


def _find_delta(event: Any) -> Iterator[str]:
    delta = event.get("delta") if isinstance(event, dict) else None
    if isinstance(delta, dict) and isinstance(delta.get("type"), str):
        text = delta.get(_DELTAS.get(delta["type"], ""))
        if isinstance(text, str):
            yield text
