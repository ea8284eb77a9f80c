"""From a finished exchange to the event that says what it cost: inflate, split, read. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from payi_transport.dialects.openai import DONE, read_chat, read_error
from payi_transport.dialects.openai_media import (
    read_embeddings,
    read_images,
    read_speech,
    read_transcription,
)
from payi_transport.dialects.openai_responses import read_response
from payi_transport.dialects.reply import Reply
from payi_transport.event import Answer, Event, Failure, Header
from payi_transport.exchange import Exchange, Headers, Outcome
from payi_transport.framing import Frames, find_framing
from payi_transport.inflate import InflateError, inflate
from payi_transport.inline_data import strip_inline_data
from payi_transport.names import (
    ERROR_CODE_PROPERTY,
    ERROR_TYPE_PROPERTY,
    RETRY_PROPERTY,
    SECRET_HEADERS,
    STATUS_NO_ANSWER,
    STREAM_PROPERTY,
    UNKNOWN_RESOURCE,
    PayiCategories,
    PayiPropertyNames,
)
from payi_transport.pricing import ModelMapping, Price, find_price

__all__ = ["OPERATIONS", "Reading", "decode"]

# Which reader knows the wire format of an operation.
_READERS: dict[str, Callable[[Reply], Answer]] = {
    "openai.chat": read_chat,
    "openai.completions": read_chat,
    "databricks.invocations": read_chat,
    "openai.responses": read_response,
    "openai.responses.again": read_response,
    "openai.embeddings": read_embeddings,
    "openai.images": read_images,
    "openai.transcription": read_transcription,
    "openai.speech": read_speech,
}
OPERATIONS = frozenset(_READERS)
_AZURE = (PayiCategories.azure_openai, PayiCategories.azure)
_DEPLOYMENT_HEADER = "x-ms-deployment-name"

# Request headers that are recorded when nothing else is asked for.
_REQUEST_HEADERS = frozenset({"accept", "content-type", "user-agent"})
_REQUEST_PREFIXES = ("anthropic-", "openai-", "x-stainless-")
_RETRY_HEADER = "x-stainless-retry-count"
_HIDDEN_PREFIXES = ("content-", "transfer-encoding")
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid")
_QUERY = re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\"]*")
# Inflated bodies may be this many times the limit on what is remembered.
_INFLATE_RATIO = 16
STREAM = "text/event-stream"


class _Asked(msgspec.Struct):
    model: str | None = None


_asked = msgspec.json.Decoder(_Asked)


class Reading(msgspec.Struct, frozen=True):
    """How exchanges are read, the same for all: what to record, and what models are priced as.

    `more_headers` are names (lower case) of request headers to record as well.
    """

    more_headers: frozenset[str] = frozenset()
    inline_data: bool = False
    model_mappings: tuple[ModelMapping, ...] = ()


def decode(exchange: Exchange, reading: Reading = Reading()) -> Event | None:  # noqa: B008 (immutable)
    """The event of an exchange, None for an answer that says no more than another one does or will.

    Raises nothing for what a provider sent; bytes that can't be read give an event without units.
    """
    headers = _read_headers(exchange.response_headers)
    body = _read_body(exchange, headers)
    frames = find_framing(headers.get("content-type", ""))(body)
    answer = _read_answer(exchange, frames, body, headers)
    if answer.pending:
        return None
    context = exchange.context
    price = _find_price(exchange, answer, headers, reading)
    request_headers = _read_headers(exchange.request_headers)
    streams = STREAM in headers.get("content-type", "")
    return Event(
        category=price.category,
        resource=price.resource,
        scope=price.scope,
        units=answer.units,
        provider_response_id=answer.response_id or _find_id(headers),
        event_timestamp=datetime.fromtimestamp(exchange.timestamp, UTC),
        end_to_end_latency_ms=_milliseconds(exchange, exchange.ended),
        time_to_first_token_ms=_milliseconds(exchange, exchange.first_byte) if streams else None,
        http_status_code=exchange.status or STATUS_NO_ANSWER,
        properties=_properties(exchange, answer, request_headers, streams) or None,
        use_case_properties=context.use_case_properties or None,
        provider_uri=exchange.route.uri,
        provider_request_headers=_allow(request_headers, reading.more_headers),
        provider_response_headers=_without_secrets(headers),
        provider_request_json=_content(exchange, exchange.request_body, reading),
        provider_response_json=_response_json(exchange, frames, body, streams, reading),
        provider_response_function_calls=(answer.function_calls or None) if exchange.log_content else None,
        limit_ids=context.limit_ids or None,
        request_tags=context.request_tags or None,
        use_case_id=context.use_case_id,
        use_case_name=context.use_case_name,
        use_case_step=context.use_case_step,
        use_case_version=context.use_case_version,
        user_id=context.user_id,
        account_name=context.account_name,
    )


def _read_body(exchange: Exchange, headers: Mapping[str, str]) -> bytes:
    """The body without its content coding; where its middle was left out, events on both sides stay whole."""
    body = b"".join(exchange.chunks)
    if exchange.tail:
        body += (b"\n\n" if exchange.has_gap else b"") + b"".join(exchange.tail)
    coding = headers.get("content-encoding", "")
    if not coding or exchange.decoded:
        return body
    try:
        return inflate(body, coding, exchange.body_limit * _INFLATE_RATIO)
    except InflateError:
        return b""


def _read_answer(exchange: Exchange, frames: Frames, body: bytes, headers: Mapping[str, str]) -> Answer:
    if exchange.status is None or exchange.status >= 400:
        return Answer(failure=read_error(body))
    exhausted = exchange.outcome is Outcome.EXHAUSTED
    reply = Reply(frames, exhausted, exchange.request_body or b"", headers)
    return _READERS[exchange.route.operation](reply)


def _find_price(exchange: Exchange, answer: Answer, headers: Mapping[str, str], reading: Reading) -> Price:
    """Context first; where it gives neither category nor resource, the model mappings."""
    context, route = exchange.context, exchange.route
    deployment = headers.get(_DEPLOYMENT_HEADER) if route.category in _AZURE else None
    asked = route.resource or deployment or _read_asked(exchange.request_body)
    price = Price(route.category, asked or answer.model or UNKNOWN_RESOURCE, context.resource_scope)
    if context.price_as_category or context.price_as_resource:
        return Price(
            context.price_as_category or price.category,
            context.price_as_resource or price.resource,
            price.scope,
        )
    return find_price(reading.model_mappings, price, route.host)


def _read_asked(body: bytes | None) -> str | None:
    """The model that the caller asked for."""
    try:
        return _asked.decode(body or b"").model or None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _properties(
    exchange: Exchange, answer: Answer, request_headers: Mapping[str, str], streams: bool
) -> dict[str, str]:
    properties = {**exchange.context.request_properties, **answer.properties}
    if exchange.status is None:
        properties.update(_describe_error(exchange.error))
    elif exchange.status < 400:
        properties.update(_describe_failure(answer.failure, exchange.log_content))
        if _is_partial(exchange, answer, streams):
            properties[STREAM_PROPERTY] = "partial"
        if exchange.outcome is Outcome.FAILED:
            properties.update(_describe_error(exchange.error))
    elif answer.failure is not None:
        properties.update(_name_error(answer.failure))
    retry = request_headers.get(_RETRY_HEADER, "0")
    if retry != "0":
        properties[RETRY_PROPERTY] = retry
    return properties


def _is_partial(exchange: Exchange, answer: Answer, streams: bool) -> bool:
    if exchange.outcome is Outcome.EXHAUSTED:
        return streams and not answer.finished
    return exchange.outcome is Outcome.FAILED or not answer.finished


def _describe_error(error: tuple[str, str] | None) -> dict[str, str]:
    """An exception that the caller got, with what stands in the query of a URL left out."""
    name, text = error or ("unknown", "")
    return {
        PayiPropertyNames.failure: name,
        PayiPropertyNames.failure_description: _QUERY.sub(r"\1", text) or name,
    }


def _describe_failure(failure: Failure | None, log_content: bool) -> dict[str, str]:
    """A failure told inside a 200 answer. Its message may quote the prompt."""
    if failure is None:
        return {}
    code = failure.code or failure.type or "error"
    message = failure.message if log_content else None
    return {PayiPropertyNames.failure: code, PayiPropertyNames.failure_description: message or code}


def _name_error(failure: Failure) -> dict[str, str]:
    named = {ERROR_TYPE_PROPERTY: failure.type, ERROR_CODE_PROPERTY: failure.code}
    return {name: value for name, value in named.items() if value}


def _read_headers(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name; a name that comes twice is joined by commas."""
    read: dict[str, str] = {}
    for raw_name, raw_value in zip(headers[::2], headers[1::2], strict=True):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        read[name] = f"{read[name]}, {value}" if name in read else value
    return read


