"""The Live API over WebSockets, on the Gemini API and on Vertex AI.

Source: https://ai.google.dev/api/live and the types of Google's SDK 3.6. A message from the server has one
kind of content and, beside it, may have a `usageMetadata`. That counts one turn of the model and not the
session, as measured in https://github.com/pydantic/pydantic-ai/pull/7269. Each turn's prompt contains the
turns before, which are billed again. Within a turn a later usage replaces an earlier one.

A turn ends with `turnComplete`, or with a `toolCall`, whose response starts the next one. Its usage is in the
same message, in an earlier one, or in a message of its own that follows. So a turn whose last message has no
usage waits for the next message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.providers.google.function_calls import CallPart, read_arguments
from payi_transport.providers.google.usage import describe_usage, map_usage
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SessionRules, SocketMessage, Turn
from payi_transport.values.event import FunctionCall, ParsedResponse
from payi_transport.values.patterns import lazy_compile

__all__ = ["LIVE", "LiveTurns", "look_received", "look_sent", "read_live"]

# How much of the beginning and of the end of a message the request path looks at.
_HEAD, _TAIL = 256, 4096
_MARKS = lazy_compile(rb'"(?:usage_?[mM]etadata|turn_?[cC]omplete|tool_?[cC]all)"')
_MEDIA = lazy_compile(rb'"(?:inline_?[dD]ata)"')
# What a program streams to the model. Text goes by the same field.
_STREAMED = lazy_compile(rb'\s*\{\s*"realtime_?[iI]nput"\s*:\s*\{\s*"(?:audio|video|media_?[cC]hunks|media)"')
# How many bytes of what was sent before a turn are kept for its event.
_CONTEXT_BYTES = 1 << 18


_NULL = msgspec.Raw(b"null")


class _Content(msgspec.Struct, rename="camel"):
    turn_complete: Any = None


class _ToolCall(msgspec.Struct, rename="camel"):
    function_calls: list[msgspec.Raw] | None = None


class _Received(msgspec.Struct, rename="camel"):
    """A message from the server. What is odd in one field must not hide the usage beside it."""

    server_content: msgspec.Raw = _NULL
    tool_call: msgspec.Raw = _NULL
    usage_metadata: Any = None


class _Model(msgspec.Struct):
    model: Any = None


class _Sent(msgspec.Struct):
    setup: _Model | None = None


_received = msgspec.json.Decoder(_Received)
_content = msgspec.json.Decoder(_Content | None)
_tool_call = msgspec.json.Decoder(_ToolCall | None)
_call_part = msgspec.json.Decoder(CallPart | None)
_sent = msgspec.json.Decoder(_Sent)


def look_sent(data: bytes) -> int:
    """Tell from the beginning of a message that the program sends what to do with it."""
    return SKIP if _STREAMED.match(data, 0, _HEAD) else KEEP


def look_received(data: bytes) -> int:
    """Tell from both ends of a message that arrives what to do with it."""
    if _MARKS.search(data, 0, _HEAD) or _MARKS.search(data, max(0, len(data) - _TAIL)):
        return END
    return SKIP if _MEDIA.search(data, 0, _HEAD) else KEEP


class LiveTurns:
    """Sorts the messages of one session into the turns of the model."""

    def __init__(self, model: str | None, limit: int) -> None:
        self._model = model
        self._limit = limit
        self._request: SocketMessage | None = None
        self._context: list[bytes] = []
        self._turn: Turn | None = None
        self._has_usage = self._is_complete = False

    def read(self, message: SocketMessage) -> list[Turn]:
        """Return the turns that a message completes."""
        if message.sent:
            self._read_sent(message)
            return []
        # Without data, it says that media came which is not kept.
        received = decode(_received, message.data) if message.data else _Received(msgspec.Raw(b"{}"))
        if received is None:
            return []
        is_call = received.tool_call != _NULL
        is_content = received.server_content != _NULL or is_call
        usage = received.usage_metadata if isinstance(received.usage_metadata, dict) else None
        if not is_content and not usage:
            return []
        # What waits for its usage has none if new content comes first.
        turns = self._take() if self._is_complete and is_content else []
        turn = self._turn = self._turn or self._begin()
        turn.add(message, self._limit)
        self._has_usage = self._has_usage or bool(usage)
        content = decode(_content, received.server_content)
        ends = is_call or (content is not None and content.turn_complete is True)
        self._is_complete = self._is_complete or ends
        return turns + (self._take() if self._is_complete and usage else [])

    def close(self) -> list[Turn]:
        """Return the turn that is still open, or a request without any response."""
        turns = self._take()
        if not turns and self._request is not None:
            turns = [self._begin()]
        self.skip()
        return turns

    def skip(self) -> None:
        """Forget the turn that is open."""
        self._turn = self._request = None
        self._has_usage = self._is_complete = False

    def _read_sent(self, message: SocketMessage) -> None:
        sent = decode(_sent, message.data)
        if sent is not None and sent.setup is not None:
            self._model = text(sent.setup.model) or self._model
            self._context.append(message.data)
        elif self._request is None:
            self._request = message
        else:
            # The scope of the last message counts.
            self._context.append(self._request.data)
            self._request = message
        while sum(map(len, self._context)) > _CONTEXT_BYTES:
            del self._context[0]

    def _begin(self) -> Turn:
        turn = Turn(self._request, self._model)
        turn.context, self._context, self._request = self._context, [], None
        return turn

    def _take(self) -> list[Turn]:
        turn, self._turn = self._turn, None
        if turn is None:
            return []
        turn.finished = self._is_complete or self._has_usage
        self._has_usage = self._is_complete = False
        return [turn]


def _read_calls(data: msgspec.Raw) -> Iterator[FunctionCall]:
    call = decode(_tool_call, data)
    for item in (call and call.function_calls) or ():
        part = decode(_call_part, item)
        if part is not None and (name := text(part.name)):
            yield FunctionCall(name, read_arguments(part.args))


def read_live(raw: RawResponse) -> ParsedResponse:
    """Read the messages of one turn of the model."""
    usage: dict[str, Any] = {}
    calls: list[FunctionCall] = []
    for _, data in raw.messages:
        received = (decode(_received, data) if data else None) or _Received()
        if isinstance(received.usage_metadata, dict) and received.usage_metadata:
            usage = received.usage_metadata
        calls += _read_calls(received.tool_call)
    return ParsedResponse(
        units=map_usage(usage, raw.requested_model),
        function_calls=tuple(calls),
        finished=raw.read_to_end,
        properties=describe_usage(usage, None),
    )


LIVE = SessionRules(look_sent, look_received, LiveTurns)
