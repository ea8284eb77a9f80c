"""Definitions of use cases: their KPIs, the limit that each instance gets, and their version."""

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
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage
from payi_transport.types.params import LimitConfigParam, Properties
from payi_transport.types.shared import LimitType, PayICommonModelsBudgetManagementCreateLimitBase
from payi_transport.types.use_cases import KpiType, UseCaseDefinitionResponse
from payi_transport.types.use_cases.definitions import (
    KpiCreateResponse,
    KpiDeleteResponse,
    KpiListResponse,
    KpiRetrieveResponse,
    KpiUpdateResponse,
)

__all__ = ["DefinitionKpis", "DefinitionLimitConfig", "DefinitionVersion", "Definitions"]

_DEFINITIONS = "/api/v1/use_cases/definitions"
_DEFINITION = _DEFINITIONS + "/{use_case_name}"
_KPIS = _DEFINITION + "/kpis"
_KPI = _KPIS + "/{kpi_name}"
_LIMIT_CONFIG = _DEFINITION + "/limit_config"


class DefinitionKpis(Resource[SurfaceT]):
    """Manage the KPIs that instances of a use case are scored by."""

    with_raw_response: Variant[DefinitionKpis[SyncRaw], DefinitionKpis[AsyncRaw]] = RAW
    with_streaming_response: Variant[DefinitionKpis[SyncStreaming], DefinitionKpis[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def create(
        self,
        use_case_name: str,
        *,
        description: str,
        goal: float,
        kpi_type: KpiType,
        name: str,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[KpiCreateResponse]:
        """Create a KPI."""
        body = {"description": description, "goal": goal, "kpi_type": kpi_type, "name": name}
        path = build_path(_KPIS, use_case_name=use_case_name)
        return RequestSpec("POST", path, KpiCreateResponse, options, body=body)

    @endpoint
    def retrieve(
        self, kpi_name: str, *, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[KpiRetrieveResponse]:
        """Return a KPI."""
        path = build_path(_KPI, use_case_name=use_case_name, kpi_name=kpi_name)
        return RequestSpec("GET", path, KpiRetrieveResponse, options)

    @endpoint
    def update(
        self,
        kpi_name: str,
        *,
        use_case_name: str,
        description: str | UnsetType | None = UNSET,
        goal: float | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[KpiUpdateResponse]:
        """Change the description or the goal of a KPI."""
        path = build_path(_KPI, use_case_name=use_case_name, kpi_name=kpi_name)
        body = {"description": description, "goal": goal}
        return RequestSpec("PUT", path, KpiUpdateResponse, options, body=body)

    @list_endpoint
    def list(
        self,
        use_case_name: str,
        *,
        cursor: str | UnsetType | None = UNSET,
        kpi_name: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[KpiListResponse]]:
        """List the KPIs of a use case, all or by name."""
        query = {"cursor": cursor, "kpi_name": kpi_name, "limit": limit, "sort_ascending": sort_ascending}
        path = build_path(_KPIS, use_case_name=use_case_name)
        return RequestSpec("GET", path, CursorPage[KpiListResponse], options, query)

    @endpoint
    def delete(
        self, kpi_name: str, *, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[KpiDeleteResponse]:
        """Delete a KPI."""
        path = build_path(_KPI, use_case_name=use_case_name, kpi_name=kpi_name)
        return RequestSpec("DELETE", path, KpiDeleteResponse, options)


class DefinitionLimitConfig(Resource[SurfaceT]):
    """Manage the limit that each new instance of a use case gets."""

    with_raw_response: Variant[DefinitionLimitConfig[SyncRaw], DefinitionLimitConfig[AsyncRaw]] = RAW
    with_streaming_response: Variant[
        DefinitionLimitConfig[SyncStreaming], DefinitionLimitConfig[AsyncStreaming]
    ] = STREAMING

    @endpoint
    def create(
        self,
        use_case_name: str,
        *,
        max: float,
        limit_type: LimitType | UnsetType = UNSET,
        properties: Properties | UnsetType | None = UNSET,
        threshold: float | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Set the limit of each new instance to `max` US dollars."""
        body = {
            "max": max,
            "limit_type": limit_type,
            "properties": stringify_properties(properties),
            "threshold": threshold,
        }
        path = build_path(_LIMIT_CONFIG, use_case_name=use_case_name)
        return RequestSpec("POST", path, UseCaseDefinitionResponse, options, body=body)

    @endpoint
    def delete(
        self, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Remove the limit of new instances."""
        path = build_path(_LIMIT_CONFIG, use_case_name=use_case_name)
        return RequestSpec("DELETE", path, UseCaseDefinitionResponse, options)


class DefinitionVersion(Resource[SurfaceT]):
    """Manage the version of a use case."""

    with_raw_response: Variant[DefinitionVersion[SyncRaw], DefinitionVersion[AsyncRaw]] = RAW
    with_streaming_response: Variant[DefinitionVersion[SyncStreaming], DefinitionVersion[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def increment(
        self, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Start a new version."""
        path = build_path(_DEFINITION + "/increment_version", use_case_name=use_case_name)
        return RequestSpec("POST", path, UseCaseDefinitionResponse, options)


class Definitions(Resource[SurfaceT]):
    """Manage the definitions of use cases."""

    with_raw_response: Variant[Definitions[SyncRaw], Definitions[AsyncRaw]] = RAW
    with_streaming_response: Variant[Definitions[SyncStreaming], Definitions[AsyncStreaming]] = STREAMING

    @property
    def kpis(self) -> DefinitionKpis[SurfaceT]:
        """Manage the KPIs that instances of a use case are scored by."""
        return DefinitionKpis(self._surface)

    @property
    def limit_config(self) -> DefinitionLimitConfig[SurfaceT]:
        """Manage the limit that each new instance of a use case gets."""
        return DefinitionLimitConfig(self._surface)

    @property
    def version(self) -> DefinitionVersion[SurfaceT]:
        """Manage the version of a use case."""
        return DefinitionVersion(self._surface)

    @endpoint
    def create(
        self,
        *,
        description: str,
        name: str,
        limit_config: LimitConfigParam | PayICommonModelsBudgetManagementCreateLimitBase | UnsetType = UNSET,
        logging_enabled: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Define a use case."""
        body = {
            "description": description,
            "name": name,
            "limit_config": limit_config,
            "logging_enabled": logging_enabled,
        }
        return RequestSpec("POST", _DEFINITIONS, UseCaseDefinitionResponse, options, body=body)

    @endpoint
    def retrieve(
        self, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Return the definition of a use case."""
        path = build_path(_DEFINITION, use_case_name=use_case_name)
        return RequestSpec("GET", path, UseCaseDefinitionResponse, options)

    @endpoint
    def update(
        self,
        use_case_name: str,
        *,
        description: str | UnsetType | None = UNSET,
        logging_enabled: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Change the description of a use case, or whether its requests are logged."""
        path = build_path(_DEFINITION, use_case_name=use_case_name)
        body = {"description": description, "logging_enabled": logging_enabled}
        return RequestSpec("PUT", path, UseCaseDefinitionResponse, options, body=body)

    @list_endpoint
    def list(
        self,
        *,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        use_case_name: str | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[UseCaseDefinitionResponse]]:
        """List use cases, all or by name."""
        query = {
            "cursor": cursor,
            "limit": limit,
            "sort_ascending": sort_ascending,
            "use_case_name": use_case_name,
        }
        return RequestSpec("GET", _DEFINITIONS, CursorPage[UseCaseDefinitionResponse], options, query)

    @endpoint
    def delete(
        self, use_case_name: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[UseCaseDefinitionResponse]:
        """Delete a use case."""
        path = build_path(_DEFINITION, use_case_name=use_case_name)
        return RequestSpec("DELETE", path, UseCaseDefinitionResponse, options)