def _allow(headers: Mapping[str, str], more: Iterable[str]) -> tuple[Header, ...] | None:
    allowed = _REQUEST_HEADERS.union(more) - SECRET_HEADERS
    return _to_headers(
        (name, value)
        for name, value in headers.items()
        if name in allowed or name.startswith(_REQUEST_PREFIXES)
    )


def _without_secrets(headers: Mapping[str, str]) -> tuple[Header, ...] | None:
    return _to_headers(
        (name, value)
        for name, value in headers.items()
        if name not in SECRET_HEADERS and not name.startswith(_HIDDEN_PREFIXES)
    )


def _to_headers(pairs: Iterable[tuple[str, str]]) -> tuple[Header, ...] | None:
    return tuple(Header(name, value) for name, value in pairs) or None


def _find_id(headers: Mapping[str, str]) -> str:
    found = (headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name))
    return next(found, None) or f"payi_{uuid.uuid4()}"


def _milliseconds(exchange: Exchange, moment: float | None) -> int | None:
    return None if moment is None else max(0, round((moment - exchange.started) * 1000))


def _content(exchange: Exchange, body: bytes | None, reading: Reading) -> str | None:
    """A body as text, where content is logged and is text at all."""
    if not body or not exchange.log_content:
        return None
    try:
        return (body if reading.inline_data else strip_inline_data(body)).decode()
    except UnicodeDecodeError:
        return None


def _response_json(
    exchange: Exchange, frames: Frames, body: bytes, streams: bool, reading: Reading
) -> str | tuple[str, ...] | None:
    if not streams:
        return _content(exchange, body, reading)
    if not exchange.log_content:
        return None
    parts = (data if reading.inline_data else strip_inline_data(data) for _, data in frames if data != DONE)
    return tuple(part.decode("utf-8", "replace") for part in parts) or None
