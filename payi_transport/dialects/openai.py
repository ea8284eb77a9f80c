"""OpenAI's wire format, which many hosts speak. Source: OpenAI's API reference, and its SDK 3.54's types.

Details of a usage are subsets of its totals, so they are taken off them. Reasoning tokens are too, but for
hosts that count them beside (xAI): there the grand total tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from payi_transport.dialects.counts import count, section, take
from payi_transport.event import Answer, Failure, FunctionCall, Units
from payi_transport.framing import Frames

__all__ = ["map_usage", "read_chat", "read_error"]

DONE = b"[DONE]"


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Head(msgspec.Struct):
    """What is read of a body whose choices are not as they should be."""

    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None


class _Chat(_Head):
    choices: list[_Choice] | None = None


_chat = msgspec.json.Decoder(_Chat)
_head = msgspec.json.Decoder(_Head)


def read_chat(frames: Frames, exhausted: bool) -> Answer:
    """Chat completions: one document, or the chunks of a stream with the last usage that came."""
    head = _Head()
    calls: dict[tuple[int, int], _Function] = {}
    finished = done = False
    for _, data in frames:
        if data == DONE:
            done = True
            continue
        chat = _decode(data)
        if chat is None:
            continue
        _merge(head, chat)
        for choice in (chat.choices if isinstance(chat, _Chat) else None) or ():
            finished = finished or choice.finish_reason is not None
            _gather_calls(calls, choice)
    usage = head.usage if isinstance(head.usage, dict) else {}
    return Answer(
        model=_text(head.model),
        response_id=_text(head.id),
        units=map_usage(usage),
        function_calls=_name_calls(calls.values()),
        failure=_read_failure(head.error),
        finished=done or (finished and (exhausted or bool(usage))) or head.error is not None,
    )


def read_error(body: bytes) -> Failure | None:
    """What an error body says, where it is of OpenAI's shape: `{"error": {"type", "code", "message"}}`."""
    head = _decode(body)
    return None if head is None else _read_failure(head.error)


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """The units of a usage object of chat completions or of any endpoint that counts as they do."""
    prompt = count(usage, "prompt_tokens", "input_tokens")
    completion = count(usage, "completion_tokens", "output_tokens")
    details = section(usage, "prompt_tokens_details", "input_tokens_details")
    spent = section(usage, "completion_tokens_details", "output_tokens_details")
    units: dict[str, Units] = {}
    if prompt is not None:
        parts = {
            "text_cache_read": count(details, "cached_tokens"),
            "text_cache_write": count(details, "cache_write_tokens"),
            "audio": count(details, "audio_tokens"),
            "vision": count(details, "image_tokens"),
        }
        taken, text = take(prompt, parts)
        units = {name: Units(input=value) for name, value in {"text": text, **taken}.items()}
    if completion is not None:
        if _reasoning_is_beside(usage, prompt, completion):
            completion += count(spent, "reasoning_tokens") or 0
        parts = {
            "reasoning": count(spent, "reasoning_tokens"),
            "audio": count(spent, "audio_tokens"),
            "image": count(spent, "image_tokens"),
        }
        taken, text = take(completion, parts)
        for name, value in {"text": text, **taken}.items():
            units[name] = Units(input=units[name].input if name in units else None, output=value)
    return units


def _reasoning_is_beside(usage: Mapping[str, Any], prompt: int | None, completion: int) -> bool:
    reasoning = count(section(usage, "completion_tokens_details"), "reasoning_tokens")
    total = count(usage, "total_tokens")
    return bool(reasoning) and total == (prompt or 0) + completion + (reasoning or 0)


def _decode(data: bytes) -> _Head | None:
    """What can be read of a body; None for what is no JSON object."""
    for decoder in (_chat, _head):
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return None


def _merge(head: _Head, chat: _Head) -> None:
    """The first id and model stand, the last usage and error do."""
    head.id = head.id or chat.id
    head.model = head.model or chat.model
    head.usage = chat.usage or head.usage
    head.error = chat.error or head.error


def _gather_calls(calls: dict[tuple[int, int], _Function], choice: _Choice) -> None:
    message = choice.delta or choice.message
    if message is None:
        return
    number = choice.index or 0
    if message.function_call is not None:
        _join(calls, (number, -1), message.function_call)
    for place, call in enumerate(message.tool_calls or ()):
        if call.function is not None:
            _join(calls, (number, place if call.index is None else call.index), call.function)


def _join(calls: dict[tuple[int, int], _Function], key: tuple[int, int], part: _Function) -> None:
    call = calls.setdefault(key, _Function())
    call.name = call.name or part.name
    if part.arguments is not None:
        call.arguments = (call.arguments or "") + part.arguments


def _name_calls(calls: Iterable[_Function]) -> tuple[FunctionCall, ...]:
    return tuple(FunctionCall(call.name, call.arguments) for call in calls if call.name)


def _read_failure(error: Any) -> Failure | None:
    if isinstance(error, str) and error:
        return Failure(message=error)
    if not isinstance(error, dict):
        return None
    code = error.get("code")
    code = str(code) if isinstance(code, int) else code
    return Failure(_text(error.get("type")), _text(code), _text(error.get("message")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
