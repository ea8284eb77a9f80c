"""The text in requests and responses of OpenAI's APIs.

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

# The types of parts that are images, in chat messages and in the input items of a response.
_IMAGES = frozenset({"image_url", "input_image", "computer_screenshot"})
_MARKS = tuple(f'"{kind}"'.encode() for kind in _IMAGES)
_CONTENT = frozenset({"text", "content"})
_PROMPT = _CONTENT | {
    *("messages", "instructions", "input", "output", "tool_calls", "function", "function_call"),
    *("response_format", "json_schema", "format"),
}
# Fields that a model reads as JSON, or close to it.
_WRITTEN = ("tools", "functions", "arguments", "schema")
# Fields that add to the prompt what the request itself does not hold.
_KEPT = ("previous_response_id", "conversation", "prompt")

_object = msgspec.json.Decoder(dict[str, Any])


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Return each text of a prompt that has an image, None if it has none or is not all in the request."""
    if not any(mark in request for mark in _MARKS):
        return None
    body = decode(_object, request) or {}
    # Part of the prompt is stored at OpenAI then, so counting the text of this request alone would count
    # too little.
    if any(map(body.get, _KEPT)) or not has_part(body, _PROMPT, _IMAGES):
        return None
    return list(find_texts(body, _PROMPT, _WRITTEN))


def read_output_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended, of all choices."""
    return "".join(text for _, data in messages for text in _find_output(decode(_object, data) or {}))


def _find_output(body: dict[str, Any]) -> Iterator[str]:
    # Only deltas: later events of the same stream repeat the whole text.
    if body.get("type") == "response.output_text.delta":
        yield from find_texts(body.get("delta"), _CONTENT)
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            # In turn: a chunk of a stream, a document, and a legacy completion.
            content = choice.get("delta") or choice.get("message") or choice.get("text")
            yield from find_texts(content, _CONTENT)
