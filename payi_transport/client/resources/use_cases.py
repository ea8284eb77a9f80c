"""Instances of use cases, such as one run of an agent or one processed document."""

from __future__ import annotations

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
from payi_transport.client.resources.definitions import Definitions
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage
from payi_transport.types.params import Properties
from payi_transport.types.use_cases import KpiListResponse, UseCaseInstanceResponse, UseCaseValueResponse

__all__ = ["UseCaseKpis", "UseCaseProperties", "UseCases"]

_INSTANCES = "/api/v1/use_cases/instances/{use_case_name}"
_INSTANCE = _INSTANCES + "/{use_case_id}"


class UseCaseKpis(Resource[SurfaceT]):
    """Manage the KPI scores of an instance."""

    with_raw_response: Variant[UseCaseKpis[SyncRaw], UseCaseKpis[AsyncRaw]] = RAW
    with_streaming_response: Variant[UseCaseKpis[SyncStreaming], UseCaseKpis[AsyncStreaming]] = STREAMING

    @endpoint
    def update(
        self,
        kpi_name: str,
        *,
        use_case_name: str,
        use_case_id: str,
        score: bool | float | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[None]:
        """Set the score of a KPI."""
        path = build_path(
            _INSTANCE + "/kpis/{kpi_name}",
            use_case_name=use_case_name,
            use_case_id=use_case_id,
            kpi_name=kpi_name,
        )
        # A change of a score returns no body, so accept whatever type it is said to have.
        return RequestSpec("PUT", path, type(None), options, headers={"Accept": "*/*"}, body={"score": score})

    @list_endpoint
    def list(
        self,
        use_case_id: str,
        *,
        use_case_name: str,
        cursor: str | UnsetType | None = UNSET,
        kpi_name: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[KpiListResponse]]:
        """List the scores of an instance, all or by KPI."""
        query = {"cursor": cursor, "kpi_name": kpi_name, "limit": limit, "sort_ascending": sort_ascending}
        path = build_path(_INSTANCE + "/kpis", use_case_name=use_case_name, use_case_id=use_case_id)
        return RequestSpec("GET", path, CursorPage[KpiListResponse], options, query)


class UseCaseProperties(Resource[SurfaceT]):
    """Manage the properties of an instance."""

    with_raw_response: Variant[UseCaseProperties[SyncRaw], UseCaseProperties[AsyncRaw]] = RAW
    with_streaming_response: Variant[UseCaseProperties[SyncStreaming], UseCaseProperties[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def update(
        self,
        use_case_id: str,
        *,
        use_case_name: str,
        properties: Properties,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[UseCaseInstanceResponse]:
        """Set properties of an instance."""
        path = build_path(_INSTANCE + "/properties", use_case_name=use_case_name, use_case_id=use_case_id)
        return RequestSpec(
            "PUT",
            path,
            UseCaseInstanceResponse,
            options,
            body={"properties": stringify_properties(properties)},
        )


class UseCases(Resource[SurfaceT]):
    """Manage instances of use cases and, under `definitions`, the use cases themselves."""

    with_raw_response: Variant[UseCases[SyncRaw], UseCases[AsyncRaw]] = RAW
    with_streaming_response: Variant[UseCases[SyncStreaming], UseCases[AsyncStreaming]] = STREAMING

    @property
    def kpis(self) -> UseCaseKpis[SurfaceT]:
        """Manage the KPI scores of an instance."""
        return UseCaseKpis(self._surface)

    @property
    def definitions(self) -> Definitions[SurfaceT]:
        """Manage the definitions of use cases."""
        return Definitions(self._surface)

    @property
    def properties(self) -> UseCaseProperties[SurfaceT]:
        """Manage the properties of an instance."""
        return UseCaseProperties(self._surface)

    @endpoint
    def create(
        self, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseInstanceResponse]:
        """Start an instance."""
        path = build_path(_INSTANCES, use_case_name=use_case_name)
        return RequestSpec("POST", path, UseCaseInstanceResponse, options)

    @endpoint
    def retrieve(
        self, use_case_id: str, *, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseInstanceResponse]:
        """Return an instance."""
        path = build_path(_INSTANCE, use_case_name=use_case_name, use_case_id=use_case_id)
        return RequestSpec("GET", path, UseCaseInstanceResponse, options)

    @endpoint
    def value(
        self, use_case_id: str, *, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseValueResponse]:
        """Return what an instance was worth, in money and in time."""
        path = build_path(_INSTANCE + "/value", use_case_name=use_case_name, use_case_id=use_case_id)
        return RequestSpec("GET", path, UseCaseValueResponse, options)

    @endpoint
    def delete(
        self, use_case_id: str, *, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseInstanceResponse]:
        """Delete an instance."""
        path = build_path(_INSTANCE, use_case_name=use_case_name, use_case_id=use_case_id)
        return RequestSpec("DELETE", path, UseCaseInstanceResponse, options)
