"""The Converse API: one document, or the events of a stream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and botocore
1.44's model of bedrock-runtime. No field means different things in different events, so a document is read
as if it were all events at once. What usage means depends on the model's family, which is in the name that
was requested, routed to or priced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.framing.eventstream import EXCEPTION
from payi_transport.providers.bedrock.guardrail import Guardrail
from payi_transport.providers.bedrock.usage import describe_service, map_usage, undo_double_count
from payi_transport.providers.shared.counts import section
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.prompt_size import price_by_size
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units
from payi_transport.values.patterns import lazy_compile

__all__ = ["Conversation", "read_converse", "read_error", "read_exception"]

# Missing fields must be empty rather than null, so that a skipped field is never decoded.
_NOTHING = msgspec.Raw(b"")


class _ToolUse(msgspec.Struct):
    """A function call; type `server_tool_use` is one that the host made. `input` stays as on the wire."""

    name: Any = None
    type: Any = None
    input: msgspec.Raw = _NOTHING


class _Block(msgspec.Struct, rename="camel"):
    """A part of a message, whole or only its start."""

    tool_use: _ToolUse | None = None


class _Content(msgspec.Struct):
    content: list[msgspec.Raw] | None = None


class _Output(msgspec.Struct):
    message: _Content | None = None


class _Event(msgspec.Struct, rename="camel"):
    """A document, or an event of a stream."""

    # Kept raw, so that a malformed message can't cost the usage that comes beside it.
    output: msgspec.Raw = _NOTHING
    start: msgspec.Raw = _NOTHING
    delta: Any = None
    content_block_index: Any = None
    stop_reason: Any = None
    usage: Any = None
    metrics: Any = None
    trace: Any = None
    service_tier: Any = None
    performance_config: Any = None


class _Request(msgspec.Struct, rename="camel"):
    guardrail_config: Any = None


class _Error(msgspec.Struct):
    """An error's body, or an exception's event."""

    type: Any = msgspec.field(default=None, name="__type")
    message: Any = None
    # AWS's services spell this field both ways.
    capital_message: Any = msgspec.field(default=None, name="Message")


_event = msgspec.json.Decoder(_Event)
_output = msgspec.json.Decoder(_Output)
_block = msgspec.json.Decoder(_Block)
_request = msgspec.json.Decoder(_Request)
_error = msgspec.json.Decoder(_Error)
# How ids name the family: `anthropic.claude-x`, `us.anthropic.claude-x`, and an ARN that ends in either.
_FAMILY = lazy_compile(r"(?:^|[./])(anthropic|openai)\.")
_ERROR_HEADER = "x-amzn-errortype"
# Fields whose last value counts.
_KEPT = ("stop_reason", "metrics", "trace", "service_tier", "performance_config")


def read_converse(raw: RawResponse) -> ParsedResponse:
    """Read a document of Converse, or the events of ConverseStream; its last, `metadata`, has the usage."""
    conversation = Conversation(raw.messages)
    trace = conversation.state.trace if isinstance(conversation.state.trace, dict) else {}
    request = decode(_request, raw.request_body)
    config = request.guardrail_config if request and isinstance(request.guardrail_config, dict) else {}
    guardrail = Guardrail(config.get("guardrailIdentifier"), config.get("guardrailVersion"))
    guardrail.gather(trace, conversation.state.stop_reason)
    # A prompt router chooses among several models. Only the trace names the one that is billed.
    routed = text(section(trace, "promptRouter").get("invokedModelId"))
    # If the router named a model, the requested name is only that of the router and must not decide.
    names = (routed,) if routed else (raw.priced_model, raw.requested_model)
    units, tier = price_by_size(_map_units(conversation, _find_family(names)), names)
    return ParsedResponse(
        resource=routed,
        units={**units, **guardrail.units},
        function_calls=conversation.function_calls,
        failure=conversation.failure or guardrail.failure,
        finished=conversation.finished or (raw.read_to_end and not conversation.streamed),
        properties={**guardrail.properties, **conversation.properties, **tier},
    )


def _find_family(names: Iterable[str | None]) -> str:
    """Return the family of the model that responded. If an ARN doesn't name it, the priced model may."""
    return next((named[1] for name in names if name and (named := _FAMILY.search(name))), "")


