"""The Responses API: one document, or a stream whose last event holds the whole response.

Source: https://platform.openai.com/docs/api-reference/responses and the types of OpenAI's SDK 3.54. Only a
response with a final status has usage; on a stream that is `response.completed`, `response.incomplete` or
`response.failed`. If a stream breaks off before, the items that it finished are all that is known.
Decisions count the same way, in a document with neither an id nor a status.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from payi_transport.providers.openai.hosted_tools import describe_tools, map_searches
from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import Failing, find_failure, read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.prompt_size import price_by_size
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse

__all__ = ["read_calls", "read_response"]

_TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})
# The last events of a stream. Some hosts leave out the status in them. A tuple, because a set can't look up
# a value of any type.
_ENDS = tuple(f"response.{status}" for status in sorted(_TERMINAL))
# Which field has a call's arguments. Those of a custom tool are free text.
_ARGUMENTS = {"function_call": "arguments", "custom_tool_call": "input"}
# What is reported if a response failed and says nothing else.
_FAILED = Failure(code="failed")


class _Response(msgspec.Struct):
    id: Any = None
    model: Any = None
    status: Any = None
    output: Any = None
    usage: Any = None
    tool_usage: Any = None
    service_tier: Any = None
    error: Any = None


class _Message(_Response):
    """A document, or an event of a stream that holds the response or a finished item of it."""

    type: Any = None
    code: Any = None
    message: Any = None
    object: Any = None
    base_resp: Any = None
    response: _Response | None = None
    item: Any = None


_message = msgspec.json.Decoder(_Message)


def read_response(raw: RawResponse) -> ParsedResponse:
    """Read a response; from a stream that broke off, the items that it finished."""
    response, items, failure, streamed, ended = _Response(), list[Any](), None, False, False
    for _, data in raw.messages:
        message = decode(_message, data)
        if message is None:
            continue
        # Only events have a type. A document has `object` in its place.
        streamed = streamed or message.type is not None
        ended = ended or message.type in _ENDS
        # Deltas are ignored: each item comes whole once it is done, and the final response repeats all of
        # them.
        if message.type == "response.output_item.done":
            items.append(message.item)
        elif message.type == "error":
            failure = _read_error_event(message)
        failure = _read_other_failure(message) or failure
        response = _later(response, _find_snapshot(message))
    # The final response wins, because items that were collected are in it again.
    output = response.output if isinstance(response.output, list) and response.output else items
    status = response.status if isinstance(response.status, str) else None
    usage = response.usage if isinstance(response.usage, dict) else {}
    # Of a body whose middle is missing, some items may be missing, too.
    extras = {**find_extras(usage), **describe_tools(response.tool_usage, () if raw.is_cut else output)}
    names = (raw.priced_model, text(response.model), raw.requested_model)
    units, tier = price_by_size(map_usage(usage), names)
    return ParsedResponse(
        model=text(response.model),
        response_id=text(response.id),
        units={**units, **map_searches(response.tool_usage)},
        function_calls=tuple(read_calls(output)),
        # The status alone is the last resort: it says that something failed, and nothing about what.
        failure=failure or read_failure(response.error) or (_FAILED if status == "failed" else None),
        finished=ended or status in _TERMINAL or failure is not None,
        # The caller will fetch a document again, but a stream that broke off has nothing more to say.
        pending=status in ("queued", "in_progress") and not streamed,
        properties={**describe_extras(response.service_tier, extras), **tier},
    )


def _find_snapshot(message: _Message) -> _Response:
    """Return the response of a document or an event. Some hosts have the usage of an event beside it."""
    response = message.response
    if response is None:
        return message
    return response if response.usage else msgspec.structs.replace(response, usage=message.usage)


def _later(earlier: _Response, later: _Response) -> _Response:
    """Return the later snapshot of a response, with what only the earlier one says."""
    # Snapshots are partial: the first ones have no usage, and later ones may leave out what those said.
    said = {
        name: value for name in _Response.__struct_fields__ if (value := getattr(later, name)) is not None
    }
    if isinstance(earlier.usage, dict) and isinstance(later.usage, dict):
        said["usage"] = fuller_usage(earlier.usage, later.usage)
    # Most events of a stream are deltas, and say nothing of it.
    return msgspec.structs.replace(earlier, **said) if said else earlier


def read_calls(output: Iterable[Any]) -> Iterable[FunctionCall]:
    """Yield the function calls among the items of a response."""
    for item in output:
        field = _ARGUMENTS.get(text(item.get("type")) or "") if isinstance(item, dict) else None
        # Calls of hosted tools are items too, but have other types: OpenAI runs those itself.
        if field and text(item.get("name")):
            arguments = item.get(field)
            yield FunctionCall(item["name"], arguments if isinstance(arguments, str) else None)


def _read_error_event(message: _Message) -> Failure:
    if message.error is not None:
        # Some hosts nest the error as in a document; OpenAI has its fields in the event itself.
        return read_failure(message.error) or Failure(code="error")
    return Failure(code=text(message.code) or "error", message=text(message.message))


def _read_other_failure(message: _Message) -> Failure | None:
    """Return a failure that a host of its own reports in another place than OpenAI."""
    kind, code, said = message.type, message.code, message.message
    return find_failure(Failing(None, message.object, kind, code, said, message.base_resp))
