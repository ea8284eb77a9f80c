"""Decode one finished exchange into the event that reports it.

This is a pure function of the exchange and the options, apart from the random id for a response that has
none. It runs five steps, each of which lives in a module of its own:

1. Inflate: join the chunks and undo the content coding (`body`, `inflate`).
2. Split: turn the body into messages (the `framing` folder).
3. Read: find usage, ids and failures in the messages (the `providers` folder).
4. Price: decide which category, resource, and scope the call is priced as (`pricing`), and count the tokens
   that the provider doesn't report (`token_counts`).
5. Report: put it all into an event, along with what may be recorded of the call's headers and content
   (`headers`, `content`, `properties`).

Whatever a provider sends, decoding doesn't raise. A body that can't be read makes an event without units.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import event_fields
from payi_transport.decode.background_calls import BackgroundCall
from payi_transport.decode.body import Body, decode_body
from payi_transport.decode.content import record_request, record_response
from payi_transport.decode.missing_fields import describe_missing_fields, find_missing_fields
from payi_transport.decode.missing_units import find_missing_units
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.pricing import Price, find_requested_model, find_stated_resource, price_call
from payi_transport.decode.properties import make_properties
from payi_transport.decode.read_headers import ReadHeaders, read_headers
from payi_transport.decode.recorded_headers import select_request_headers, select_response_headers
from payi_transport.decode.response_ids import find_response_id
from payi_transport.decode.served_model import describe_served_model
from payi_transport.decode.sessions import transcode
from payi_transport.decode.token_counts import CountTokens, add_counted_tokens
from payi_transport.framing import Messages, is_stream
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import find_error_event
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.runtime.clock import to_utc
from payi_transport.values.event import Event, ParsedResponse
from payi_transport.values.names import STATUS_NO_RESPONSE
from payi_transport.values.redaction import cut_urls

__all__ = ["decode"]


def decode(
    exchange: Exchange,
    options: DecodeOptions = DecodeOptions(),  # noqa: B008 (immutable)
) -> Event | BackgroundCall:
    """Return the event of an exchange, or the background call that it started and that isn't done yet."""
    if exchange.transcode is not None:
        exchange = transcode(exchange, exchange.transcode)
    readers = options.registry.find_readers(exchange.route.operation, exchange.route.category)
    headers = _Headers(read_headers(exchange.request_headers), read_headers(exchange.response_headers))
    body = decode_body(exchange, headers.received, readers.is_repeatable)
    raw = _split(exchange, readers, headers, body, options)
    response = _read(exchange, readers, raw, body.data)
    # Its usage comes with the result, so there is nothing to price yet.
    if response.pending:
        return BackgroundCall(response.response_id, raw.requested_model)
    price = price_call(exchange, response, raw.requested_model, readers.prefix, options.model_mappings)
    if options.count_tokens is not None and not _has_failed(exchange):
        response = _count(readers, response, raw, price, options.count_tokens)
    return _report(exchange, response, raw, headers, body.data, price, options)


class _Headers(msgspec.Struct, frozen=True):
    """The headers of the request and of the response."""

    sent: ReadHeaders
    received: ReadHeaders


def _split(
    exchange: Exchange, readers: Readers, headers: _Headers, body: Body, options: DecodeOptions
) -> RawResponse:
    """Split the body into messages, and add what a provider's reader may need to know about the call."""
    route = exchange.route
    requested = find_requested_model(exchange, headers.received)
    messages = _split_body(exchange, readers, body)
    reads_texts = exchange.log_content or options.count_tokens is not None
    whole = decode_body(exchange, headers.received) if reads_texts and body.lacks_repeats else None
    return RawResponse(
        messages,
        read_to_end=exchange.outcome is Outcome.EXHAUSTED,
        request_body=exchange.request_body or b"",
        response_headers=headers.received,
        requested_model=requested,
        category=route.category,
        uri=route.uri,
        request_headers=headers.sent,
        priced_model=find_stated_resource(exchange, requested, readers.prefix, options.model_mappings),
        # Google streams a JSON array unless the caller asks for server-sent events.
        is_stream=is_stream(body.framing) or len(messages) > 1 or exchange.framed,
        is_cut=body.is_cut,
        unread=body.unread,
        every_message=None if whole is None else _split_body(exchange, readers, whole),
    )


