"""InvokeModel: bodies in the shape of the model's family, with additions by Bedrock.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html and AWS's
inference parameters of each family. An ARN or the id of a profile need not name the family, so the body
decides: each family has a field that the others lack. Its reader then reads the body as that of the
family's own API.

Bedrock counts tokens too, in headers and in the last event of a stream. A family's own usage is more
detailed and wins; Bedrock's counts fill in input or output where it has none.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.framing.eventstream import EXCEPTION
from payi_transport.providers.anthropic.messages import read_message
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
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.prompt_size import describe_tier, mark_context
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units

__all__ = ["read_invocation", "unwrap_chunks"]

# The events of Converse. Nova sends each as an object with one field of that name.
_CONVERSE_EVENTS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)


class _ImagesBody(msgspec.Struct):
    images: list[msgspec.Raw] | None = None


class _Chunk(msgspec.Struct):
    bytes: str


class _Additions(msgspec.Struct):
    """What Bedrock adds to the fields of a model's body."""

    metrics: Any = msgspec.field(default=None, name="amazon-bedrock-invocationMetrics")
    trace: Any = msgspec.field(default=None, name="amazon-bedrock-trace")
    action: Any = msgspec.field(default=None, name="amazon-bedrock-guardrailAction")


class _Counts(msgspec.Struct):
    """Counts of Llama and of Titan's texts. In a stream they are cumulative."""

    prompt_token_count: Any = None
    generation_token_count: Any = None
    input_text: Any = msgspec.field(default=None, name="inputTextTokenCount")
    output_text: Any = msgspec.field(default=None, name="totalOutputTextTokenCount")
    results: Any = None


_images_body = msgspec.json.Decoder(_ImagesBody)
_chunk = msgspec.json.Decoder(_Chunk)
_additions = msgspec.json.Decoder(_Additions)
_counts = msgspec.json.Decoder(_Counts)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def unwrap_chunks(messages: Messages) -> Messages:
    """Return the model's own events, taken out of the chunks of InvokeModelWithResponseStream."""
    # Exceptions aren't wrapped, so only `chunk` is opened.
    return [(name, _unwrap(data) if name == "chunk" else data) for name, data in messages]


def _unwrap(data: bytes) -> bytes:
    chunk = decode(_chunk, data)
    try:
        return b64decode(chunk.bytes) if chunk else data
    # What isn't base64 is left for the reader, which ignores what it can't decode.
    except ValueError:
        return data


def read_invocation(raw: RawResponse) -> ParsedResponse:
    """Read an invocation of a model of any family."""
    read = _find_family(raw.messages)
    parsed = read(raw)
    host = _HostReport(raw)
    names = (raw.priced_model, parsed.model, raw.requested_model)
    units = _complete(read, parsed.units, host.units, names)
    failure = host.failure or parsed.failure or host.guardrail.failure
    # A document is one message without a name. A stream that broke off after one event has one with a name.
    document = [name for name, _ in raw.messages] == [""]
    finished = parsed.finished or bool(host.metrics or failure) or (document and raw.read_to_end)
    # A call that broke off has units still to come, so only a complete one that reports none is worth a
    # tokenizer's work.
    reports_no_usage = finished and not units
    return msgspec.structs.replace(
        parsed,
        # Bedrock's id of the call is in a header, and the model's own id means nothing there.
        response_id=None,
        # Guardrails are billed in addition to the model, under units of their own.
        units={**units, **host.guardrail.units},
        failure=failure,
        finished=finished,
        properties={
            **parsed.properties,
            **host.guardrail.properties,
            **host.properties,
            **describe_tier(units, *names),
        },
        uncounted=parsed.uncounted
        or (tuple(read_prompt_texts(raw.request_body)) if reports_no_usage else ()),
    )


def _complete(
    read: Callable[[RawResponse], ParsedResponse],
    units: Mapping[str, Units],
    host: Mapping[str, Units],
    names: Iterable[str | None],
) -> Mapping[str, Units]:
    """Return a family's units, with Bedrock's own where it reports none or half of them."""
    # Bedrock's headers would add text tokens to what is billed by number.
    if units and read in _COMPLETE_READERS:
        return units
    completed = complete_units(units, host)
    # If the input is the family's own, its units are marked already.
    lacks_input = all(unit.input is None for unit in units.values())
    return mark_context(completed, *names) if lacks_input else completed


