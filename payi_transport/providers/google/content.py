"""Generated content, on the Gemini API and on Vertex AI: one document or a stream.

Source: https://ai.google.dev/api/generate-content, Vertex AI's reference of the same, and the types of
Google's SDK 3.4. Each chunk of a stream is a document with the usage so far, so the last usage counts.
Function calls, searches and the end have to be collected from all chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.framing.json_text import split_json
from payi_transport.providers.google.function_calls import CallPart, Calls
from payi_transport.providers.google.usage import describe_usage, map_usage
from payi_transport.providers.shared import failures
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse

__all__ = ["bare_name", "read_content", "read_content_text", "read_error", "read_failure"]

# The tier that served the request. A busy server falls back to the standard one.
TIER_HEADER = "x-gemini-service-tier"


class _Part(msgspec.Struct, rename="camel"):
    function_call: CallPart | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Grounding(msgspec.Struct, rename="camel"):
    web_search_queries: list[Any] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: Any = None
    grounding_metadata: _Grounding | None = None


class _Head(msgspec.Struct, rename="camel"):
    """What can still be read of a body whose candidates are malformed."""

    usage_metadata: Any = None
    model_version: Any = None
    response_id: Any = None
    prompt_feedback: Any = None
    error: Any = None


class _Chunk(_Head):
    candidates: list[_Candidate] | None = None


_chunk = msgspec.json.Decoder(_Chunk)
_head = msgspec.json.Decoder(_Head)
_any = msgspec.json.Decoder()


def read_content(raw: RawResponse) -> ParsedResponse:
    """Read generated content: one document, or the chunks of a stream."""
    head, calls, searches, ended, has_candidates = _Head(), Calls(), 0, False, False
    for _, data in raw.messages:
        chunk = _decode(data)
        if chunk is None:
            continue
        _merge(head, chunk)
        # A caller may ask for several candidates, each with calls, searches, and an end of its own.
        for candidate in (chunk.candidates if isinstance(chunk, _Chunk) else None) or ():
            has_candidates = True
            ended = ended or candidate.finish_reason is not None
            for part in _find_calls(candidate):
                calls.gather(part)
            searches += _count_searches(candidate)
    usage = head.usage_metadata or {}
    model = bare_name(head.model_version)
    # Feedback on a prompt that has candidates doesn't mean that it was blocked.
    failure = read_failure(head.error) or (None if has_candidates else _read_block(head.prompt_feedback))
    return ParsedResponse(
        model=model,
        resource=model,
        response_id=head.response_id,
        # Only the model's name decides whether a long prompt has another price, and the response may leave
        # it out.
        units=map_usage(usage, model or raw.requested_model),
        function_calls=calls.named(),
        failure=failure,
        properties=_describe(usage, raw.response_headers, searches),
        finished=ended or failure is not None,
    )


def read_content_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended, of all candidates, without thoughts."""
    return "".join(
        part["text"]
        for _, data in messages
        for part in _find_parts(decode(_any, data))
        # Thoughts are billed as reasoning, so their text must not be counted as output text.
        if isinstance(part.get("text"), str) and not part.get("thought")
    )


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body: `{"error": {"code", "message", "status"}}`, or an array with only that."""
    # Google streams an array unless the caller asks for server-sent events, and then an error is in an
    # array, too.
    for _, data in split_json(body):
        head = _decode(data)
        if head is not None:
            return read_failure(head.error)
    return None


def read_failure(error: Any) -> Failure | None:
    """Return what an `error` value says. Its type is the name of the status."""
    # The code and the message are where OpenAI has them. Google's `status` is the name of an error, such as
    # `RESOURCE_EXHAUSTED`, which says more than the number.
    failure = failures.read_failure(error)
    if failure is None or not isinstance(error, dict):
        return failure
    return msgspec.structs.replace(failure, type=failure.type or _text(error.get("status")))


def bare_name(model: Any) -> str | None:
    """Return the last part of a model's full name, such as `publishers/google/models/gemini-x`."""
    # Pay-i's prices are by the bare name, and the same model has different full names on the two APIs.
    return _text(model.rpartition("/")[2]) if isinstance(model, str) else None


def _decode(data: bytes) -> _Head | None:
    # Nearly all chunks are well-formed, so the second attempt, which drops the candidates, costs only
    # the others.
    return decode(_chunk, data) or decode(_head, data)


def _merge(head: _Head, chunk: _Head) -> None:
    """Keep the first id and the last value of everything else."""
    # Each chunk repeats the same id.
    head.response_id = head.response_id or _text(chunk.response_id)
    head.model_version = _text(chunk.model_version) or head.model_version
    # Chunks on Vertex AI may have no counts in their usage, only the type of the traffic.
    if isinstance(chunk.usage_metadata, dict):
        head.usage_metadata = fuller_usage(head.usage_metadata or {}, chunk.usage_metadata)
    head.prompt_feedback = chunk.prompt_feedback or head.prompt_feedback
    head.error = chunk.error if read_failure(chunk.error) else head.error


def _find_calls(candidate: _Candidate) -> Iterable[CallPart]:
    for part in (candidate.content.parts if candidate.content else None) or ():
        if part.function_call is not None:
            yield part.function_call


def _count_searches(candidate: _Candidate) -> int:
    return len((candidate.grounding_metadata and candidate.grounding_metadata.web_search_queries) or ())


def _read_block(feedback: Any) -> Failure | None:
    """Return why a prompt was blocked, which by the API's contract is why there are no candidates."""
    block = feedback if isinstance(feedback, dict) else {}
    reason = _text(block.get("blockReason"))
    return Failure(code=reason, message=_text(block.get("blockReasonMessage"))) if reason else None


def _describe(usage: Mapping[str, Any], headers: Mapping[str, str], searches: int) -> dict[str, str]:
    properties = describe_usage(usage, headers.get(TIER_HEADER))
    return {**properties, "provider.web_search_queries": str(searches)} if searches else properties


def _find_parts(body: Any) -> Iterable[dict[str, Any]]:
    candidates = body.get("candidates") if isinstance(body, dict) else None
    for candidate in candidates if isinstance(candidates, list) else ():
        content = candidate.get("content") if isinstance(candidate, dict) else None
        parts = content.get("parts") if isinstance(content, dict) else None
        yield from (part for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
