"""The text in OpenAI-shaped requests and answers, for those few that have to be counted by a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.framing import Frames

__all__ = ["find_texts", "read_output_text", "read_prompt_texts"]

_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str] | None:
    """Each text of a request's messages, or instructions and input; None where it has no image."""
    if b'"image_url"' not in request and b'"input_image"' not in request:
        return None
    body = _decode(request)
    if not isinstance(body, dict):
        return []
    parts = (body.get("instructions"), body.get("messages"), body.get("input"))
    return [text for part in parts for text in find_texts(part)]


def read_output_text(frames: Frames) -> str:
    """The text of an answer as far as it came, of all choices."""
    return "".join(text for _, data in frames for text in _find_output(_decode(data)))


def _decode(data: bytes) -> Any:
    try:
        return _any.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def find_texts(value: Any) -> Iterator[str]:
    """A text, a list of messages, or their content parts; images and other parts hold none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from find_texts(item)
    elif isinstance(value, dict):
        for name in ("text", "content"):
            yield from find_texts(value.get(name))


def _find_output(body: Any) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    if body.get("type") == "response.output_text.delta":
        yield from find_texts(body.get("delta"))
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            yield from find_texts(choice.get("delta") or choice.get("message") or choice.get("text"))
