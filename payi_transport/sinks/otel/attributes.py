"""The attributes of a call's span, read from its exchange and its event. Runs on the worker's thread.

Bodies come from anywhere, so whatever is missing or has another type than expected makes no attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.read_headers import read_headers
from payi_transport.decode.sessions import transcode
from payi_transport.prices import estimate
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.responses import (
    find_finish_reasons,
    find_response_id,
    find_response_model,
    read_text,
)
from payi_transport.values.event import Event, Units
from payi_transport.values.names import ERROR_TYPE_PROPERTY, UNITS_WITHOUT_TOKENS, PayiPropertyNames

__all__ = [
    "Attributes",
    "describe_call",
    "describe_usage",
    "find_cost",
    "find_error",
    "name_operation",
    "name_span",
    "split_address",
]

Attributes = dict[str, Any]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def name_operation(operation: str) -> str:
    """Return what the conventions call an operation of this library."""
    base = operation.removesuffix(".again").removesuffix(".websocket")
    return names.OPERATIONS.get(base, base.rpartition(".")[2])


def name_span(attributes: Attributes) -> str:
    """Return the name of a call's span, by the attributes of the call."""
    return f"{attributes[names.OPERATION]} {attributes.get(names.REQUEST_MODEL, '')}".rstrip()


def describe_call(exchange: Exchange, event: Event) -> Attributes:
    """Return all attributes of a call but its usage."""
    if exchange.transcode is not None:
        exchange = transcode(exchange, exchange.transcode)
    attributes: Attributes = {
        names.OPERATION: name_operation(exchange.route.operation),
        **_describe_server(exchange),
        names.REQUEST_STREAM: event.time_to_first_token_ms is not None or None,
        **_read_request(exchange),
        **_describe_response(exchange, event),
        names.AWS_REQUEST_ID: read_headers(exchange.response_headers).get(names.AWS_REQUEST_HEADER),
        names.ERROR_TYPE: find_error(event),
    }
    for field, name in names.CONTEXT.items():
        attributes[name] = getattr(event, field)
    return {name: value for name, value in attributes.items() if value is not None}


def _describe_server(exchange: Exchange) -> Attributes:
    category = exchange.route.category
    address = split_address(exchange.route.uri)
    host = None if address is None else address.hostname
    gemini = host == names.GEMINI_HOST
    return {
        names.PROVIDER: names.GEMINI if gemini else names.PROVIDERS.get(category, category),
        names.SERVER_ADDRESS: host,
        names.SERVER_PORT: None if address is None else address.port or _PORTS.get(address.scheme),
    }


def split_address(uri: str) -> SplitResult | None:
    """Return the parts of a URL, None if it is malformed."""
    try:
        address = urlsplit(uri)
        # Reading it raises ValueError for a port that is not one.
        _ = address.port
    except ValueError:
        return None
    return address


def _read_request(exchange: Exchange) -> Attributes:
    fields = _read_object(exchange.request_body or b"")
    for name in names.PARAMETER_OBJECTS:
        fields = {**_read_object(fields.get(name, b"")), **fields}
    model = _read(fields.get("model"), str) or exchange.route.resource
    found: Attributes = {names.REQUEST_MODEL: model and model[: names.MAX_MODEL]}
    for attribute, (kind, keys) in names.PARAMETERS.items():
        values = (_read(fields.get(key), kind) for key in keys)
        found[attribute] = next((value for value in values if value is not None), None)
    return found


def _read_object(data: bytes | msgspec.Raw) -> Mapping[str, Any]:
    try:
        return _fields.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _read(data: Any, kind: Any) -> Any:
    try:
        return None if data is None else msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _describe_response(exchange: Exchange, event: Event) -> Attributes:
    if exchange.status is None or exchange.status >= 400:
        return {}
    text = read_text(exchange)
    first = exchange.first_byte
    is_stream = event.time_to_first_token_ms is not None and first is not None
    return {
        names.RESPONSE_ID: find_response_id(event, text),
        names.RESPONSE_MODEL: find_response_model(event, text),
        names.FINISH_REASONS: find_finish_reasons(exchange, event, text),
        names.FIRST_CHUNK: max(0.0, first - exchange.started) if is_stream and first is not None else None,
    }


def describe_usage(event: Event) -> Attributes:
    """Return the tokens of a call. All input counts as input, cached tokens included."""
    tokens = {name: count for name, count in event.units.items() if not name.startswith(UNITS_WITHOUT_TOKENS)}
    if not tokens:
        return {}
    found: dict[str, int] = {
        names.INPUT_TOKENS: sum(count.input or 0 for count in tokens.values()),
        names.OUTPUT_TOKENS: sum(count.output or 0 for count in tokens.values()),
    }
    for unit, count in tokens.items():
        _add_details(found, unit, count)
    return {name: min(count, names.MAX_INT) for name, count in found.items()}


def _add_details(found: dict[str, int], unit: str, count: Units) -> None:
    modality = unit.partition("_")[0]
    rows = [
        (names.CACHE_READ if "_cache_read" in unit else None, count.input),
        (names.CACHE_CREATION if "_cache_write" in unit else None, count.input),
        (names.REASONING if modality == "reasoning" else None, count.output),
        (names.MODALITIES.get((modality, "input")), count.input),
        (names.MODALITIES.get((modality, "output")), count.output),
    ]
    for name, value in rows:
        if name is not None and value:
            found[name] = found.get(name, 0) + value


def find_cost(event: Event) -> float | None:
    """Return what a call cost in US dollars, as far as prices are known."""
    total = estimate(event).total
    return None if total is None else float(total)


def find_error(event: Event) -> str | None:
    """Return `error.type` of a call, None if it succeeded: the provider's code, or else the status."""
    properties = event.properties or {}
    failure = properties.get(PayiPropertyNames.failure) or properties.get(ERROR_TYPE_PROPERTY)
    status = event.http_status_code or 0
    return failure or (str(status) if status >= 400 else None)
