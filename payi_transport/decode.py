"""From a finished exchange to the event that says what it cost: inflate, split, read. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from payi_transport.dialects.openai import read_chat, read_error
from payi_transport.event import Answer, Event, Failure, Header
from payi_transport.exchange import Exchange, Headers, Outcome
from payi_transport.framing import Frames, find_framing
from payi_transport.inflate import InflateError, inflate
from payi_transport.names import (
    ERROR_CODE_PROPERTY,
    ERROR_TYPE_PROPERTY,
    RETRY_PROPERTY,
    SECRET_HEADERS,
    STATUS_NO_ANSWER,
    STREAM_PROPERTY,
    UNKNOWN_RESOURCE,
    PayiPropertyNames,
)

__all__ = ["decode"]

# Which reader knows the wire format of an operation.
_READERS: dict[str, Callable[[Frames, bool], Answer]] = {"openai.chat": read_chat}

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


def decode(exchange: Exchange, more_headers: Iterable[str] = ()) -> Event:
    """The event of an exchange. `more_headers`: names (lower case) of request headers to record as well.

    Raises nothing for what a provider sent; bytes that can't be read give an event without units.
    """
    headers = _read_headers(exchange.response_headers)
    body = _read_body(exchange, headers)
    framing = find_framing(headers.get("content-type", ""))
    frames = framing(body)
    answer = _read_answer(exchange, frames, body)
    context = exchange.context
    asked = _read_asked(exchange.request_body)
    request_headers = _read_headers(exchange.request_headers)
    streams = STREAM in headers.get("content-type", "")
    return Event(
        category=context.price_as_category or exchange.category,
        resource=context.price_as_resource or exchange.resource or asked or answer.model or UNKNOWN_RESOURCE,
        scope=context.resource_scope,
        units=answer.units,
        provider_response_id=answer.response_id or _find_id(headers),
        event_timestamp=datetime.fromtimestamp(exchange.timestamp, UTC),
        end_to_end_latency_ms=_milliseconds(exchange, exchange.ended),
        time_to_first_token_ms=_milliseconds(exchange, exchange.first_byte) if streams else None,
        http_status_code=exchange.status or STATUS_NO_ANSWER,
        properties=_properties(exchange, answer, request_headers, streams) or None,
        use_case_properties=context.use_case_properties or None,
        provider_uri=exchange.uri,
        provider_request_headers=_allow(request_headers, more_headers),
        provider_response_headers=_without_secrets(headers),
        provider_request_json=_content(exchange, exchange.request_body),
        provider_response_json=_response_json(exchange, frames, body, streams),
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


def _read_answer(exchange: Exchange, frames: Frames, body: bytes) -> Answer:
    if exchange.status is None or exchange.status >= 400:
        return Answer(failure=read_error(body))
    return _READERS[exchange.operation](frames, exchange.outcome is Outcome.EXHAUSTED)


def _read_asked(body: bytes | None) -> str | None:
    """The model that the caller asked for."""
    try:
        return _asked.decode(body or b"").model or None
    except (msgspec.DecodeError, UnicodeDecodeError):
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


def _content(exchange: Exchange, body: bytes | None) -> str | None:
    """A body as text, where content is logged and is text at all."""
    if not body or not exchange.log_content:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _response_json(
    exchange: Exchange, frames: Frames, body: bytes, streams: bool
) -> str | tuple[str, ...] | None:
    if not streams:
        return _content(exchange, body)
    if not exchange.log_content:
        return None
    return tuple(data.decode("utf-8", "replace") for _, data in frames if data != b"[DONE]") or None
