"""Ingest: send events yourself, one by one or in bulk.

A single event carries its context (use case, user, tags, limits) in headers; in a bulk request each event
carries its own in the body.
"""

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
from payi_transport.values.shown import show

__all__ = ["Ingest", "IngestUnitsParams"]


class IngestUnitsParams(EventFields, RequestOptions, total=False):
    """Optional parameters of `units`: fields of the event, its context, and the request options."""

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


# The headers that carry the context of a single event.
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
    """Send events."""

    with_raw_response: Variant[Ingest[SyncRaw], Ingest[AsyncRaw]] = RAW
    with_streaming_response: Variant[Ingest[SyncStreaming], Ingest[AsyncStreaming]] = STREAMING

    @endpoint
    def bulk(
        self,
        *,
        events: Iterable[BulkIngestRequest | Event | msgspec.Raw] | UnsetType = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[BulkIngestResponse]:
        """Send many events at once. The response names the rejected ones; it reports no costs.

        An event may be a dict, an `Event`, or JSON that is already encoded (`msgspec.Raw`).
        """
        return _send_all("/api/v1/ingest/bulk", events, options)

    @endpoint
    def bulk_upsert(
        self,
        *,
        events: Iterable[BulkIngestRequest | Event | msgspec.Raw] | UnsetType = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[BulkIngestResponse]:
        """Send many events at once, replacing those whose `provider_response_id` Pay-i has already.

        Sending the same events twice therefore counts them once, which `bulk` does not promise. Private
        deployments may not have this call; they respond with 404 (NotFoundError) or 405 (APIStatusError).
        """
        return _send_all("/api/v1/ingest/bulk-upsert", events, options)

    @endpoint
    def units(
        self,
        *,
        category: str,
        units: Mapping[str, IngestUnitsParam | IngestUnits],
        **more: Unpack[IngestUnitsParams],
    ) -> RequestSpec[IngestResponse]:
        """Send one event. The response reports its cost and the state of its limits.

        Raises TypeError for `limit_ids` or `request_tags` that are a string instead of a list.
        """
        # A copy, because the fields are taken out of it one by one: first context, then event, and what
        # remains are options.
        rest: dict[str, Any] = {**more}
        headers = {header: _to_header(name, rest.pop(name, None)) for name, header in _HEADERS.items()}
        fields = {name: rest.pop(name) for name in EventFields.__annotations__ if name in rest}
        body = _stringify_event({"category": category, "units": units, **fields})
        # As Pay-i's SDK does. It makes no difference to an event that is sent again, which counts twice.
        query = {"id": fields.get("provider_response_id")}
        options = cast("RequestOptions", rest)
        return RequestSpec("POST", "/api/v1/ingest", IngestResponse, options, query, headers, body)


def _send_all(path: str, events: Any, options: RequestOptions) -> RequestSpec[BulkIngestResponse]:
    # Delivery passes events that are encoded already, and those go into the body as they are.
    body = events if events is UNSET else [_stringify_event(event) for event in events]
    return RequestSpec("POST", path, BulkIngestResponse, options, body=body)


def _to_header(name: str, value: Any) -> Any:
    """Strip the items of a list and drop empty ones; write a bool as Pay-i's SDK does, "True" or "False"."""
    if name in ("limit_ids", "request_tags"):
        if isinstance(value, str):
            # A string is a sequence too, and would be sent as one limit per character.
            raise TypeError(f"{name}: expected a list of strings, got {show(value)}")
        return [text for item in value or () if (text := item.strip())] or None
    return str(value) if isinstance(value, bool) else value


def _stringify_event(event: Any) -> Any:
    if not isinstance(event, Mapping):
        return event
    names = ("properties", "use_case_properties")
    return {**event, **{name: stringify_properties(event[name]) for name in names if name in event}}
