"""Chat completions of xAI's gRPC API, in the JSON form of its messages: one, or the chunks of a stream.

Source: `chat.proto` and `usage.proto` of https://github.com/xai-org/xai-proto, as in xai-sdk 1.21. The usage
has the names that OpenAI's has, and counts the same way with one exception: reasoning is in addition to the
completion. Each chunk has the usage so far, so the last one counts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.prompt_size import describe_tier
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import FunctionCall, ParsedResponse

__all__ = ["read_chat"]


class _Function(msgspec.Struct):
    name: Any = None
    arguments: Any = None


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Message(msgspec.Struct):
    tool_calls: list[_ToolCall] | None = None


class _Output(msgspec.Struct):
    finish_reason: Any = None
    message: _Message | None = None
    delta: _Message | None = None


class _Response(msgspec.Struct):
    id: Any = None
    model: Any = None
    outputs: list[_Output] | None = None
    usage: Any = None
    service_tier: Any = None


_response = msgspec.json.Decoder(_Response)


def read_chat(raw: RawResponse) -> ParsedResponse:
    """Read a completion, or the chunks of one."""
    last, usage, finished = _Response(), dict[str, Any](), False
    calls: list[FunctionCall] = []
    for _, data in raw.messages:
        response = decode(_response, data)
        if response is None:
            continue
        last = response
        if isinstance(response.usage, dict) and response.usage:
            usage = response.usage
        for output in response.outputs or ():
            finished = finished or output.finish_reason is not None
            calls += _read_calls(output.message or output.delta or _Message())
    units = map_usage(usage)
    return ParsedResponse(
        model=text(last.model),
        response_id=text(last.id),
        units=units,
        function_calls=tuple(calls),
        finished=finished or not raw.is_stream or raw.read_to_end,
        properties={
            **describe_extras(_read_tier(last.service_tier), find_extras(usage)),
            **describe_tier(units, text(last.model), raw.requested_model),
        },
    )


def _read_calls(message: _Message) -> list[FunctionCall]:
    functions = (call.function for call in message.tool_calls or () if call.function is not None)
    return [FunctionCall(name, text(each.arguments)) for each in functions if (name := text(each.name))]


def _read_tier(tier: Any) -> str | None:
    """Return a tier by its usual name: `SERVICE_TIER_PRIORITY` is `priority`."""
    return tier.rpartition("_")[2].lower() if isinstance(tier, str) else None
