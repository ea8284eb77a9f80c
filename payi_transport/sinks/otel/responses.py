"""What the body of a response says about itself: its id, its model, and why it ended.

The body is searched, not parsed, since the worker has parsed it once already. Only a stream of binary
messages is split, because a message of Bedrock's may hold the model's own in base64.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.body import decode_body
from payi_transport.decode.read_headers import read_headers
from payi_transport.framing.eventstream import split_eventstream
from payi_transport.providers.registry import REGISTRY
from payi_transport.sinks.otel import names
from payi_transport.values.event import Event
from payi_transport.values.names import RESPONSE_ID_PROPERTY, SERVED_MODEL_PROPERTY, UNKNOWN_RESOURCE

__all__ = ["find_finish_reasons", "find_response_id", "find_response_model", "read_text", "strip_prefixes"]

# A key with its quotes. Inside of a string, as in a model's text, they are escaped, so they don't match.
_FINISH_REASON = re.compile(
    rb'(?<!\\)"(?:finish_reason|finishReason|stop_reason|stopReason|done_reason)"\s*:\s*"([^"\\]{1,64})"'
)
_MAX_REASONS = 16
# What ended a response of OpenAI's Responses and Realtime APIs, which state a status instead of a reason.
_STATUSES = {"completed": "stop", "failed": "error", "cancelled": "error", "incomplete": "incomplete"}
_INCOMPLETE = {"max_output_tokens": "length"}


class _Details(msgspec.Struct):
    reason: Any = None


class _Response(msgspec.Struct):
    status: Any = None
    details: _Details | None = msgspec.field(default=None, name="incomplete_details")


class _LastMessage(_Response):
    """A response, or the last event of its stream."""

    response: _Response | None = None


_last_message = msgspec.json.Decoder(_LastMessage)


def read_text(exchange: Exchange) -> bytes:
    """Return the body of a response as JSON texts, without what encodes or wraps them."""
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers).data
    if not headers.get("content-type", "").startswith("application/vnd.amazon.eventstream"):
        return body
    messages = split_eventstream(body)
    if exchange.route.operation in REGISTRY.operations:
        messages = REGISTRY.find_readers(exchange.route.operation, exchange.route.category).unwrap(messages)
    return b"\n".join(data for _, data in messages)


def find_response_id(event: Event, text: bytes) -> str | None:
    """Return the id that the provider gave a response, and none from a header or of ours."""
    own: str = (event.properties or {}).get(RESPONSE_ID_PROPERTY) or event.provider_response_id
    return own if b'"%b"' % own.encode("utf-8", "replace") in text else None


def find_response_model(event: Event, text: bytes) -> str | None:
    """Return the model that the response names, in full, unless a property says it already."""
    served = (event.properties or {}).get(SERVED_MODEL_PROPERTY)
    if served is not None:
        return served
    model = strip_prefixes(event.resource or UNKNOWN_RESOURCE)
    # A resource may be what the call is priced as, which no response names.
    name = re.escape(model.encode("utf-8", "replace"))
    found = re.search(rb'"(?:model|modelVersion|model_version)"\s*:\s*"(%b[^"\\]{0,80})"' % name, text)
    return found[1].decode("utf-8", "replace") if found else None


def strip_prefixes(resource: str) -> str:
    """Return the model that a resource of Pay-i names."""
    for prefix in names.RESOURCE_PREFIXES:
        resource = resource.removeprefix(prefix)
    return resource


def find_finish_reasons(exchange: Exchange, event: Event, text: bytes) -> tuple[str, ...] | None:
    """Return why each choice of a response ended, in the provider's words, where it says so."""
    if exchange.route.operation.startswith(("openai.responses", "openai.realtime", "openai.live")):
        # Each message of a session is a chunk.
        last = exchange.chunks[-1] if exchange.framed else text.rpartition(b"\ndata:")[2]
        return _find_end(last, bool(event.provider_response_function_calls))
    reasons = [match[1].decode("utf-8", "replace") for match in _FINISH_REASON.finditer(text)]
    return tuple(reasons[:_MAX_REASONS]) or None


def _find_end(data: bytes, has_calls: bool) -> tuple[str] | None:
    try:
        message = _last_message.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    response = message.response or message
    if not isinstance(response.status, str):
        return None
    reason = response.details.reason if response.details else None
    if response.status == "incomplete" and isinstance(reason, str):
        return (_INCOMPLETE.get(reason, reason),)
    end = "tool_calls" if response.status == "completed" and has_calls else _STATUSES.get(response.status)
    return (end,) if end else None