def _split_body(exchange: Exchange, readers: Readers, body: Body) -> Messages:
    # Each chunk of a session is a message already.
    return readers.unwrap(
        [("", chunk) for chunk in exchange.chunks] if exchange.framed else body.framing(body.data)
    )


def _read(exchange: Exchange, readers: Readers, raw: RawResponse, body: bytes) -> ParsedResponse:
    # The body of an error has a shape of its own, whatever the operation.
    if _has_failed(exchange):
        return ParsedResponse(failure=readers.read_error(body, raw.response_headers))
    response = readers.read(raw)
    failure = None if response.failure is not None else find_error_event(raw.messages)
    # Any gateway before a provider may end a stream in an event of its own, so no reader has to know them.
    return response if failure is None else replace(response, failure=failure, finished=True, pending=False)


def _count(
    readers: Readers, response: ParsedResponse, raw: RawResponse, price: Price, count_tokens: CountTokens
) -> ParsedResponse:
    """Return the response with the tokens that its provider doesn't report."""
    # A tokenizer may be configured under either name of the model.
    models = (price.resource, raw.requested_model or price.resource)
    truncated = raw.is_stream and not response.finished
    units = add_counted_tokens(readers, response, raw, count_tokens, models, truncated)
    return replace(response, units=units)


def _report(
    exchange: Exchange,
    response: ParsedResponse,
    raw: RawResponse,
    headers: _Headers,
    body: bytes,
    price: Price,
    options: DecodeOptions,
) -> Event:
    properties = make_properties(exchange, response, raw)
    properties.update(find_missing_units(exchange, response, raw, properties))
    properties.update(describe_served_model(response, price.resource))
    if options.required_fields:
        missing = find_missing_fields(exchange.context, options.required_fields)
        properties.update(describe_missing_fields(missing))
    # Python makes a dict of more than 15 arguments, which takes more time than all the rest of this.
    event = Event(
        category=price.category,
        resource=price.resource,
        scope=price.scope,
        units=response.units,
        provider_response_id=find_response_id(
            response,
            # The headers of a connection are those of all its responses.
            {} if exchange.framed else headers.received,
            exchange.route.host,
            options.registry,
        ),
        event_timestamp=to_utc(exchange.timestamp),
        end_to_end_latency_ms=_measure_end_to_end(exchange),
        time_to_first_token_ms=_measure(exchange, exchange.first_byte) if raw.is_stream else None,
        http_status_code=exchange.status or STATUS_NO_RESPONSE,
        properties=properties or None,
        # Some providers accept their key in the query, as Google does.
        provider_uri=cut_urls(exchange.route.uri),
        provider_request_headers=select_request_headers(headers.sent, options.extra_request_headers),
        provider_response_headers=select_response_headers(headers.received),
    )
    more = event_fields(exchange.context)
    if exchange.log_content:
        more["provider_request_json"] = record_request(exchange, options.keep_inline_data)
        more["provider_response_json"] = record_response(exchange, raw, body, options.keep_inline_data)
        # The arguments of a function call are content.
        more["provider_response_function_calls"] = response.function_calls or None
    return replace(event, **more) if more else event


def _has_failed(exchange: Exchange) -> bool:
    """Whether the call got an error response or no response at all."""
    return exchange.status is None or exchange.status >= 400


def _measure_end_to_end(exchange: Exchange) -> int | None:
    # Nobody closed an abandoned response, so `ended` is when the garbage collector or the shutdown found it.
    return None if exchange.outcome is Outcome.ABANDONED else _measure(exchange, exchange.ended)


def _measure(exchange: Exchange, moment: float | None) -> int | None:
    """Return the milliseconds from the start of the call to a moment of it."""
    return None if moment is None else max(0, round((moment - exchange.started) * 1000))
