"""All of the Pay-i API in one world."""

from __future__ import annotations

import warnings

from payi_transport.client.endpoints import RAW, STREAMING, Resource, Turn, W
from payi_transport.client.resources.categories import Categories
from payi_transport.client.resources.ingest import Ingest
from payi_transport.client.resources.limits import Limits
from payi_transport.client.resources.requests import Requests
from payi_transport.client.resources.use_cases import UseCases
from payi_transport.client.worlds import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming

__all__ = ["API"]


class API(Resource[W]):
    """The resources of the Pay-i API."""

    with_raw_response: Turn[API[SyncRaw], API[AsyncRaw]] = RAW
    with_streaming_response: Turn[API[SyncStreaming], API[AsyncStreaming]] = STREAMING

    @property
    def ingest(self) -> Ingest[W]:
        """Send events."""
        return Ingest(self._world)

    @property
    def limits(self) -> Limits[W]:
        """Budgets that requests are counted against."""
        return Limits(self._world)

    @property
    def categories(self) -> Categories[W]:
        """Categories and the priced resources in them."""
        return Categories(self._world)

    @property
    def use_cases(self) -> UseCases[W]:
        """Use cases: instances, definitions, KPIs."""
        return UseCases(self._world)

    @property
    def requests(self) -> Requests[W]:
        """Requests of the past."""
        return Requests(self._world)

    @property
    def experiences(self) -> UseCases[W]:
        """The former name of `use_cases`."""
        warnings.warn("experiences is deprecated: use use_cases", DeprecationWarning, stacklevel=2)
        return self.use_cases
