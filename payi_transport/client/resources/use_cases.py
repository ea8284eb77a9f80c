"""Instances of use cases: one run of an agent, one document processed."""

from __future__ import annotations

from typing import Unpack

from msgspec import UNSET, UnsetType

from payi_transport.client.calls import Call, Options, fill, stringify
from payi_transport.client.endpoints import RAW, STREAMING, Resource, Turn, W, endpoint, list_endpoint
from payi_transport.client.resources.definitions import Definitions
from payi_transport.client.worlds import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.pagination import CursorPage
from payi_transport.types.params import Properties
from payi_transport.types.use_cases import KpiListResponse, UseCaseInstanceResponse

__all__ = ["UseCaseKpis", "UseCaseProperties", "UseCases"]

_INSTANCES = "/api/v1/use_cases/instances/{use_case_name}"
_INSTANCE = _INSTANCES + "/{use_case_id}"


class UseCaseKpis(Resource[W]):
    """How an instance of a use case scored."""

    with_raw_response: Turn[UseCaseKpis[SyncRaw], UseCaseKpis[AsyncRaw]] = RAW
    with_streaming_response: Turn[UseCaseKpis[SyncStreaming], UseCaseKpis[AsyncStreaming]] = STREAMING

    @endpoint
    def update(
        self,
        kpi_name: str,
        *,
        use_case_name: str,
        use_case_id: str,
        score: bool | float | UnsetType | None = UNSET,
        **options: Unpack[Options],
    ) -> Call[None]:
        """Set the score of a KPI."""
        path = fill(
            _INSTANCE + "/kpis/{kpi_name}",
            use_case_name=use_case_name,
            use_case_id=use_case_id,
            kpi_name=kpi_name,
        )
        return Call("PUT", path, type(None), options, headers={"Accept": "*/*"}, body={"score": score})

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
        **options: Unpack[Options],
    ) -> Call[CursorPage[KpiListResponse]]:
        """All scores of an instance, or those of one KPI."""
        query = {"cursor": cursor, "kpi_name": kpi_name, "limit": limit, "sort_ascending": sort_ascending}
        path = fill(_INSTANCE + "/kpis", use_case_name=use_case_name, use_case_id=use_case_id)
        return Call("GET", path, CursorPage[KpiListResponse], options, query)


class UseCaseProperties(Resource[W]):
    """Properties of an instance of a use case."""

    with_raw_response: Turn[UseCaseProperties[SyncRaw], UseCaseProperties[AsyncRaw]] = RAW
    with_streaming_response: Turn[UseCaseProperties[SyncStreaming], UseCaseProperties[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def update(
        self, use_case_id: str, *, use_case_name: str, properties: Properties, **options: Unpack[Options]
    ) -> Call[UseCaseInstanceResponse]:
        """Set properties of an instance."""
        path = fill(_INSTANCE + "/properties", use_case_name=use_case_name, use_case_id=use_case_id)
        return Call("PUT", path, UseCaseInstanceResponse, options, body={"properties": stringify(properties)})


class UseCases(Resource[W]):
    """Instances of use cases, and under `definitions` what they are instances of."""

    with_raw_response: Turn[UseCases[SyncRaw], UseCases[AsyncRaw]] = RAW
    with_streaming_response: Turn[UseCases[SyncStreaming], UseCases[AsyncStreaming]] = STREAMING

    @property
    def kpis(self) -> UseCaseKpis[W]:
        """How an instance scored."""
        return UseCaseKpis(self._world)

    @property
    def definitions(self) -> Definitions[W]:
        """What use cases there are."""
        return Definitions(self._world)

    @property
    def properties(self) -> UseCaseProperties[W]:
        """Properties of an instance."""
        return UseCaseProperties(self._world)

    @endpoint
    def create(self, use_case_name: str, **options: Unpack[Options]) -> Call[UseCaseInstanceResponse]:
        """Begin an instance."""
        path = fill(_INSTANCES, use_case_name=use_case_name)
        return Call("POST", path, UseCaseInstanceResponse, options)

    @endpoint
    def retrieve(
        self, use_case_id: str, *, use_case_name: str, **options: Unpack[Options]
    ) -> Call[UseCaseInstanceResponse]:
        """An instance."""
        path = fill(_INSTANCE, use_case_name=use_case_name, use_case_id=use_case_id)
        return Call("GET", path, UseCaseInstanceResponse, options)

    @endpoint
    def delete(
        self, use_case_id: str, *, use_case_name: str, **options: Unpack[Options]
    ) -> Call[UseCaseInstanceResponse]:
        """Delete an instance."""
        path = fill(_INSTANCE, use_case_name=use_case_name, use_case_id=use_case_id)
        return Call("DELETE", path, UseCaseInstanceResponse, options)
