"""Chat, embed, and rerank, in the first and second version of Cohere's API.

Source: https://docs.cohere.com/reference/chat and the types of Cohere's SDK 7.3. A usage has `tokens`,
which were processed, and `billed_units`, which Cohere charges for; only the latter become units. They are
whole numbers written as floats. Searches, classifications and pages have no unit in Pay-i and become
properties.

Many rerankers share the path of Cohere's, and state their usage as OpenAI's embeddings do: those of Voyage,
Jina, vLLM, Together and OpenRouter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.openai.usage import find_extras, map_total
from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units

__all__ = ["read_chat", "read_chat_text", "read_error", "read_search"]

# Plain dicts rather than Structs: the two versions of the API put the same things in different places.
_any = msgspec.json.Decoder(dict[str, Any])
# The names in the second and in the first version of the API.
_ENDS = frozenset({"message-end", "stream-end"})
# Reasons to end a response of status 200 that are failures.
_FAILED = ("ERROR", "TIMEOUT")


def read_chat(raw: RawResponse) -> ParsedResponse:
    """Read a chat: one document, or a stream whose last event has the usage."""
    response_id, usage, calls, failure = None, dict[str, Any](), list[_Call](), None
    ended = False
    for body in _bodies(raw.messages):
        # Version 2 names events in `type`, version 1 in `event_type`. A document has neither.
        kind = text(body.get("type")) or text(body.get("event_type"))
        response_id = response_id or text(body.get("id")) or text(body.get("generation_id"))
        # Only the event that ends a stream has a usage.
        usage = fuller_usage(usage, _find_usage(body))
        failure = failure or _find_failure(body)
        # A document says nothing about its end, but one that is cut can't be decoded, so its usage proves
        # that it is whole.
        ended = ended or kind in _ENDS or (kind is None and bool(_find_usage(body)))
        _gather(calls, body)
    # Clouds and gateways leave out what is billed, and bill what was processed.
    billed = "tokens" if usage.get("billed_units") is None else "billed_units"
    return ParsedResponse(
        response_id=response_id,
        units=_map_units(section(usage, billed)),
        function_calls=tuple(FunctionCall(call.name, "".join(call.arguments) or None) for call in calls),
        failure=failure,
        finished=ended,
        properties=_describe(usage),
    )


def read_search(raw: RawResponse) -> ParsedResponse:
    """Read embeddings and rankings."""
    bodies = list(_bodies(raw.messages))
    body = bodies[-1] if bodies else {}
    # These two APIs kept `meta` when version 2 of the chat moved to `usage`.
    usage = section(body, "meta")
    billed = section(usage, "billed_units")
    other: Mapping[str, Any] = {}
    if usage.get("billed_units") is None:
        # SiliconFlow has Cohere's tokens without its units, and bills them.
        other = section(body, "usage") or section(usage, "tokens") or section(body, "tokens")
    return ParsedResponse(
        model=text(body.get("model")),
        response_id=text(body.get("id")),
        units=map_total(other) if other else _map_units(billed),
        finished=raw.read_to_end,
        properties=describe_extras(None, find_extras(other)) if other else _describe(usage),
        # Searches are a property, because Pay-i has no unit for them.
        has_usage=count(other or billed, "search_units") is not None,
    )


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body: `{"message": …}`, sometimes with an id."""
    message = text((decode(_any, body) or {}).get("message"))
    return None if message is None else Failure(message=message)


def read_chat_text(messages: Messages) -> str:
    """Return the text of a stream up to where it ended."""
    deltas = (
        # Version 2 nests the text three levels deep, and version 1 has it at the top of one kind of event.
        text(section(section(section(body, "delta"), "message"), "content").get("text"))
        or (text(body.get("text")) if body.get("event_type") == "text-generation" else None)
        for body in _bodies(messages)
    )
    return "".join(delta or "" for delta in deltas)


class _Call:
    """A function call that may still get deltas."""

    def __init__(self, name: str, arguments: str | None) -> None:
        self.name = name
        # A list, because adding to a string for each delta would copy it every time.
        self.arguments = [arguments or ""]


def _bodies(messages: Messages) -> Iterator[dict[str, Any]]:
    for _, data in messages:
        body = decode(_any, data)
        if body is not None:
            yield body


def _find_usage(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `usage` (version 2) or `meta` (version 1), which a stream's last event has one level down."""
    inner = section(body, "delta", "response")
    for place in (inner, body):
        usage = section(place, "usage", "meta")
        if usage:
            return dict(usage)
    return {}


def _find_failure(body: Mapping[str, Any]) -> Failure | None:
    """Return a failure that ended a response, by where versions 2 and 1 have the reason of an end."""
    reason = section(body, "delta", "response").get("finish_reason") or body.get("finish_reason")
    return Failure(code=reason) if reason in _FAILED else None


def _gather(calls: list[_Call], body: Mapping[str, Any]) -> None:
    """Add the calls of a document, or the start or a piece of one in a stream."""
    message = section(body, "message") or section(section(body, "delta"), "message")
    # A document has a list of calls; an event of a stream has a single call in its place.
    found = message.get("tool_calls")
    for call in found if isinstance(found, list) else [found]:
        function = section(call, "function") if isinstance(call, dict) else {}
        name, arguments = text(function.get("name")), text(function.get("arguments"))
        if name is not None:
            calls.append(_Call(name, arguments))
        # Calls come one after the other, so a piece without a name belongs to the latest one.
        elif arguments is not None and calls:
            calls[-1].arguments.append(arguments)


def _map_units(billed: Mapping[str, Any]) -> dict[str, Units]:
    prompt, output = count(billed, "input_tokens", "text_tokens"), count(billed, "output_tokens")
    # Later embedding models are billed by the tokens of an image, earlier ones by the image.
    images = count(billed, "image_tokens", "images")
    # A rerank is billed by searches alone. Zero tokens would be a count that Cohere never reported.
    units = {} if prompt is None and output is None else {"text": Units(input=prompt, output=output)}
    if images:
        units["vision"] = Units(input=images)
    return units


def _describe(usage: Mapping[str, Any]) -> dict[str, str]:
    billed = section(usage, "billed_units")
    extras = {name: count(billed, name) for name in ("search_units", "classifications", "pages")}
    extras["cached_tokens"] = count(usage, "cached_tokens")
    return describe_extras(None, {name: value for name, value in extras.items() if value})
