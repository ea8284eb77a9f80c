"""Bedrock's InvokeModel: bodies as the model's family has them, with what Bedrock says beside.

Source: AWS's API reference, and its inference parameters of each family. The family is told by the body, as
an ARN or a profile's id need not name it. Bedrock's own counts are in headers, and in a stream's last event.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.framing.eventstream import EXCEPTION
from payi_transport.providers.anthropic.messages import read_message
from payi_transport.providers.anthropic.usage import mark_context
from payi_transport.providers.bedrock.converse import Conversation, read_exception
from payi_transport.providers.bedrock.embeddings import read_embeddings
from payi_transport.providers.bedrock.guardrail import Guardrail
from payi_transport.providers.bedrock.text import read_prompt_texts
from payi_transport.providers.bedrock.usage import (
    complete_units,
    describe_service,
    map_usage,
    read_header_usage,
)
from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.reading.counts import count
from payi_transport.providers.reading.json_values import decode
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units

__all__ = ["read_invocation", "unwrap_chunks"]

# The events of Converse, which Nova sends as fields of an object each.
_CONVERSE_EVENTS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)


class _Made(msgspec.Struct):
    images: list[msgspec.Raw] | None = None


class _Chunk(msgspec.Struct):
    bytes: str


class _Beside(msgspec.Struct):
    """What Bedrock puts beside the fields of a model's body."""

    metrics: Any = msgspec.field(default=None, name="amazon-bedrock-invocationMetrics")
    trace: Any = msgspec.field(default=None, name="amazon-bedrock-trace")
    action: Any = msgspec.field(default=None, name="amazon-bedrock-guardrailAction")


class _Counts(msgspec.Struct):
    """Counts of Llama and of Titan's texts; those of a stream are cumulative."""

    prompt_token_count: Any = None
    generation_token_count: Any = None
    input_text: Any = msgspec.field(default=None, name="inputTextTokenCount")
    output_text: Any = msgspec.field(default=None, name="totalOutputTextTokenCount")
    results: Any = None


_made = msgspec.json.Decoder(_Made)
_chunk = msgspec.json.Decoder(_Chunk)
_beside = msgspec.json.Decoder(_Beside)
_counts = msgspec.json.Decoder(_Counts)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def unwrap_chunks(messages: Messages) -> Messages:
    """The model's own events, out of the chunks of InvokeModelWithResponseStream."""
    return [(name, _unwrap(data) if name == "chunk" else data) for name, data in messages]


def _unwrap(data: bytes) -> bytes:
    chunk = decode(_chunk, data)
    try:
        return b64decode(chunk.bytes) if chunk else data
    except ValueError:
        return data


def read_invocation(raw: RawResponse) -> ParsedResponse:
    """What an invocation says: of the family's own usage and Bedrock's, the family's tells more."""
    read = _find_family(raw.messages)
    answer = read(raw)
    beside = _Told(raw)
    units = _complete(read, answer.units, beside.units)
    failure = beside.failure or answer.failure or beside.guardrail.failure
    document = [name for name, _ in raw.messages] == [""]
    finished = answer.finished or bool(beside.metrics or failure) or (document and raw.read_to_end)
    silent = finished and not units
    return msgspec.structs.replace(
        answer,
        # The provider's id of the call is in a header.
        response_id=None,
        units={**units, **beside.guardrail.units},
        failure=failure,
        finished=finished,
        properties={**answer.properties, **beside.guardrail.properties, **beside.properties},
        uncounted=answer.uncounted or (tuple(read_prompt_texts(raw.request_body)) if silent else ()),
    )


def _complete(
    read: Callable[[RawResponse], ParsedResponse], units: Mapping[str, Units], told: Mapping[str, Units]
) -> Mapping[str, Units]:
    """The units that a family tells, with Bedrock's own where it tells none or half of them."""
    if units and read in _WHOLE:
        return units
    completed = complete_units(units, told)
    # Its own input is marked already.
    lacks_input = all(unit.input is None for unit in units.values())
    return mark_context(completed) if read is read_message and lacks_input else completed


