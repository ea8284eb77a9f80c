"""The text in OpenAI-shaped requests and answers, for those few that have to be counted by a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.reading.content_parts import find_texts, has_part
from payi_transport.providers.reading.json_values import decode

__all__ = ["read_output_text", "read_prompt_texts"]

# The parts that are images, in chat messages and in the items of a Responses input.
_IMAGES = frozenset({"image_url", "input_image", "computer_screenshot"})
_MARKS = tuple(f'"{kind}"'.encode() for kind in _IMAGES)
_CONTENT = frozenset({"text", "content"})
_PROMPT = _CONTENT | {
    *("messages", "instructions", "input", "output", "tool_calls", "function", "function_call"),
    *("response_format", "json_schema", "format"),
}
# What a model reads as JSON, or close to it.
_WRITTEN = ("tools", "functions", "arguments", "schema")
# What brings a prompt in that the request does not hold.
_KEPT = ("previous_response_id", "conversation", "prompt")

_object = msgspec.json.Decoder(dict[str, Any])


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Each text of a prompt that has an image; None for any other, and where not all of it is there."""
    if not any(mark in request for mark in _MARKS):
        return None
    body = decode(_object, request) or {}
    if any(map(body.get, _KEPT)) or not has_part(body, _PROMPT, _IMAGES):
        return None
    return list(find_texts(body, _PROMPT, _WRITTEN))


def read_output_text(messages: Messages) -> str:
    """The text of an answer as far as it came, of all choices."""
    return "".join(text for _, data in messages for text in _find_output(decode(_object, data) or {}))


def _find_output(body: dict[str, Any]) -> Iterator[str]:
    if body.get("type") == "response.output_text.delta":
        yield from find_texts(body.get("delta"), _CONTENT)
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            said = choice.get("delta") or choice.get("message") or choice.get("text")
            yield from find_texts(said, _CONTENT)
