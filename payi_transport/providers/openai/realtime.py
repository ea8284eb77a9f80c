"""A response of the Realtime API, and a transcription of what the user said to it.

Source: https://developers.openai.com/api/reference/resources/realtime and the types of OpenAI's SDK 3.57.
Only `response.done` has a usage. A transcription is made by another model, at that model's price, and has a
usage of its own: tokens, or seconds.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from payi_transport.providers.openai.media import map_transcription
from payi_transport.providers.openai.responses import read_calls
from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse

__all__ = ["TRANSCRIBED", "TRANSCRIPTION_FAILED", "read_realtime"]

TRANSCRIBED: Final = "conversation.item.input_audio_transcription.completed"
TRANSCRIPTION_FAILED: Final = "conversation.item.input_audio_transcription.failed"


class _Response(msgspec.Struct):
    id: Any = None
    model: Any = None
    status: Any = None
    status_details: Any = None
    output: Any = None
    usage: Any = None


class _Event(msgspec.Struct):
    type: Any = None
    item_id: Any = None
    event_id: Any = None
    usage: Any = None
    error: Any = None
    # Read by itself, so that an odd one does not hide the usage of a transcription.
    response: msgspec.Raw = msgspec.Raw(b"null")


_event = msgspec.json.Decoder(_Event)
_response = msgspec.json.Decoder(_Response | None)


def read_realtime(raw: RawResponse) -> ParsedResponse:
    """Read the events of one response, or the event of one transcription."""
    last, finished, failure = _Response(), False, None
    for _, data in raw.messages:
        event = decode(_event, data)
        if event is None:
            continue
        if event.type in (TRANSCRIBED, TRANSCRIPTION_FAILED):
            return _read_transcription(event)
        if event.type == "error":
            failure = read_failure(event.error) or Failure(code="error")
        response = decode(_response, event.response)
        last = response or last
        finished = finished or event.type == "response.done"
    usage = last.usage if isinstance(last.usage, dict) else {}
    units = map_usage(usage)
    failure = failure or _read_status(last)
    return ParsedResponse(
        model=text(last.model),
        response_id=text(last.id),
        units=units,
        function_calls=tuple(read_calls(last.output if isinstance(last.output, list) else ())),
        failure=failure,
        # A response that is cancelled before it begins has no usage, and nothing is missing then.
        finished=(finished and (bool(units) or last.status != "cancelled")) or failure is not None,
        properties=describe_extras(None, find_extras(usage)),
    )


def _read_transcription(event: _Event) -> ParsedResponse:
    failed = event.type == TRANSCRIPTION_FAILED
    return ParsedResponse(
        response_id=text(event.item_id) or text(event.event_id),
        units=map_transcription(event.usage) if isinstance(event.usage, dict) else {},
        failure=(read_failure(event.error) or Failure(code="failed")) if failed else None,
    )


def _read_status(response: _Response) -> Failure | None:
    if response.status != "failed":
        return None
    details = response.status_details if isinstance(response.status_details, dict) else {}
    return read_failure(details.get("error")) or Failure(code="failed")