class _Told:
    """What Bedrock itself says, in headers and in any of the events."""

    def __init__(self, raw: RawResponse) -> None:
        sent = raw.request_headers
        self.metrics: Mapping[str, Any] = {}
        self.failure: Failure | None = None
        self.guardrail = Guardrail(
            sent.get("x-amzn-bedrock-guardrailidentifier"), sent.get("x-amzn-bedrock-guardrailversion")
        )
        self._headers = raw.response_headers
        for name, data in raw.messages:
            if name.startswith(EXCEPTION):
                self.failure = read_exception(name, data)
            elif b'"amazon-bedrock-' in data:
                self._gather(decode(_beside, data) or _Beside())

    @property
    def units(self) -> dict[str, Units]:
        return complete_units(map_usage(self.metrics), read_header_usage(self._headers))

    @property
    def properties(self) -> dict[str, str]:
        headers = self._headers
        return describe_service(
            headers.get("x-amzn-bedrock-service-tier"),
            headers.get("x-amzn-bedrock-performanceconfig-latency"),
            headers.get("x-amzn-bedrock-invocation-latency") or self.metrics.get("invocationLatency"),
        )

    def _gather(self, beside: _Beside) -> None:
        if isinstance(beside.metrics, dict):
            self.metrics = beside.metrics
        self.guardrail.gather(beside.trace, beside.action)


def _read_nova(raw: RawResponse) -> ParsedResponse:
    """Nova: the documents and events of Converse."""
    events = [event for name, data in raw.messages for event in _open_event(name, data)]
    told = Conversation(events)
    return ParsedResponse(
        units=map_usage(told.usage),
        function_calls=told.function_calls,
        failure=told.failure,
        finished=told.finished,
        properties=told.properties,
    )


def _open_event(name: str, data: bytes) -> Messages:
    fields = decode(_fields, data) or {}
    return [(event, bytes(fields[event])) for event in _CONVERSE_EVENTS if event in fields] or [(name, data)]


def _read_counts(raw: RawResponse) -> ParsedResponse:
    """Llama, Titan's texts, and all that tell their usage in headers alone."""
    told: dict[str, Any] = {}
    for _, data in raw.messages:
        body = decode(_counts, data) or _Counts()
        told.update(
            (name, value) for name, value in msgspec.structs.asdict(body).items() if value is not None
        )
    text = Units(
        input=count(told, "prompt_token_count", "input_text"),
        output=count({**told, **_sum_results(told)}, "generation_token_count", "output_text", "results"),
    )
    return ParsedResponse(units={"text": text} if text != Units() else {}, finished=False)


def _sum_results(told: Mapping[str, Any]) -> dict[str, int]:
    results = told.get("results")
    counts = [
        number
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, dict) and (number := count(result, "tokenCount")) is not None
    ]
    return {"results": sum(counts)} if counts else {}


def _read_images(raw: RawResponse) -> ParsedResponse:
    """Images of Nova Canvas, Titan and Stability, which are billed by number."""
    made = sum(len(body.images or ()) for _, data in raw.messages if (body := decode(_made, data)))
    return ParsedResponse(units={"image": Units(output=made)} if made else {}, finished=False)


# By a field that no body of the families below it has.
_FAMILIES: dict[str, Callable[[RawResponse], ParsedResponse]] = {
    "type": read_message,
    "choices": read_chat,
    "output": _read_nova,
    **dict.fromkeys(_CONVERSE_EVENTS, _read_nova),
    "embedding": read_embeddings,
    "embeddings": read_embeddings,
    "images": _read_images,
}
# Those that tell all there is: images are billed by number, and vectors are no tokens.
_WHOLE = (_read_images, read_embeddings)


def _find_family(messages: Messages) -> Callable[[RawResponse], ParsedResponse]:
    bodies = (decode(_fields, data) or {} for _, data in messages)
    return next((read for body in bodies for name, read in _FAMILIES.items() if name in body), _read_counts)
