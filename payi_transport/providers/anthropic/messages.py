"""The Messages API: one document, or a stream of events that add up to one message.

Source: https://docs.anthropic.com/en/api/messages and its page on streaming, and the types of Anthropic's
SDK 2.12. A stream reports usage in `message_start`, and again in `message_delta`, where counts are
cumulative: later values replace earlier ones. A document has the fields of all events, so both are read by
the same code.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.anthropic.usage import (
    describe_usage,
    find_scope,
    find_served_model,
    map_usage,
)
from payi_transport.providers.shared.failures import read_failure, read_status
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.merged_usage import merge_usage
from payi_transport.providers.shared.prompt_size import describe_tier
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse

__all__ = ["is_repeatable", "read_message"]

# Empty bytes stand for a missing field: `decode` skips them without the cost of an exception.
_NOTHING = msgspec.Raw(b"")


class _Block(msgspec.Struct):
    """A part of a message's content. `input` stays as it is on the wire."""

    type: Any = None
    name: Any = None
    input: msgspec.Raw = _NOTHING


# All fields are `Any`, because a field of the wrong type would otherwise make msgspec reject the whole
# message and lose its usage.
class _Message(msgspec.Struct):
    id: Any = None
    model: Any = None
    usage: Any = None
    stop_reason: Any = None
    content: msgspec.Raw = _NOTHING


class _Event(_Message):
    """A document, or an event of a stream that holds a piece of the message."""

    type: Any = None
    index: Any = None
    message: msgspec.Raw = _NOTHING
    content_block: msgspec.Raw = _NOTHING
    delta: Any = None
    error: Any = None
    base_resp: Any = None


# What an event of text has as its delta.
_TEXT_DELTA = frozenset({"type", "text", "thinking"})
_event = msgspec.json.Decoder(_Event)
_message = msgspec.json.Decoder(_Message)
_block = msgspec.json.Decoder(_Block)
_blocks = msgspec.json.Decoder(list[msgspec.Raw])


def read_message(raw: RawResponse) -> ParsedResponse:
    """Read a message, from one document or the events of a stream, on any host."""
    state = _MessageState()
    for _, data in raw.messages:
        event = decode(_event, data)
        if event is not None:
            state.gather(event)
    # Units are mapped once, from the merged usage: a stream can pass into a large context with its last
    # event. Usually the response names the version, and a deployment's name only the user can explain.
    usage = state.usage
    served = find_served_model(usage)
    # The totals are those of the model that served the request in the end.
    model = served or state.model
    aliases = (raw.priced_model,) if served else (raw.priced_model, raw.requested_model)
    units = map_usage(usage, model, *aliases)
    return ParsedResponse(
        model=state.model,
        resource=served,
        scope=find_scope(usage, raw.category),
        response_id=state.id,
        units=units,
        function_calls=tuple(call.named() for call in state.calls.values()),
        failure=state.failure,
        finished=state.finished,
        properties={**describe_usage(usage, model), **describe_tier(units, model, *aliases)},
    )


def is_repeatable(data: bytes) -> bool:
    """Return whether an event is one of text or thinking, of which nothing is read."""
    event = decode(_event, data)
    if event is None or not isinstance(event.delta, dict) or not event.delta.keys() <= _TEXT_DELTA:
        return False
    return event == _Event(type="content_block_delta", index=event.index, delta=event.delta)


class _Call:
    """A function call. If deltas follow, they replace the `input` that it started with."""

    __slots__ = ("input", "name", "parts")

    def __init__(self, name: str, start: bytes) -> None:
        self.name = name
        self.input = start
        self.parts: list[str] = []

    def named(self) -> FunctionCall:
        # A stream starts a call with an empty object as its `input` and then sends the real one in deltas.
        arguments = "".join(self.parts) or self.input.decode("utf-8", "replace")
        return FunctionCall(self.name, arguments or None)


class _MessageState:
    """What is known so far: the first id and model, and the last value of everything else, except null."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.usage: dict[str, Any] = {}
        self.calls: dict[int | None, _Call] = {}
        self.failure: Failure | None = None
        self.finished = False

    def gather(self, event: _Event) -> None:
        # Only `message_start` nests the message. Elsewhere its fields are at the top, as in a document.
        message = decode(_message, event.message) or event
        self.id = self.id or text(message.id)
        self.model = self.model or text(message.model)
        delta = event.delta if isinstance(event.delta, dict) else {}
        for usage in (message.usage, delta.get("usage")):
            if isinstance(usage, dict):
                # `message_delta` repeats only some of the counts of `message_start`.
                self.usage = merge_usage(self.usage, usage)
        blocks = decode(_blocks, message.content)
        # A document has its blocks in a list, so their place in it serves as the index that a stream
        # states.
        for place, block in enumerate(blocks or []):
            self._start(place, block)
        self._start(event.index, event.content_block)
        self._join(event.index, delta)
        self.failure = _find_failure(event) or self.failure
        # Any of the three will do: documents have only a stop reason, and a caller may stop reading before
        # the last event.
        stopped = event.type == "message_stop" or message.stop_reason or delta.get("stop_reason")
        self.finished = self.finished or bool(stopped) or self.failure is not None

    def _start(self, place: Any, raw: bytes) -> None:
        block = decode(_block, raw)
        # Calls of the server's own tools have types of their own. They are not function calls for the
        # caller to make.
        if block is not None and block.type == "tool_use" and text(block.name):
            self.calls[_number(place)] = _Call(block.name, bytes(block.input))

    def _join(self, place: Any, delta: dict[str, Any]) -> None:
        call, part = self.calls.get(_number(place)), delta.get("partial_json")
        if call is not None and isinstance(part, str):
            call.parts.append(part)


def _find_failure(event: _Event) -> Failure | None:
    """Return the error of an event. Gateways between Anthropic and the caller may leave out its type."""
    # An `error` event can arrive inside a stream whose status was 200, for example when the API is
    # overloaded.
    if event.error is None and event.base_resp is None and event.type != "error":
        return None
    failure = read_failure(event.error) or (Failure(code="error") if event.type == "error" else None)
    # MiniMax serves this API, too.
    return failure or read_status(event.base_resp)


def _number(place: Any) -> int | None:
    # The value is used as a dict key, and a list or dict from a broken server can't be hashed.
    return place if isinstance(place, int) else None