def _map_units(conversation: Conversation, family: str) -> dict[str, Units]:
    """Return the units of a usage, with what is special to the models of a family."""
    # Documents of the same models follow the documentation; only their streams count the cache twice.
    if family == "openai" and conversation.streamed:
        return map_usage(undo_double_count(conversation.usage))
    return map_usage(conversation.usage)


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body. Its type is in a header or in `__type`, with a namespace or a URL."""
    error = decode(_error, body) or _Error()
    kind = headers.get(_ERROR_HEADER) or text(error.type)
    message = text(error.message) or text(error.capital_message)
    if kind is None and message is None:
        return None
    return Failure(type=_name_error(kind or "") or None, message=message)


def read_exception(name: str, data: bytes) -> Failure:
    """Return the exception of a stream; `name` is that of its message."""
    error = decode(_error, data) or _Error()
    message = text(error.message) or text(error.capital_message)
    return Failure(code=name.removeprefix(EXCEPTION) or "exception", message=message)


def _name_error(kind: str) -> str:
    # AWS writes `ns#Name`, `Name`, and `Name:http://…`, depending on the service and the protocol.
    return kind.partition(":")[0].rpartition("#")[2]


class Conversation:
    """What the events of a conversation add up to: the last value of each field, except null."""

    def __init__(self, messages: Messages) -> None:
        self.state = _Event()
        self.usage: Mapping[str, Any] = {}
        self.failure: Failure | None = None
        # Only events have names; a document is one message without any.
        self.streamed = any(name for name, _ in messages)
        self._calls: dict[Any, tuple[str, list[str]]] = {}
        for name, data in messages:
            if name.startswith(EXCEPTION):
                self.failure = read_exception(name, data)
            elif (event := decode(_event, data)) is not None:
                self._gather(event)

    @property
    def finished(self) -> bool:
        """Whether the end was seen, which has the usage."""
        # `metadata`, which holds the usage, comes after `messageStop`, so the stop alone doesn't mean that
        # all was seen.
        return bool(self.usage) or self.failure is not None

    @property
    def function_calls(self) -> tuple[FunctionCall, ...]:
        return tuple(FunctionCall(name, "".join(parts) or None) for name, parts in self._calls.values())

    @property
    def properties(self) -> dict[str, str]:
        state = self.state
        tier, config, metrics = (
            value if isinstance(value, dict) else {}
            for value in (state.service_tier, state.performance_config, state.metrics)
        )
        return describe_service(tier.get("type"), config.get("latency"), metrics.get("latencyMs"), self.usage)

    def _gather(self, event: _Event) -> None:
        if isinstance(event.usage, dict):
            self.usage = fuller_usage(self.usage, event.usage)
        for name in _KEPT:
            value = getattr(event, name)
            if value is not None:
                setattr(self.state, name, value)
        for place, block in enumerate(_read_blocks(event.output)):
            # A tuple, so that the place of a block in a document can't collide with a stream's own index.
            self._start((place,), block)
        self._start(event.content_block_index, event.start)
        self._join(event.content_block_index, event.delta)

    def _start(self, place: Any, raw: msgspec.Raw) -> None:
        block = decode(_block, raw)
        use = block.tool_use if block else None
        # Calls of a server's tool are made by the host; the caller never sees them as a function to call.
        if use is not None and text(use.name) and use.type != "server_tool_use":
            # A document has the whole input here. A stream has none and sends its pieces as deltas.
            start = bytes(use.input).decode("utf-8", "replace")
            self._calls[_key(place)] = use.name, [start] if start != "null" else []

    def _join(self, place: Any, delta: Any) -> None:
        call = self._calls.get(_key(place))
        part = section(delta, "toolUse").get("input") if isinstance(delta, dict) else None
        if call is not None and isinstance(part, str):
            call[1].append(part)


def _key(place: Any) -> Any:
    # Anything else could be of a type that can't be a dict key.
    return place if isinstance(place, int | tuple) else None


def _read_blocks(raw: msgspec.Raw) -> list[msgspec.Raw]:
    output = decode(_output, raw)
    return (output.message.content if output and output.message else None) or []
