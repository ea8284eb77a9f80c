"""Ingest: events that are sent by hand, one by one or in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

import msgspec
from msgspec import UNSET, UnsetType

from payi_transport.client.calls import Call, Options, stringify
from payi_transport.client.endpoints import RAW, STREAMING, Resource, Turn, W, endpoint
from payi_transport.client.worlds import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.event import Event
from payi_transport.names import PayiHeaderNames
from payi_transport.types.ingest import BulkIngestResponse, IngestResponse
from payi_transport.types.params import (
    BulkIngestRequest,
    FunctionCallInfo,
    IngestUnitsParam,
    PayICommonModelsAPIRouterHeaderInfo,
    Properties,
)
from payi_transport.types.shared import IngestUnits

__all__ = ["Ingest"]


class Ingest(Resource[W]):
    """Events, sent by hand."""

    with_raw_response: Turn[Ingest[SyncRaw], Ingest[AsyncRaw]] = RAW
    with_streaming_response: Turn[Ingest[SyncStreaming], Ingest[AsyncStreaming]] = STREAMING

    @endpoint
    def bulk(
        self,
        *,
        events: Iterable[BulkIngestRequest | Event | msgspec.Raw] | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Call[BulkIngestResponse]:
        """Many events at once; the answer says which were refused, and nothing of costs.

        An event may be JSON already, as `msgspec.Raw`.
        """
        body = events if events is UNSET else [_stringify_properties(event) for event in events]
        return Call("POST", "/api/v1/ingest/bulk", BulkIngestResponse, options, body=body)

    @endpoint
    def units(
        self,
        *,
        category: str,
        units: Mapping[str, IngestUnitsParam | IngestUnits],
        end_to_end_latency_ms: int | UnsetType | None = UNSET,
        event_timestamp: str | datetime | UnsetType | None = UNSET,
        http_status_code: int | UnsetType | None = UNSET,
        properties: Properties | UnsetType | None = UNSET,
        provider_request_headers: Iterable[PayICommonModelsAPIRouterHeaderInfo] | UnsetType | None = UNSET,
        provider_request_json: str | UnsetType | None = UNSET,
        provider_request_reasoning_json: str | UnsetType | None = UNSET,
        provider_response_function_calls: Iterable[FunctionCallInfo] | UnsetType | None = UNSET,
        provider_response_headers: Iterable[PayICommonModelsAPIRouterHeaderInfo] | UnsetType | None = UNSET,
        provider_response_id: str | UnsetType | None = UNSET,
        provider_response_json: str | Sequence[str] | UnsetType | None = UNSET,
        provider_uri: str | UnsetType | None = UNSET,
        resource: str | UnsetType | None = UNSET,
        time_to_first_completion_token_ms: int | UnsetType | None = UNSET,
        time_to_first_token_ms: int | UnsetType | None = UNSET,
        use_case_properties: Properties | UnsetType | None = UNSET,
        limit_ids: Sequence[str] | UnsetType | None = UNSET,
        disable_logging: bool | UnsetType | None = UNSET,
        request_tags: Sequence[str] | UnsetType | None = UNSET,
        use_case_id: str | UnsetType | None = UNSET,
        use_case_name: str | UnsetType | None = UNSET,
        use_case_step: str | UnsetType | None = UNSET,
        use_case_version: int | UnsetType | None = UNSET,
        user_id: str | UnsetType | None = UNSET,
        resource_scope: str | UnsetType | None = UNSET,
        account_name: str | UnsetType | None = UNSET,
        **options: Unpack[Options],
    ) -> Call[IngestResponse]:
        """One event. Latencies are in ms; the answer says what it cost and what became of the limits.

        Raises TypeError for limit_ids or request_tags that are no list.
        """
        headers = {
            PayiHeaderNames.limit_ids: _join("limit_ids", limit_ids),
            PayiHeaderNames.request_tags: _join("request_tags", request_tags),
            PayiHeaderNames.use_case_id: use_case_id,
            PayiHeaderNames.use_case_name: use_case_name,
            PayiHeaderNames.use_case_step: use_case_step,
            PayiHeaderNames.use_case_version: use_case_version,
            PayiHeaderNames.user_id: user_id,
            PayiHeaderNames.resource_scope: resource_scope,
            PayiHeaderNames.account_name: account_name,
            PayiHeaderNames.logging_disable: str(disable_logging)
            if isinstance(disable_logging, bool)
            else None,
        }
        body = {
            "category": category,
            "units": units,
            "end_to_end_latency_ms": end_to_end_latency_ms,
            "event_timestamp": event_timestamp,
            "http_status_code": http_status_code,
            "properties": stringify(properties),
            "provider_request_headers": provider_request_headers,
            "provider_request_json": provider_request_json,
            "provider_request_reasoning_json": provider_request_reasoning_json,
            "provider_response_function_calls": provider_response_function_calls,
            "provider_response_headers": provider_response_headers,
            "provider_response_id": provider_response_id,
            "provider_response_json": provider_response_json,
            "provider_uri": provider_uri,
            "resource": resource,
            "time_to_first_completion_token_ms": time_to_first_completion_token_ms,
            "time_to_first_token_ms": time_to_first_token_ms,
            "use_case_properties": stringify(use_case_properties),
        }
        query = {"id": provider_response_id}
        return Call("POST", "/api/v1/ingest", IngestResponse, options, query, headers, body)


def _join(name: str, values: Sequence[str] | UnsetType | None) -> str | None:
    """The values without spaces around them and without empty ones, joined by commas; None for no value."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list, got {values!r}")
    return ",".join(text for value in values or () if (text := value.strip())) or None


def _stringify_properties(event: Any) -> Any:
    if not isinstance(event, Mapping):
        return event
    names = ("properties", "use_case_properties")
    return {**event, **{name: stringify(event[name]) for name in names if name in event}}
