"""Limits: budgets in US dollars that requests count against."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, UnsetType

from payi_transport.client.endpoints import (
    RAW,
    STREAMING,
    Resource,
    SurfaceT,
    Variant,
    endpoint,
    list_endpoint,
)
from payi_transport.client.request import RequestOptions, RequestSpec, build_path, stringify_properties
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage
from payi_transport.types.limits import (
    DefaultResponse,
    Limit,
    LimitHistoryResponse,
    LimitResponse,
    PropertyUpdateResponse,
)
from payi_transport.types.params import Properties
from payi_transport.types.shared import LimitType

__all__ = ["LimitProperties", "Limits"]

_LIMITS = "/api/v1/limits"
_LIMIT = _LIMITS + "/{limit_id}"


class LimitProperties(Resource[SurfaceT]):
    """Manage the properties of a limit."""

    with_raw_response: Variant[LimitProperties[SyncRaw], LimitProperties[AsyncRaw]] = RAW
    with_streaming_response: Variant[LimitProperties[SyncStreaming], LimitProperties[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def update(
        self, limit_id: str, *, properties: Properties, **options: Unpack[RequestOptions]
    ) -> RequestSpec[PropertyUpdateResponse]:
        """Set properties of a limit. None removes a property."""
        path = build_path(_LIMIT + "/properties", limit_id=limit_id)
        return RequestSpec(
            "PUT",
            path,
            PropertyUpdateResponse,
            options,
            body={"properties": stringify_properties(properties)},
        )


class Limits(Resource[SurfaceT]):
    """Manage limits."""

    with_raw_response: Variant[Limits[SyncRaw], Limits[AsyncRaw]] = RAW
    with_streaming_response: Variant[Limits[SyncStreaming], Limits[AsyncStreaming]] = STREAMING

    @property
    def properties(self) -> LimitProperties[SurfaceT]:
        """Manage the properties of a limit."""
        return LimitProperties(self._surface)

    @endpoint
    def create(
        self,
        *,
        limit_name: str,
        max: float,
        limit_id: str | UnsetType | None = UNSET,
        limit_type: LimitType | UnsetType = UNSET,
        properties: Properties | UnsetType | None = UNSET,
        threshold: float | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[LimitResponse]:
        """Create a limit of `max` US dollars that blocks or allows requests beyond it."""
        body = {
            "limit_name": limit_name,
            "max": max,
            "limit_id": limit_id,
            "limit_type": limit_type,
            "properties": stringify_properties(properties),
            "threshold": threshold,
        }
        return RequestSpec("POST", _LIMITS, LimitResponse, options, body=body)

    @endpoint
    def retrieve(self, limit_id: str, **options: Unpack[RequestOptions]) -> RequestSpec[LimitResponse]:
        """Return a limit and what was spent of it."""
        return RequestSpec("GET", build_path(_LIMIT, limit_id=limit_id), LimitResponse, options)

    @endpoint
    def update(
        self,
        limit_id: str,
        *,
        limit_name: str | UnsetType | None = UNSET,
        max: float | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[LimitResponse]:
        """Change the name or the amount of a limit."""
        body = {"limit_name": limit_name, "max": max}
        return RequestSpec("PUT", build_path(_LIMIT, limit_id=limit_id), LimitResponse, options, body=body)

    @list_endpoint
    def list(
        self,
        *,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        limit_name: str | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[Limit]]:
        """List limits, all or by name. `limit` is the size of a page: 25 by default, 100 at most."""
        query = {
            "cursor": cursor,
            "limit": limit,
            "limit_name": limit_name,
            "sort_ascending": sort_ascending,
        }
        return RequestSpec("GET", _LIMITS, CursorPage[Limit], options, query)

    @endpoint
    def delete(self, limit_id: str, **options: Unpack[RequestOptions]) -> RequestSpec[DefaultResponse]:
        """Delete a limit."""
        return RequestSpec("DELETE", build_path(_LIMIT, limit_id=limit_id), DefaultResponse, options)

    @endpoint
    def reset(
        self,
        limit_id: str,
        *,
        reset_date: str | datetime | UnsetType = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[LimitHistoryResponse]:
        """Reset what was spent of a limit, now or as of `reset_date`."""
        path = build_path(_LIMIT + "/reset", limit_id=limit_id)
        # The API names this parameter in camel case, unlike the fields around it.
        return RequestSpec("POST", path, LimitHistoryResponse, options, {"resetDate": reset_date})
