"""Prompts and responses as the conventions' messages, cut at a size.

A message is `{"role": ..., "parts": [{"type": "text", "content": ...}]}`, and the attribute is a JSON array
of them. Providers arrange texts in a few ways. Each way is a place in the JSON; whatever is not there makes
no message. The parts of a stream are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from payi_transport.sinks.otel import names
from payi_transport.values.event import Event

__all__ = ["describe_content"]

# The role, and the text.
Message = tuple[str, str]
_INSTRUCTIONS = ("system", "instructions", "systemInstruction", "system_instruction")
_INPUTS = ("messages", "contents", "input", "prompt")


def describe_content(event: Event, attributes: dict[str, Any], limit: int) -> dict[str, str]:
    """Return the attributes with the content of a call, each of at most `limit` characters of text.

    `attributes` are those of the call. An event has no content where recording it is turned off.
    """
    body = _parse(event.provider_request_json)
    request = body if isinstance(body, dict) else {}
    found = {
        names.SYSTEM_INSTRUCTIONS: _write_parts(_find_instructions(request), limit),
        names.INPUT_MESSAGES: _write(_find_input(request), limit),
        names.OUTPUT_MESSAGES: _write_output(event, attributes.get(names.FINISH_REASONS, ()), limit),
    }
    return {name: msgspec.json.encode(value).decode() for name, value in found.items() if value}


def _parse(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _find_instructions(body: dict[str, Any]) -> Iterator[str]:
    for key in _INSTRUCTIONS:
        value = body.get(key)
        item = value if isinstance(value, dict) else {"content": value}
        for _, text in _read_message(item, "system"):
            yield text


def _find_input(body: dict[str, Any]) -> Iterator[Message]:
    for key in _INPUTS:
        value = body.get(key)
        for item in value if isinstance(value, list) else [value]:
            yield from _read_message(item, "user")


def _write_output(event: Event, reasons: Any, limit: int) -> list[dict[str, Any]]:
    response = event.provider_response_json
    if response is None or isinstance(response, str):
        messages = list(_find_output(_parse(response), streamed=False))
    else:
        texts = [text for data in response for _, text in _find_output(_parse(data), streamed=True)]
        messages = [("assistant", "".join(texts))] if any(texts) else []
    calls = [
        {"type": "tool_call", "name": call.name, "arguments": (call.arguments or "")[:limit]}
        for call in event.provider_response_function_calls or ()
    ]
    written = _write(messages, limit)
    if calls:
        # A response that only calls functions has no text.
        written = written or [{"role": "assistant", "parts": []}]
        written[0]["parts"] += calls
    for index, message in enumerate(written):
        message["finish_reason"] = reasons[index] if index < len(reasons) else "stop"
    return written


def _find_output(body: Any, *, streamed: bool) -> Iterator[Message]:
    if not isinstance(body, dict):
        return
    choices = _dicts(body.get("choices"))
    for choice in choices:
        yield from _read_message(choice.get("delta") or choice.get("message") or choice, "assistant")
    for candidate in _dicts(body.get("candidates")):
        yield from _read_message(candidate.get("content"), "assistant")
    output = body.get("output")
    for item in [*_dicts(output), *_dicts([output])]:
        yield from _read_message(item.get("message") or item, "assistant")
    if streamed:
        yield from _read_delta(body.get("delta"), str(body.get("type", "")))
    elif not choices:
        yield from _read_message(body.get("message") or body, "assistant")


def _read_delta(delta: Any, kind: str) -> Iterator[Message]:
    """Read a part of a stream: an object at Anthropic and Bedrock, a string in OpenAI's Responses API."""
    if isinstance(delta, str) and kind.endswith("output_text.delta"):
        yield "assistant", delta
    elif isinstance(delta, dict):
        yield from _read_message(delta, "assistant")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_message(item: Any, role: str) -> Iterator[Message]:
    if isinstance(item, str):
        yield role, item
        return
    if not isinstance(item, dict):
        return
    named = item.get("role")
    content = item.get("content")
    parts = content if isinstance(content, list) else item.get("parts")
    texts = parts if isinstance(parts, list) else [content, item.get("text")]
    joined = "".join(_text_of(part) for part in texts)
    if joined:
        yield (_ROLES.get(named, named) if isinstance(named, str) else role), joined


# What Google calls the role that all others call so.
_ROLES = {"model": "assistant"}


def _text_of(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _write(messages: Iterable[Message], limit: int) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    for role, text in messages:
        if limit <= 0:
            break
        written.append({"role": role, "parts": _write_parts([text], limit)})
        limit -= len(text)
    return written


def _write_parts(texts: Iterable[str], limit: int) -> list[dict[str, Any]]:
    return [{"type": "text", "content": text[:limit]} for text in texts]