class _HostReport:
    """What Bedrock itself reports, in headers and in any of the events."""

    def __init__(self, raw: RawResponse) -> None:
        headers = raw.request_headers
        self.metrics: Mapping[str, Any] = {}
        self.failure: Failure | None = None
        self.guardrail = Guardrail(
            headers.get("x-amzn-bedrock-guardrailidentifier"), headers.get("x-amzn-bedrock-guardrailversion")
        )
        self._headers = raw.response_headers
        for name, data in raw.messages:
            if name.startswith(EXCEPTION):
                self.failure = read_exception(name, data)
            # Few events have additions, and searching for bytes avoids parsing the others a second time.
            elif b'"amazon-bedrock-' in data:
                self._gather(decode(_additions, data) or _Additions())

    @property
    def units(self) -> dict[str, Units]:
        # A document has its counts in headers and a stream in its last event, so usually one side is empty.
        return complete_units(map_usage(self.metrics), read_header_usage(self._headers))

    @property
    def properties(self) -> dict[str, str]:
        headers = self._headers
        return describe_service(
            headers.get("x-amzn-bedrock-service-tier"),
            headers.get("x-amzn-bedrock-performanceconfig-latency"),
            headers.get("x-amzn-bedrock-invocation-latency") or self.metrics.get("invocationLatency"),
        )

    def _gather(self, additions: _Additions) -> None:
        if isinstance(additions.metrics, dict):
            self.metrics = fuller_usage(self.metrics, additions.metrics)
        self.guardrail.gather(additions.trace, additions.action)


def _read_nova(raw: RawResponse) -> ParsedResponse:
    """Read Nova, which has the documents and events of Converse."""
    events = [event for name, data in raw.messages for event in _open_event(name, data)]
    conversation = Conversation(events)
    return ParsedResponse(
        units=map_usage(conversation.usage),
        function_calls=conversation.function_calls,
        failure=conversation.failure,
        finished=conversation.finished,
        properties=conversation.properties,
    )


def _open_event(name: str, data: bytes) -> Messages:
    fields = decode(_fields, data) or {}
    # Nova's documents have no such field and pass through as they are.
    return [(event, bytes(fields[event])) for event in _CONVERSE_EVENTS if event in fields] or [(name, data)]


def _read_counts(raw: RawResponse) -> ParsedResponse:
    """Read Llama and Titan's texts, and families that leave their usage to Bedrock's headers."""
    counts: dict[str, Any] = {}
    for _, data in raw.messages:
        body = decode(_counts, data) or _Counts()
        counts = fuller_usage(counts, msgspec.structs.asdict(body))
    text = Units(
        input=count(counts, "prompt_token_count", "input_text"),
        output=count({**counts, **_sum_results(counts)}, "generation_token_count", "output_text", "results"),
    )
    return ParsedResponse(units={"text": text} if text != Units() else {}, finished=False)


def _sum_results(counts: Mapping[str, Any]) -> dict[str, int]:
    results = counts.get("results")
    tokens = [
        number
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, dict) and (number := count(result, "tokenCount")) is not None
    ]
    return {"results": sum(tokens)} if tokens else {}


def _read_images(raw: RawResponse) -> ParsedResponse:
    """Read images of Nova Canvas, Titan and Stability, which are billed by number."""
    made = (
        0
        if raw.is_cut
        else sum(len(body.images or ()) for _, data in raw.messages if (body := decode(_images_body, data)))
    )
    return ParsedResponse(units={"image": Units(output=made)} if made else {}, finished=False)


# By a field that no body of the families further down has.
_FAMILIES: dict[str, Callable[[RawResponse], ParsedResponse]] = {
    "type": read_message,
    "choices": read_chat,
    "output": _read_nova,
    **dict.fromkeys(_CONVERSE_EVENTS, _read_nova),
    "embedding": read_embeddings,
    "embeddings": read_embeddings,
    "images": _read_images,
}
# Readers whose units are complete: images are billed by number, and embeddings have no output tokens.
_COMPLETE_READERS = (_read_images, read_embeddings)


def _find_family(messages: Messages) -> Callable[[RawResponse], ParsedResponse]:
    bodies = (decode(_fields, data) or {} for _, data in messages)
    return next((read for body in bodies for name, read in _FAMILIES.items() if name in body), _read_counts)
