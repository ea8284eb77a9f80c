"""Conversations with a model or an agent: one document, or a stream whose last event has the usage.

Source: https://docs.mistral.ai/agents/connectors/websearch and the types of Mistral's SDK 3.7. What Mistral's
own tools bring into the prompt is counted beside it, as `connector_tokens`, and the grand total has both.
`connectors` counts the calls of each tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import Failing, find_failure, read_code
from payi_transport.providers.shared.json_values import NOTHING, decode, text, written
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units

__all__ = ["read_conversation", "read_conversation_text"]

_DONE, _ERROR = "conversation.response.done", "conversation.response.error"
_CALLS = ("function.call", "function.call.delta")
_TOOLS = ("connector_tokens", "connectors")
_SEARCH = "web_search"


class _Entry(Failing):
    """An entry of a document, or an event of a stream, which holds a piece of one."""

    id: Any = None
    model: Any = None
    usage: Any = None
    name: Any = None
    tool_call_id: Any = None
    arguments: msgspec.Raw = NOTHING
    content: Any = None


class _Body(_Entry):
    outputs: list[msgspec.Raw] | None = None


_body = msgspec.json.Decoder(_Body)
_entry = msgspec.json.Decoder(_Entry)


def read_conversation(raw: RawResponse) -> ParsedResponse:
    """Read what a model or an agent adds to a conversation."""
    usage, failure, done = dict[str, Any](), None, False
    entries: list[_Entry] = []
    for _, data in raw.messages:
        body = decode(_body, data) or decode(_entry, data)
        if body is None:
            continue
        entries += _read_outputs(body)
        if isinstance(body.usage, dict):
            usage = fuller_usage(usage, body.usage)
        failure = _read_failure(body) or failure
        # A document has no type, and its usage proves that it is whole.
        done = done or body.type == _DONE or (body.type is None and bool(usage))
    connectors = section(usage, "connectors")
    others = {name: number for name, number in connectors.items() if name != _SEARCH}
    extras = {name: value for name, value in usage.items() if name not in _TOOLS}
    return ParsedResponse(
        model=next(filter(None, (text(entry.model) for entry in entries)), None),
        # All responses of a conversation have its id, so the first entry's stands for this one.
        response_id=next(filter(None, (text(entry.id) for entry in entries)), None),
        units=_map_units(usage, count(connectors, _SEARCH)),
        function_calls=tuple(_join_calls(entries)),
        failure=failure,
        finished=done or failure is not None,
        properties=describe_extras(None, {**find_extras(extras), "connectors": others}),
    )


def read_conversation_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended."""
    bodies = (decode(_body, data) or decode(_entry, data) for _, data in messages)
    entries = (entry for body in bodies if body is not None for entry in _read_outputs(body))
    return "".join(part for entry in entries for part in _find_texts(entry.content))


def _find_texts(content: Any) -> Iterator[str]:
    for part in content if isinstance(content, list) else [content]:
        yield (text(part.get("text")) if isinstance(part, dict) else text(part)) or ""


def _read_outputs(body: _Entry) -> list[_Entry]:
    """Return the entries of a document, and of a stream the piece that an event is."""
    outputs = body.outputs if isinstance(body, _Body) else None
    return [body] if outputs is None else [entry for raw in outputs if (entry := decode(_entry, raw))]


def _map_units(usage: Mapping[str, Any], searches: int | None) -> dict[str, Units]:
    prompt, tools = count(usage, "prompt_tokens"), count(usage, "connector_tokens") or 0
    total, completion = count(usage, "total_tokens"), count(usage, "completion_tokens")
    # Where the grand total leaves no room for them, they are among the tokens of the prompt.
    is_part = total and total == (prompt or 0) + (completion or 0)
    if tools and not is_part:
        usage = {**usage, "prompt_tokens": (prompt or 0) + tools}
    units = map_usage(usage)
    return {**units, "web_search_request": Units(output=searches)} if searches else units


def _read_failure(body: _Entry) -> Failure | None:
    if body.type == _ERROR:
        return Failure(code=read_code(body.code) or "error", message=text(body.message))
    return find_failure(body)


def _join_calls(entries: Iterable[_Entry]) -> Iterator[FunctionCall]:
    """Yield the function calls, each from all of its pieces."""
    calls: dict[str, tuple[str, list[str]]] = {}
    for place, entry in enumerate(entries):
        name = text(entry.name)
        if entry.type in _CALLS and name is not None:
            key = text(entry.tool_call_id) or text(entry.id) or str(place)
            calls.setdefault(key, (name, []))[1].append(written(entry.arguments) or "")
    for name, parts in calls.values():
        yield FunctionCall(name, "".join(parts) or None)
