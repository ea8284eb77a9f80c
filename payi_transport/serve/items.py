"""What the ingest endpoints accept: closed schemas, integers of 32 bits, and the rules for each item.

A body that breaks the schema is refused as a whole, and an item that breaks a rule by itself, both with the
codes of Pay-i's error reference. Source: Pay-i's published OpenAPI and error reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from payi_transport.serve.faults import Refusal
from payi_transport.values.accepted import LARGEST_INTEGER, NAME_RULES
from payi_transport.values.event import Event, FunctionCall, Header, Units

__all__ = ["BulkItem", "SingleItem", "decode_bulk", "decode_single", "find_refusal", "to_event"]

Integer = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]
Moment = Annotated[datetime, Meta(tz=True)]
# How far a clock may be ahead, and the first time that is accepted. The first years of the calendar
# could not be shown in other zones.
_AHEAD = timedelta(minutes=5)
_FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Units(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    input: Integer | None = None
    output: Integer | None = None


class _Header(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    value: str | None = None


class _FunctionCall(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    arguments: str | None = None


class SingleItem(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of `POST /api/v1/ingest`. Its context is in the headers of the request."""

    category: str
    units: dict[str, _Units]
    resource: str | None = None
    event_timestamp: Moment | None = None
    end_to_end_latency_ms: Integer | None = None
    time_to_first_token_ms: Integer | None = None
    time_to_first_completion_token_ms: Integer | None = None
    http_status_code: Integer | None = None
    properties: dict[str, str | None] | None = None
    use_case_properties: dict[str, str | None] | None = None
    provider_uri: str | None = None
    provider_request_headers: list[_Header] | None = None
    provider_response_headers: list[_Header] | None = None
    provider_request_json: str | None = None
    provider_request_reasoning_json: str | None = None
    provider_response_json: str | list[str] | None = None
    provider_response_id: str | None = None
    provider_response_function_calls: list[_FunctionCall] | None = None


class BulkItem(SingleItem, forbid_unknown_fields=True, kw_only=True):
    """An item of `POST /api/v1/ingest/bulk`, with its context."""

    limit_ids: list[str] | None = None
    request_tags: list[str] | None = None
    use_case_id: str | None = None
    use_case_name: str | None = None
    use_case_step: str | None = None
    use_case_version: Integer | None = None
    user_id: str | None = None
    account_name: str | None = None
    scope: str | None = None


_single = msgspec.json.Decoder(SingleItem)
_bulk = msgspec.json.Decoder(list[BulkItem])
_FIELDS = SingleItem.__struct_fields__


def decode_single(body: bytes, context: Mapping[str, Any], id_: str | None) -> BulkItem:
    """Return the event in a body, with the context from the headers. Raises Refusal."""
    try:
        item = _single.decode(body)
        values = {name: getattr(item, name) for name in _FIELDS}
        made = BulkItem(**values, **msgspec.convert(context, dict[str, Any]))
        # The headers are checked by the same schema as the fields of an item.
        msgspec.convert(context, type=_Context)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refusal("invalid_json", str(exc)) from None
    if id_ and not made.provider_response_id:
        made.provider_response_id = id_
    return made


def decode_bulk(body: bytes) -> list[BulkItem]:
    """Return the events in a body. Raises Refusal."""
    try:
        return _bulk.decode(body)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refusal("invalid_json", str(exc)) from None


_Context = msgspec.defstruct(
    "_Context",
    [
        (field.name, field.type, field.default)
        for field in msgspec.structs.fields(BulkItem)
        if field.name not in _FIELDS
    ],
    forbid_unknown_fields=True,
)


def find_refusal(item: BulkItem, now: datetime, limit_types: Mapping[str, str] | None) -> Refusal | None:
    """Return why an item is refused, None if it is not.

    `limit_types` are the types of the limits there are, by id. None for a call through the proxy, to which
    limits of both types apply.
    """
    return next(_find_refusals(item, now, limit_types), None)


