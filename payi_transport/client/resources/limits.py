"""Limits: budgets that requests are counted against."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from msgspec import UNSET, UnsetType

from payi_transport.client.calls import Call, Options, fill, stringify
from payi_transport.client.endpoints import RAW, STREAMING, Resource, Turn, W, endpoint, list_endpoint
from payi_transport.client.worlds import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
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


class LimitProperties(Resource[W]):
    """Properties of a limit."""

    with_raw_response: Turn[LimitProperties[SyncRaw], LimitProperties[AsyncRaw]] = RAW
    with_streaming_response: Turn[LimitProperties[SyncStreaming], LimitProperties[AsyncStreaming]] = STREAMING

    @endpoint
    def update(
        self, limit_id: str, *, properties: Properties, **options: Unpack[Options]
    ) -> Call[PropertyUpdateResponse]:
        """Set properties of a limit; None removes one."""
        path = fill(_LIMIT + "/properties", limit_id=limit_id)
        return Call("PUT", path, PropertyUpdateResponse, options, body={"properties": stringify(properties)})


class Limits(Resource[W]):
    """Limits: create, retrieve, update, list, delete, reset."""

    with_raw_response: Turn[Limits[SyncRaw], Limits[AsyncRaw]] = RAW
    with_streaming_response: Turn[Limits[SyncStreaming], Limits[AsyncStreaming]] = STREAMING

    @property
    def properties(self) -> LimitProperties[W]:
        """Properties of a limit."""
        return LimitProperties(self._world)

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
        **options: Unpack[Options],
    ) -> Call[LimitResponse]:
        """Create a limit of `max` US dollars, that blocks or allows what comes after."""
        body = {
            "limit_name": limit_name,
            "max": max,
            "limit_id": limit_id,
            "limit_type": limit_type,
            "properties": stringify(properties),
            "threshold": threshold,
        }
        return Call("POST", _LIMITS, LimitResponse, options, body=body)

    @endpoint
    def retrieve(self, limit_id: str, **options: Unpack[Options]) -> Call[LimitResponse]:
        """A limit and what was spent of it."""
        return Call("GET", fill(_LIMIT, limit_id=limit_id), LimitResponse, options)

    @endpoint
    def update(
        self,
        limit_id: str,
        *,
        limit_name: str | UnsetType | None = UNSET,
        max: float | UnsetType | None = UNSET,
        **options: Unpack[Options],
    ) -> Call[LimitResponse]:
        """Change the name or the amount of a limit."""
        body = {"limit_name": limit_name, "max": max}
        return Call("PUT", fill(_LIMIT, limit_id=limit_id), LimitResponse, options, body=body)

    @list_endpoint
    def list(
        self,
        *,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        limit_name: str | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[Options],
    ) -> Call[CursorPage[Limit]]:
        """All limits, or those of a name, `limit` a page (25 if not given, at most 100)."""
        query = {
            "cursor": cursor,
            "limit": limit,
            "limit_name": limit_name,
            "sort_ascending": sort_ascending,
        }
        return Call("GET", _LIMITS, CursorPage[Limit], options, query)

    @endpoint
    def delete(self, limit_id: str, **options: Unpack[Options]) -> Call[DefaultResponse]:
        """Delete a limit."""
        return Call("DELETE", fill(_LIMIT, limit_id=limit_id), DefaultResponse, options)

    @endpoint
    def reset(
        self,
        limit_id: str,
        *,
        reset_date: str | datetime | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Call[LimitHistoryResponse]:
        """Begin a limit anew, as of `reset_date` where it is given."""
        path = fill(_LIMIT + "/reset", limit_id=limit_id)
        return Call("POST", path, LimitHistoryResponse, options, {"resetDate": reset_date})
