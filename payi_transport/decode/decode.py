"""From a finished exchange to the event that says what it cost: inflate, split, read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import event_fields, event_properties
from payi_transport.decode.body import decode_body
from payi_transport.decode.headers import (
    find_request_id,
    find_retry_count,
    read_headers,
    select_request_headers,
    select_response_headers,
)
from payi_transport.decode.inline_data import strip_inline_data
from payi_transport.decode.pricing import ModelMapping, Price, find_price, name_resource
from payi_transport.decode.token_counts import CountTokens, add_counted_tokens
from payi_transport.framing import find_framing, is_stream
from payi_transport.providers.openai.chat import DONE
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.providers.registry import Dialect, find_dialect
from payi_transport.values.event import Event, Failure, ParsedResponse, Units
from payi_transport.values.names import (
    ERROR_CODE_PROPERTY,
    ERROR_TYPE_PROPERTY,
    RETRY_PROPERTY,
    STATUS_NO_ANSWER,
    STREAM_PROPERTY,
    UNKNOWN_RESOURCE,
    PayiCategories,
    PayiPropertyNames,
)

__all__ = ["BackgroundCall", "DecodeOptions", "decode"]

_AZURE = (PayiCategories.azure_openai, PayiCategories.azure)
_DEPLOYMENT_HEADER = "x-ms-deployment-name"

# Of a URL with or without its host: what a library quotes may be just the part that it sends.
_QUERY = re.compile(r"\?\S+")


class _Asked(msgspec.Struct):
    model: str | None = None


_asked = msgspec.json.Decoder(_Asked)


class DecodeOptions(msgspec.Struct, frozen=True):
    """How every exchange is decoded: what to record, and what models are priced as.

    `extra_request_headers` are lower-case names of request headers to record in addition to the usual ones.
    `count_tokens` is None if no model has a tokenizer.
    """

    extra_request_headers: frozenset[str] = frozenset()
    keep_inline_data: bool = False
    model_mappings: tuple[ModelMapping, ...] = ()
    count_tokens: CountTokens | None = None


class BackgroundCall(NamedTuple):
    """What a call began that is not done: by this id a later answer tells its end. `asked` is the model."""

    response_id: str | None
    model: str | None


def decode(exchange: Exchange, options: DecodeOptions = DecodeOptions()) -> Event | BackgroundCall:  # noqa: B008 (immutable)
    """The event of an exchange, or what it waits for.

    Raises nothing for what a provider sent; bytes that can't be read give an event without units.
    """
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers)
    dialect = find_dialect(exchange.route.operation, exchange.route.category)
    reply = _make_reply(exchange, dialect, headers, body, options)
    answer = _read_answer(dialect, exchange.status, reply, body)
    if answer.pending:
        return BackgroundCall(answer.response_id, reply.asked)
    price = _find_price(exchange, answer, reply.asked, dialect.prefix, options)
    return Event(
        category=price.category,
        resource=price.resource,
        scope=price.scope,
        units=_count_units(exchange, dialect, answer, reply, options, price),
        provider_response_id=answer.response_id or find_request_id(headers),
        event_timestamp=datetime.fromtimestamp(exchange.timestamp, UTC),
        end_to_end_latency_ms=_milliseconds(exchange, _find_end(exchange)),
        time_to_first_token_ms=_milliseconds(exchange, exchange.first_byte) if reply.streams else None,
        http_status_code=exchange.status or STATUS_NO_ANSWER,
        properties=_properties(exchange, answer, reply) or None,
        provider_uri=exchange.route.uri,
        provider_request_headers=select_request_headers(reply.sent, options.extra_request_headers),
        provider_response_headers=select_response_headers(headers),
        provider_request_json=_content(exchange, exchange.request_body, options),
        provider_response_json=_response_json(exchange, reply, body, options),
        provider_response_function_calls=(answer.function_calls or None) if exchange.log_content else None,
        **event_fields(exchange.context),
    )


def _find_asked(exchange: Exchange, headers: Mapping[str, str]) -> str | None:
    """The model that the caller asked for."""
    route = exchange.route
    deployment = headers.get(_DEPLOYMENT_HEADER) if route.category in _AZURE else None
    return route.resource or deployment or _read_asked(exchange.request_body)


def _make_reply(
    exchange: Exchange, dialect: Dialect, headers: Mapping[str, str], body: bytes, options: DecodeOptions
) -> RawResponse:
    asked = _find_asked(exchange, headers)
    framing = find_framing(headers.get("content-type", ""), body)
    frames = dialect.unwrap(framing(body))
    return RawResponse(
        frames,
        exchange.outcome is Outcome.EXHAUSTED,
        exchange.request_body or b"",
        headers,
        asked,
        exchange.route.category,
        exchange.route.uri,
        read_headers(exchange.request_headers),
        priced=_find_priced(exchange, asked, dialect.prefix, options),
        # An array of messages was a stream too.
        streams=is_stream(framing) or len(frames) > 1,
    )


def _read_answer(dialect: Dialect, status: int | None, reply: RawResponse, body: bytes) -> ParsedResponse:
    if status is None or status >= 400:
        return ParsedResponse(failure=dialect.read_error(body, reply.headers))
    return dialect.read(reply)


def _find_price(
    exchange: Exchange, answer: ParsedResponse, asked: str | None, prefix: str, options: DecodeOptions
) -> Price:
    """Context first; where it gives neither category nor resource, the model mappings.

    A mapping may name the model as it is priced, with or without the prefix, or as it was asked for.
    """
    context, route = exchange.context, exchange.route
    model = answer.resource or asked or answer.model
    resource = name_resource(prefix, model) if model else UNKNOWN_RESOURCE
    price = Price(route.category, resource, context.resource_scope or answer.scope)
    if context.price_as_category or context.price_as_resource:
        return Price(
            context.price_as_category or price.category,
            context.price_as_resource or price.resource,
            price.scope,
        )
    if not options.model_mappings:
        return price
    asked_as = name_resource(prefix, asked) if asked else resource
    names = {
        resource,
        asked or resource,
        asked_as,
        *(name.removeprefix(prefix) for name in (resource, asked_as)),
    }
    return find_price(options.model_mappings, price, names, route.host)


def _find_priced(exchange: Exchange, asked: str | None, prefix: str, options: DecodeOptions) -> str | None:
    """What the caller says that the asked model is, None where nobody says anything."""
    if not (exchange.context.price_as_resource or options.model_mappings):
        return None
    return _find_price(exchange, ParsedResponse(), asked, prefix, options).resource


def _read_asked(body: bytes | None) -> str | None:
    try:
        return _asked.decode(body or b"").model or None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _count_units(
    exchange: Exchange,
    dialect: Dialect,
    answer: ParsedResponse,
    reply: RawResponse,
    options: DecodeOptions,
    price: Price,
) -> Mapping[str, Units]:
    if options.count_tokens is None or exchange.status is None or exchange.status >= 400:
        return answer.units
    models = (price.resource, reply.asked or price.resource)
    cut = reply.streams and not answer.finished
    return add_counted_tokens(dialect, answer, reply, options.count_tokens, models, cut)


def _properties(exchange: Exchange, answer: ParsedResponse, reply: RawResponse) -> dict[str, str]:
    properties = {**event_properties(exchange.context), **answer.properties}
    if exchange.status is None:
        properties.update(_describe_error(exchange.error))
    elif exchange.status < 400:
        properties.update(_describe_failure(answer.failure, exchange.log_content))
        if _is_partial(exchange, answer, reply.streams):
            properties[STREAM_PROPERTY] = "partial"
        if exchange.outcome is Outcome.FAILED:
            properties.update(_describe_error(exchange.error))
    elif answer.failure is not None:
        properties.update(_name_error(answer.failure))
    if retry := find_retry_count(reply.sent):
        properties[RETRY_PROPERTY] = str(retry)
    return properties


def _is_partial(exchange: Exchange, answer: ParsedResponse, streams: bool) -> bool:
    if exchange.outcome is Outcome.EXHAUSTED:
        return streams and not answer.finished
    return exchange.outcome is Outcome.FAILED or not answer.finished


def _describe_error(error: tuple[str, str] | None) -> dict[str, str]:
    """An exception that the caller got, without what it may quote of a URL's query or of headers."""
    name, text = error or ("unknown", "")
    # A header that can't be sent or read is quoted whole, a key with a line break at its end for one.
    told = name if "header" in text.lower() else _QUERY.sub("", text)
    return {PayiPropertyNames.failure: name, PayiPropertyNames.failure_description: told or name}


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


def _find_end(exchange: Exchange) -> float | None:
    # Of an answer that nobody closed it is only known when the garbage collector, or the end, came by.
    return None if exchange.outcome is Outcome.ABANDONED else exchange.ended


def _milliseconds(exchange: Exchange, moment: float | None) -> int | None:
    return None if moment is None else max(0, round((moment - exchange.started) * 1000))


def _content(exchange: Exchange, body: bytes | None, options: DecodeOptions) -> str | None:
    """A body as text, where content is logged and is text at all."""
    if not body or not exchange.log_content:
        return None
    try:
        return (body if options.keep_inline_data else strip_inline_data(body)).decode()
    except UnicodeDecodeError:
        return None


def _response_json(
    exchange: Exchange, reply: RawResponse, body: bytes, options: DecodeOptions
) -> str | tuple[str, ...] | None:
    if not reply.streams:
        return _content(exchange, body, options)
    if not exchange.log_content:
        return None
    parts = (
        data if options.keep_inline_data else strip_inline_data(data)
        for _, data in reply.frames
        if data != DONE
    )
    return tuple(part.decode("utf-8", "replace") for part in parts) or None
