"""Chat completions: one document, or a stream whose last usage counts.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Many hosts
implement this API, each with its own additions, so a body is read field by field and nothing in it has to
be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from payi_transport.providers.openai.function_calls import Calls, MessagePart
from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.prompt_size import describe_tier, mark_context
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["read_chat"]

DONE = b"[DONE]"


class _Choice(msgspec.Struct):
    index: int | None = None
    message: MessagePart | None = None
    delta: MessagePart | None = None
    finish_reason: str | None = None


class _Head(msgspec.Struct):
    """What can still be read of a body whose choices are malformed."""

    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None
    service_tier: Any = None
    x_groq: Any = None


class _Chat(_Head):
    choices: list[_Choice] | None = None


_chat = msgspec.json.Decoder(_Chat)
_head = msgspec.json.Decoder(_Head)


def read_chat(
    raw: RawResponse, map_usage: Callable[[Mapping[str, Any]], dict[str, Units]] = map_usage
) -> ParsedResponse:
    """Read chat completions and legacy completions: one document, or a stream whose last usage counts."""
    head = _Head()
    calls = Calls()
    finished = done = False
    for _, data in raw.messages:
        if data.startswith(DONE):
            done = True
            continue
        chat = _decode(data)
        if chat is None:
            continue
        _merge(head, chat)
        for choice in (chat.choices if isinstance(chat, _Chat) else None) or ():
            finished = finished or choice.finish_reason is not None
            calls.gather(choice.index, choice.delta or choice.message)
    failure = read_failure(head.error)
    names = (raw.priced_model, head.model, raw.requested_model)
    units = mark_context(map_usage(head.usage or {}), *names)
    return ParsedResponse(
        model=head.model,
        response_id=head.id,
        units=units,
        function_calls=calls.named(),
        failure=failure,
        properties={
            **describe_extras(head.service_tier, find_extras(head.usage or {})),
            **describe_tier(units, *names),
        },
        # The usage may come in a chunk of its own after the finish reason, so that reason alone isn't the
        # end.
        finished=done or (finished and (raw.read_to_end or bool(head.usage))) or failure is not None,
    )


def _decode(data: bytes) -> _Head | None:
    """Return what can be read of a body, None if it is not a JSON object."""
    return decode(_chat, data) or decode(_head, data)


def _merge(head: _Head, chat: _Head) -> None:
    """Keep the first id and model, and the last usage and error, which Groq puts in `x_groq`."""
    head.id = head.id or text(chat.id)
    head.model = head.model or text(chat.model)
    groq = chat.x_groq if isinstance(chat.x_groq, dict) else {}
    for usage in (chat.usage, groq.get("usage")):
        if usage and isinstance(usage, dict):
            head.usage = usage
            break
    head.service_tier = chat.service_tier or head.service_tier
    head.error = next(filter(read_failure, (chat.error, groq.get("error"))), head.error)
