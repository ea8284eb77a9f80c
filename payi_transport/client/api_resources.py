"""The root of the resource tree: what `Payi`, and its raw and streaming variants, have in common."""

from __future__ import annotations

import warnings

from payi_transport.client.endpoints import RAW, STREAMING, Resource, SurfaceT, Variant
from payi_transport.client.resources.categories import Categories
from payi_transport.client.resources.ingest import Ingest
from payi_transport.client.resources.limits import Limits
from payi_transport.client.resources.reports import Reports
from payi_transport.client.resources.requests import Requests
from payi_transport.client.resources.use_cases import UseCases
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming

__all__ = ["APIResources"]


class APIResources(Resource[SurfaceT]):
    """The resources of the Pay-i API."""

    with_raw_response: Variant[APIResources[SyncRaw], APIResources[AsyncRaw]] = RAW
    with_streaming_response: Variant[APIResources[SyncStreaming], APIResources[AsyncStreaming]] = STREAMING

    @property
    def ingest(self) -> Ingest[SurfaceT]:
        """Send events."""
        return Ingest(self._surface)

    @property
    def limits(self) -> Limits[SurfaceT]:
        """Manage limits: budgets that requests count against."""
        return Limits(self._surface)

    @property
    def categories(self) -> Categories[SurfaceT]:
        """Manage categories and the priced resources in them."""
        return Categories(self._surface)

    @property
    def use_cases(self) -> UseCases[SurfaceT]:
        """Manage use cases: instances, definitions and KPIs."""
        return UseCases(self._surface)

    @property
    def requests(self) -> Requests[SurfaceT]:
        """Look up past requests."""
        return Requests(self._surface)

    @property
    def reports(self) -> Reports[SurfaceT]:
        """Run the queries that were saved in Pay-i's dashboard."""
        return Reports(self._surface)

    @property
    def experiences(self) -> UseCases[SurfaceT]:
        """Return `use_cases` under its former name."""
        warnings.warn("experiences is deprecated: use use_cases", DeprecationWarning, stacklevel=2)
        return self.use_cases
