"""Ingest: events that are sent by hand, one by one or in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec import UNSET, UnsetType

from payi_transport.client.endpoints import RAW, STREAMING, Resource, SurfaceT, Variant, endpoint
from payi_transport.client.request import RequestOptions, RequestSpec, stringify_properties
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.types.ingest import BulkIngestResponse, IngestResponse
from payi_transport.types.params import (
    BulkIngestRequest,
    EventFields,
    IngestUnitsParam,
)
from payi_transport.types.shared import IngestUnits
from payi_transport.values.event import Event
from payi_transport.values.names import PayiHeaderNames

__all__ = ["Ingest", "IngestUnitsParams"]


class IngestUnitsParams(EventFields, RequestOptions, total=False):
    """What an event may say of its call and whom it is for, and what every call takes."""

    account_name: str | None
    disable_logging: bool | None
    limit_ids: Sequence[str] | None
    request_tags: Sequence[str] | None
    resource_scope: str | None
    use_case_id: str | None
    use_case_name: str | None
    use_case_step: str | None
    use_case_version: int | None
    user_id: str | None


# Whom an event is for goes in headers when it goes alone.
_HEADERS = {
    "account_name": PayiHeaderNames.account_name,
    "disable_logging": PayiHeaderNames.logging_disable,
    "limit_ids": PayiHeaderNames.limit_ids,
    "request_tags": PayiHeaderNames.request_tags,
    "resource_scope": PayiHeaderNames.resource_scope,
    "use_case_id": PayiHeaderNames.use_case_id,
    "use_case_name": PayiHeaderNames.use_case_name,
    "use_case_step": PayiHeaderNames.use_case_step,
    "use_case_version": PayiHeaderNames.use_case_version,
    "user_id": PayiHeaderNames.user_id,
}


class Ingest(Resource[SurfaceT]):
    """Events, sent by hand."""

    with_raw_response: Variant[Ingest[SyncRaw], Ingest[AsyncRaw]] = RAW
    with_streaming_response: Variant[Ingest[SyncStreaming], Ingest[AsyncStreaming]] = STREAMING

    @endpoint
    def bulk(
        self,
        *,
        events: Iterable[BulkIngestRequest | Event | msgspec.Raw] | UnsetType = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[BulkIngestResponse]:
        """Many events at once; the answer says which were refused, and nothing of costs.

        An event may be JSON already, as `msgspec.Raw`.
        """
        body = events if events is UNSET else [_stringify_event(event) for event in events]
        return RequestSpec("POST", "/api/v1/ingest/bulk", BulkIngestResponse, options, body=body)

    @endpoint
    def units(
        self,
        *,
        category: str,
        units: Mapping[str, IngestUnitsParam | IngestUnits],
        **more: Unpack[IngestUnitsParams],
    ) -> RequestSpec[IngestResponse]:
        """One event; the answer says what it cost and what became of the limits.

        Raises TypeError for limit_ids or request_tags that are no list.
        """
        rest: dict[str, Any] = {**more}
        headers = {header: _to_header(name, rest.pop(name, None)) for name, header in _HEADERS.items()}
        fields = {name: rest.pop(name) for name in EventFields.__annotations__ if name in rest}
        body = _stringify_event({"category": category, "units": units, **fields})
        query = {"id": fields.get("provider_response_id")}
        options = cast("RequestOptions", rest)
        return RequestSpec("POST", "/api/v1/ingest", IngestResponse, options, query, headers, body)


def _to_header(name: str, value: Any) -> Any:
    """Lists without spaces around their values and without empty ones; a bool as Pay-i's SDK writes it."""
    if name in ("limit_ids", "request_tags"):
        if isinstance(value, str):
            raise TypeError(f"{name} must be a list, got {value!r}")
        return [text for item in value or () if (text := item.strip())] or None
    return str(value) if isinstance(value, bool) else value


def _stringify_event(event: Any) -> Any:
    if not isinstance(event, Mapping):
        return event
    names = ("properties", "use_case_properties")
    return {**event, **{name: stringify_properties(event[name]) for name in names if name in event}}
