"""Categories, and the priced resources in them."""

from __future__ import annotations

from collections.abc import Mapping
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
from payi_transport.client.request import RequestOptions, RequestSpec, build_path
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage
from payi_transport.types.categories import (
    AwsBedrockResource,
    AzureResource,
    CategoryDeleteResourceResponse,
    CategoryDeleteResponse,
    CategoryResourcePriceUnits,
    CategoryResourceResponse,
    CategoryResponse,
    GoogleVertexResource,
)
from payi_transport.types.params import (
    AwsBedrockResourceParam,
    AzureResourceParam,
    CategoryResourcePriceUnitsParam,
    GoogleVertexResourceParam,
)

__all__ = ["Categories", "CategoryResources"]

_CATEGORIES = "/api/v1/categories"
_CATEGORY = _CATEGORIES + "/{category}"
_RESOURCE = _CATEGORY + "/resources/{resource}"
_VERSION = _RESOURCE + "/{resource_id}"


class CategoryResources(Resource[SurfaceT]):
    """Manage the versions of a resource: prices, each valid from some time on."""

    with_raw_response: Variant[CategoryResources[SyncRaw], CategoryResources[AsyncRaw]] = RAW
    with_streaming_response: Variant[CategoryResources[SyncStreaming], CategoryResources[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def create(
        self,
        resource: str,
        *,
        category: str,
        units: Mapping[str, CategoryResourcePriceUnitsParam | CategoryResourcePriceUnits],
        aws_bedrock_resource: AwsBedrockResourceParam | AwsBedrockResource | UnsetType | None = UNSET,
        azure_resource: AzureResourceParam | AzureResource | UnsetType | None = UNSET,
        cost_per_hour: float | UnsetType | None = UNSET,
        google_vertex_resource: GoogleVertexResourceParam | GoogleVertexResource | UnsetType | None = UNSET,
        max_input_units: int | UnsetType | None = UNSET,
        max_output_units: int | UnsetType | None = UNSET,
        max_total_units: int | UnsetType | None = UNSET,
        start_timestamp: str | datetime | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CategoryResourceResponse]:
        """Create a resource, or a new version of it that is valid from `start_timestamp` on.

        Reserved capacity costs `cost_per_hour` US dollars; its size is given in the provider's own unit, such
        as `azure_resource={"ptus": 100}`.
        """
        # Fields that are UNSET are left out when the body is encoded, so each endpoint lists its fields
        # without a check.
        body = {
            "units": units,
            "aws_bedrock_resource": aws_bedrock_resource,
            "azure_resource": azure_resource,
            "cost_per_hour": cost_per_hour,
            "google_vertex_resource": google_vertex_resource,
            "max_input_units": max_input_units,
            "max_output_units": max_output_units,
            "max_total_units": max_total_units,
            "start_timestamp": start_timestamp,
        }
        path = build_path(_RESOURCE, category=category, resource=resource)
        return RequestSpec("POST", path, CategoryResourceResponse, options, body=body)

    @endpoint
    def retrieve(
        self, resource_id: str, *, category: str, resource: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[CategoryResourceResponse]:
        """Return a version of a resource."""
        path = build_path(_VERSION, category=category, resource=resource, resource_id=resource_id)
        return RequestSpec("GET", path, CategoryResourceResponse, options)

    @list_endpoint
    def list(
        self,
        resource: str,
        *,
        category: str,
        active: bool | UnsetType | None = UNSET,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[CategoryResourceResponse]]:
        """List the versions of a resource."""
        query = {"Active": active, "cursor": cursor, "limit": limit, "sort_ascending": sort_ascending}
        path = build_path(_RESOURCE, category=category, resource=resource)
        return RequestSpec("GET", path, CursorPage[CategoryResourceResponse], options, query)

    @endpoint
    def delete(
        self, resource_id: str, *, category: str, resource: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[CategoryResourceResponse]:
        """Delete a version of a resource."""
        path = build_path(_VERSION, category=category, resource=resource, resource_id=resource_id)
        return RequestSpec("DELETE", path, CategoryResourceResponse, options)


class Categories(Resource[SurfaceT]):
    """Manage categories and the resources in them."""

    with_raw_response: Variant[Categories[SyncRaw], Categories[AsyncRaw]] = RAW
    with_streaming_response: Variant[Categories[SyncStreaming], Categories[AsyncStreaming]] = STREAMING

    @property
    def resources(self) -> CategoryResources[SurfaceT]:
        """Manage the versions of a resource."""
        return CategoryResources(self._surface)

    @list_endpoint
    def list(
        self,
        *,
        active: bool | UnsetType | None = UNSET,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[CategoryResponse]]:
        """List categories."""
        query = {"Active": active, "cursor": cursor, "limit": limit, "sort_ascending": sort_ascending}
        return RequestSpec("GET", _CATEGORIES, CursorPage[CategoryResponse], options, query)

    @endpoint
    def delete(self, category: str, **options: Unpack[RequestOptions]) -> RequestSpec[CategoryDeleteResponse]:
        """Delete a category and all of its resources."""
        return RequestSpec(
            "DELETE", build_path(_CATEGORY, category=category), CategoryDeleteResponse, options
        )

    @endpoint
    def delete_resource(
        self, resource: str, *, category: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[CategoryDeleteResourceResponse]:
        """Delete all versions of a resource."""
        path = build_path(_RESOURCE, category=category, resource=resource)
        return RequestSpec("DELETE", path, CategoryDeleteResourceResponse, options)

    @list_endpoint
    def list_resources(
        self,
        category: str,
        *,
        active: bool | UnsetType | None = UNSET,
        cursor: str | UnsetType | None = UNSET,
        limit: int | UnsetType | None = UNSET,
        sort_ascending: bool | UnsetType | None = UNSET,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[CursorPage[CategoryResourceResponse]]:
        """List the resources of a category."""
        query = {"Active": active, "cursor": cursor, "limit": limit, "sort_ascending": sort_ascending}
        path = build_path(_CATEGORY + "/resources", category=category)
        return RequestSpec("GET", path, CursorPage[CategoryResourceResponse], options, query)
