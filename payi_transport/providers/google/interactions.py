"""Google's Interactions API: one document, or a stream of events around it.

Source: https://ai.google.dev/gemini-api/docs/interactions and the types of Google's SDK 3.4. What works in
the background is fetched by its id until it is done.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.google.content import bare_name, read_failure
from payi_transport.providers.google.function_calls import read_arguments
from payi_transport.providers.google.usage import describe_usage, map_usage
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse

__all__ = ["read_interaction", "read_interaction_text"]

_PENDING = ("in_progress", "queued")
# What is told of an interaction that failed without a word.
_FAILED = Failure(code="failed")
_NOTHING = msgspec.Raw(b"null")


class _Step(msgspec.Struct):
    type: Any = None
    name: Any = None
    arguments: msgspec.Raw = _NOTHING


class _Interaction(msgspec.Struct):
    id: Any = None
    model: Any = None
    agent: Any = None
    status: Any = None
    usage: Any = None
    service_tier: Any = None
    errors: Any = None


class _Document(_Interaction):
    steps: msgspec.Raw = _NOTHING


class _Message(_Document):
    """A document, or an event of a stream with the interaction, or a step of it, inside."""

    event_type: Any = None
    interaction_id: Any = None
    interaction: _Document | None = None
    index: Any = None
    step: msgspec.Raw = _NOTHING
    delta: Any = None
    error: Any = None


_message = msgspec.json.Decoder(_Message)
_step = msgspec.json.Decoder(_Step)
_steps = msgspec.json.Decoder(list[_Step])


def read_interaction(raw: RawResponse) -> ParsedResponse:
    """What an interaction says: of a stream, the last event has the usage, and those before it the calls."""
    last, calls, failure, streamed = _Interaction(), _Calls(), None, False
    for _, data in raw.messages:
        message = _decode(data)
        if message is None:
            continue
        streamed = streamed or message.event_type is not None
        last = _later(last, message.interaction or message)
        last.id = last.id or message.interaction_id
        failure = read_failure(message.error) or failure
        calls.gather(message)
    model = bare_name(last.model) or bare_name(last.agent)
    usage = last.usage if isinstance(last.usage, dict) else {}
    status = last.status if isinstance(last.status, str) else None
    pending = status in _PENDING
    return ParsedResponse(
        model=model,
        resource=model,
        response_id=last.id if isinstance(last.id, str) and last.id else None,
        units=map_usage(usage, model or raw.requested_model),
        function_calls=calls.named(),
        failure=failure or (_read_errors(last.errors) if status == "failed" else None),
        properties=describe_usage(usage, last.service_tier),
        finished=failure is not None or (status is not None and not pending),
        # A stream that was cut there says all that it will say; a document is to be fetched again.
        pending=pending and not streamed,
    )


def read_interaction_text(messages: Messages) -> str:
    """The text of a stream as far as it came, without thoughts."""
    deltas = [message.delta for _, data in messages if (message := _decode(data)) is not None]
    texts = (delta.get("text") for delta in deltas if isinstance(delta, dict) and delta.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def _decode(data: bytes) -> _Message | None:
    try:
        return _message.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _later(earlier: _Interaction, later: _Interaction) -> _Interaction:
    """The later snapshot of an interaction; what it does not say stands as it was."""
    said = {
        name: value for name in _Interaction.__struct_fields__ if (value := getattr(later, name)) is not None
    }
    return msgspec.structs.replace(earlier, **said)


def _read_errors(errors: Any) -> Failure:
    told = [read_failure(error) for error in errors] if isinstance(errors, list) else []
    return next(filter(None, told), _FAILED)


class _Begun:
    """A function call of which deltas may still come."""

    __slots__ = ("arguments", "deltas", "name")

    def __init__(self, name: str, arguments: str | None) -> None:
        self.name = name
        self.arguments = arguments
        self.deltas: list[str] = []


class _Calls:
    """The function calls of an interaction by the index of their step, in the order in which they began."""

    def __init__(self) -> None:
        self._begun: dict[int, _Begun] = {}

    def gather(self, message: _Message) -> None:
        """Take the steps of a document, or the beginning of a step, or a delta to its arguments."""
        for index, step in enumerate(_decode_steps((message.interaction or message).steps)):
            self._begin(index, step)
        if isinstance(message.index, int):
            self._begin(message.index, _decode_step(message.step))
            self._join(message.index, message.delta)

    def named(self) -> tuple[FunctionCall, ...]:
        return tuple(
            FunctionCall(call.name, "".join(call.deltas) if call.deltas else call.arguments)
            for call in self._begun.values()
        )

    def _begin(self, index: int, step: _Step | None) -> None:
        if step is not None and step.type == "function_call" and isinstance(step.name, str) and step.name:
            self._begun[index] = _Begun(step.name, read_arguments(step.arguments))

    def _join(self, index: int, delta: Any) -> None:
        arguments = delta.get("arguments") if isinstance(delta, dict) else None
        if index in self._begun and isinstance(arguments, str):
            self._begun[index].deltas.append(arguments)


def _decode_steps(steps: msgspec.Raw) -> list[_Step]:
    try:
        return _steps.decode(steps)
    except (msgspec.DecodeError, RecursionError):
        return []


def _decode_step(step: msgspec.Raw) -> _Step | None:
    try:
        return _step.decode(step)
    except (msgspec.DecodeError, RecursionError):
        return None
