"""The Interactions API: one document, or a stream of events around it.

Source: https://ai.google.dev/gemini-api/docs/interactions and the types of Google's SDK 3.4. Events hold
snapshots of the interaction, so later ones win, and the last one has the usage. An interaction in the
background is pending; the caller fetches it by its id until it is done.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.google.content import bare_name, read_failure
from payi_transport.providers.google.function_calls import read_arguments
from payi_transport.providers.google.usage import describe_usage, map_usage
from payi_transport.providers.shared.counts import section
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse

__all__ = ["read_decision", "read_interaction", "read_interaction_text"]

_PENDING = ("in_progress", "queued")
# What is reported if an interaction failed and says nothing else.
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
    # Raw, so that a step of a new shape can't cost the usage of the interaction.
    steps: msgspec.Raw = _NOTHING


class _Message(_Document):
    """A document, or an event of a stream that holds the interaction or a step of it."""

    event_type: Any = None
    interaction_id: Any = None
    interaction: _Document | None = None
    index: Any = None
    step: msgspec.Raw = _NOTHING
    delta: Any = None
    metadata: Any = None
    error: Any = None


_message = msgspec.json.Decoder(_Message)
_step = msgspec.json.Decoder(_Step)
_steps = msgspec.json.Decoder(list[_Step])


def read_interaction(raw: RawResponse) -> ParsedResponse:
    """Read an interaction. In a stream, the last event has the usage, and earlier ones the calls."""
    last, calls, failure, streamed = _Interaction(), _Calls(), None, False
    for _, data in raw.messages:
        message = decode(_message, data)
        if message is None:
            continue
        # Only events have a type.
        streamed = streamed or message.event_type is not None
        last = _later(last, message.interaction or message)
        # Deltas have the usage so far, which is all that is known of a stream that is left early.
        if isinstance(message.metadata, dict) and section(message.metadata, "total_usage"):
            last.usage = fuller_usage(_section_of(last.usage), message.metadata["total_usage"])
        # Events about the status state the id under another name.
        last.id = last.id or message.interaction_id
        failure = read_failure(message.error) or failure
        calls.gather(message)
    # An agent stands in for a model: a call has one or the other.
    model = bare_name(last.model) or bare_name(last.agent)
    usage = _section_of(last.usage)
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
        # A status that isn't known here is final, so that a new one doesn't leave an interaction pending
        # forever.
        finished=failure is not None or (status is not None and not pending),
        # The caller will fetch a document again, but a stream that broke off has nothing more to say.
        pending=pending and not streamed,
    )


def read_decision(raw: RawResponse) -> ParsedResponse:
    """Read a decision: a document without id, model, and status."""
    return msgspec.structs.replace(read_interaction(raw), finished=raw.read_to_end)


def read_interaction_text(messages: Messages) -> str:
    """Return the text of a stream up to where it ended, without thoughts."""
    deltas = [message.delta for _, data in messages if (message := decode(_message, data)) is not None]
    texts = (delta.get("text") for delta in deltas if isinstance(delta, dict) and delta.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def _later(earlier: _Interaction, later: _Interaction) -> _Interaction:
    """Return the later snapshot of an interaction, with what only the earlier one says."""
    # Snapshots are partial, so a missing field takes nothing back.
    said = {
        name: value for name in _Interaction.__struct_fields__ if (value := getattr(later, name)) is not None
    }
    if isinstance(earlier.usage, dict) and isinstance(later.usage, dict):
        said["usage"] = fuller_usage(earlier.usage, later.usage)
    return msgspec.structs.replace(earlier, **said)


def _section_of(usage: Any) -> dict[str, Any]:
    return usage if isinstance(usage, dict) else {}


def _read_errors(errors: Any) -> Failure:
    failures = [read_failure(error) for error in errors] if isinstance(errors, list) else []
    return next(filter(None, failures), _FAILED)


class _PartialCall:
    """A function call that may still get deltas."""

    __slots__ = ("arguments", "deltas", "name")

    def __init__(self, name: str, arguments: str | None) -> None:
        self.name = name
        self.arguments = arguments
        self.deltas: list[str] = []


class _Calls:
    """The function calls of an interaction by the index of their step, in the order of their starts."""

    def __init__(self) -> None:
        self._calls: dict[int, _PartialCall] = {}

    def gather(self, message: _Message) -> None:
        """Add the steps of a document, the start of a step, or a delta to its arguments."""
        steps = decode(_steps, (message.interaction or message).steps)
        for index, step in enumerate(steps or ()):
            self._start(index, step)
        if isinstance(message.index, int):
            self._start(message.index, decode(_step, message.step))
            self._join(message.index, message.delta)

    def named(self) -> tuple[FunctionCall, ...]:
        return tuple(
            # A step starts with empty arguments when deltas follow, so the deltas replace them.
            FunctionCall(call.name, "".join(call.deltas) if call.deltas else call.arguments)
            for call in self._calls.values()
        )

    def _start(self, index: int, step: _Step | None) -> None:
        if step is not None and step.type == "function_call" and isinstance(step.name, str) and step.name:
            self._calls[index] = _PartialCall(step.name, read_arguments(step.arguments))

    def _join(self, index: int, delta: Any) -> None:
        arguments = delta.get("arguments") if isinstance(delta, dict) else None
        if index in self._calls and isinstance(arguments, str):
            self._calls[index].deltas.append(arguments)