def _find_refusals(item: BulkItem, now: datetime, limit_types: Mapping[str, str] | None) -> Iterator[Refusal]:
    moment = item.event_timestamp
    if moment is not None and not _FIRST <= moment <= now + _AHEAD:
        wrong = "is ahead" if moment > now else "is before 1970"
        yield Refusal("invalid_ingest_event_timestamp", f"event_timestamp {moment} {wrong}")
    if not item.category:
        yield Refusal("required_field_missing", "category is empty")
    yield from _refuse_names(item)
    if limit_types is not None:
        yield from _refuse_limits(item.limit_ids or (), limit_types)


def _refuse_names(item: BulkItem) -> Iterator[Refusal]:
    name = item.use_case_name
    if name is None:
        if item.use_case_id or item.use_case_step or item.use_case_version or item.use_case_properties:
            yield Refusal("required_field_missing", "use_case_name is missing")
    elif not NAME_RULES["use_case_name"].accepts(name):
        yield Refusal("invalid_use_case_name", _explain("use_case_name", name))
    for tag in item.request_tags or ():
        if not NAME_RULES["request_tags"].accepts(tag):
            yield Refusal("invalid_tags", _explain("request_tags", tag))
    if item.user_id is not None and not NAME_RULES["user_id"].accepts(item.user_id):
        yield Refusal("invalid_user_id", _explain("user_id", item.user_id))


def _refuse_limits(names: list[str] | tuple[()], limit_types: Mapping[str, str]) -> Iterator[Refusal]:
    for name in names:
        if name not in limit_types:
            yield Refusal("invalid_limit_ids", f"no limit has the id {name!r}")
        elif limit_types[name] == "block":
            yield Refusal(
                "blocking_limit_not_allowed", f"limit {name!r} of type block works in proxy mode only"
            )


def _explain(field: str, value: str) -> str:
    return f"{field} {value!r} is refused: {NAME_RULES[field].text} are accepted"


def to_event(item: BulkItem, response_id: str) -> Event:
    """Return the event that an item describes, for pricing and for showing it."""
    return Event(
        category=item.category,
        units={name: Units(units.input, units.output) for name, units in item.units.items()},
        provider_response_id=response_id,
        resource=item.resource,
        event_timestamp=item.event_timestamp,
        end_to_end_latency_ms=item.end_to_end_latency_ms,
        time_to_first_token_ms=item.time_to_first_token_ms,
        http_status_code=item.http_status_code,
        properties=_drop_nulls(item.properties),
        use_case_properties=_drop_nulls(item.use_case_properties),
        provider_uri=item.provider_uri,
        provider_request_headers=_to_headers(item.provider_request_headers),
        provider_response_headers=_to_headers(item.provider_response_headers),
        provider_request_json=item.provider_request_json,
        provider_response_json=_to_tuple(item.provider_response_json),
        provider_response_function_calls=tuple(
            FunctionCall(call.name, call.arguments) for call in item.provider_response_function_calls or ()
        )
        or None,
        limit_ids=tuple(item.limit_ids or ()) or None,
        request_tags=tuple(dict.fromkeys(item.request_tags or ())) or None,
        use_case_id=item.use_case_id,
        use_case_name=item.use_case_name,
        use_case_step=item.use_case_step,
        use_case_version=item.use_case_version,
        user_id=item.user_id,
        account_name=item.account_name,
        scope=item.scope,
    )


def _drop_nulls(properties: Mapping[str, str | None] | None) -> dict[str, str] | None:
    return {name: value for name, value in (properties or {}).items() if value is not None} or None


def _to_headers(headers: list[_Header] | None) -> tuple[Header, ...] | None:
    return tuple(Header(header.name, header.value or "") for header in headers or ()) or None


def _to_tuple(body: str | list[str] | None) -> str | tuple[str, ...] | None:
    return tuple(body) if isinstance(body, list) else body
