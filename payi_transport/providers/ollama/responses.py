"""Ollama's own API: one document, or a stream with a line of JSON for each token.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md. The last line, with `done`, has the counts.
Ollama leaves out the tokens of a prompt that it has in its cache, so nothing is known of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import FunctionCall, ParsedResponse, Units

__all__ = ["read_generation", "read_generation_text"]

# In nanoseconds, reported with the counts.
_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


class _Function(msgspec.Struct):
    name: Any = None
    # Kept as on the wire, like the arguments of every other provider, which send JSON text.
    arguments: msgspec.Raw = msgspec.Raw(b"")


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: Any = None
    tool_calls: list[_ToolCall] | None = None


class _Head(msgspec.Struct):
    """What can still be read of a line whose message is malformed."""

    model: Any = None
    done: Any = None
    done_reason: Any = None
    error: Any = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    total_duration: Any = None
    load_duration: Any = None
    prompt_eval_duration: Any = None
    eval_duration: Any = None
    response: Any = None
    # Vectors are large and only their presence matters, so they are never parsed.
    embeddings: msgspec.Raw = msgspec.Raw(b"")


class _Line(_Head):
    message: _Message | None = None


_line = msgspec.json.Decoder(_Line)
_head = msgspec.json.Decoder(_Head)


def read_generation(raw: RawResponse) -> ParsedResponse:
    """Read chats, completions, and embeddings."""
    last, calls, failure, done = _Head(), list[FunctionCall](), None, False
    for line in _lines(raw.messages):
        # Embeddings have no `done`; a line with vectors is complete by itself.
        last, done = line, done or line.done is True or bool(bytes(line.embeddings))
        failure = read_failure(line.error) or failure
        # A stream sends each call whole, in any of its lines, so calls are collected from all of them.
        calls += _read_calls(line)
    fields = msgspec.structs.asdict(last)
    return ParsedResponse(
        model=text(last.model),
        units=_map_units(fields),
        function_calls=tuple(calls),
        failure=failure,
        finished=done or failure is not None,
        # Durations have no price, but they show whether a slow call waited for the model to load.
        properties=describe_extras(None, {name: fields[name] for name in _DURATIONS if fields[name]}),
        # A request without a prompt loads a model or frees its memory, and counts nothing.
        has_usage=last.done_reason in ("load", "unload"),
    )


def read_generation_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended."""
    return "".join(
        text(line.response)
        or text(line.message.content if isinstance(line, _Line) and line.message else None)
        or ""
        for line in _lines(messages)
    )


def _lines(messages: Messages) -> Iterator[_Head]:
    for _, data in messages:
        # A message of an unexpected shape costs only the text and the calls, and the counts are still read.
        line = decode(_line, data) or decode(_head, data)
        if line is not None:
            yield line


def _read_calls(line: _Head) -> Iterator[FunctionCall]:
    """Yield the function calls of a line. They are whole, and their arguments are an object."""
    message = line.message if isinstance(line, _Line) else None
    for call in (message.tool_calls if message else None) or ():
        name = text(call.function.name) if call.function else None
        if call.function is not None and name is not None:
            yield FunctionCall(name, bytes(call.function.arguments).decode("utf-8", "replace") or None)


def _map_units(fields: Mapping[str, Any]) -> dict[str, Units]:
    prompt, output = count(fields, "prompt_eval_count"), count(fields, "eval_count")
    # An embedding has only a prompt, and an error neither.
    return {} if prompt is None and output is None else {"text": Units(input=prompt, output=output)}
