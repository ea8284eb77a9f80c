"""Past requests, looked up by Pay-i's id or by the id in the provider's response."""

from __future__ import annotations

from payi_transport.client.endpoints import RAW, STREAMING, Resource, SurfaceT, Variant, endpoint
from payi_transport.client.request import RequestOptions, RequestSpec, build_path, stringify_properties
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack
from payi_transport.types.ingest import RequestResult
from payi_transport.types.params import Properties
from payi_transport.types.shared import PropertiesResponse

__all__ = [
    "RequestId",
    "RequestIdProperties",
    "RequestIdResult",
    "Requests",
    "ResponseId",
    "ResponseIdProperties",
    "ResponseIdResult",
]

_REQUEST = "/api/v1/requests/{request_id}"
# Providers don't coordinate their ids, so the category says whose id it is.
_RESPONSE = "/api/v1/requests/provider/{category}/{provider_response_id}"


class RequestIdResult(Resource[SurfaceT]):
    """Look up the result of a request: its cost, limits and context."""

    with_raw_response: Variant[RequestIdResult[SyncRaw], RequestIdResult[AsyncRaw]] = RAW
    with_streaming_response: Variant[RequestIdResult[SyncStreaming], RequestIdResult[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def retrieve(self, request_id: str, **options: Unpack[RequestOptions]) -> RequestSpec[RequestResult]:
        """Return cost, limits and context of the request with this id."""
        return RequestSpec(
            "GET", build_path(_REQUEST + "/result", request_id=request_id), RequestResult, options
        )


class RequestIdProperties(Resource[SurfaceT]):
    """Manage the properties of a request."""

    with_raw_response: Variant[RequestIdProperties[SyncRaw], RequestIdProperties[AsyncRaw]] = RAW
    with_streaming_response: Variant[
        RequestIdProperties[SyncStreaming], RequestIdProperties[AsyncStreaming]
    ] = STREAMING

    @endpoint
    def update(
        self, request_id: str, *, properties: Properties, **options: Unpack[RequestOptions]
    ) -> RequestSpec[PropertiesResponse]:
        """Set properties of the request with this id."""
        path = build_path(_REQUEST + "/properties", request_id=request_id)
        return RequestSpec(
            "PUT", path, PropertiesResponse, options, body={"properties": stringify_properties(properties)}
        )


class ResponseIdResult(Resource[SurfaceT]):
    """Look up the result of a request: its cost, limits and context."""

    with_raw_response: Variant[ResponseIdResult[SyncRaw], ResponseIdResult[AsyncRaw]] = RAW
    with_streaming_response: Variant[ResponseIdResult[SyncStreaming], ResponseIdResult[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def retrieve(
        self, provider_response_id: str, *, category: str, **options: Unpack[RequestOptions]
    ) -> RequestSpec[RequestResult]:
        """Return cost, limits and context of the request whose response has this id."""
        path = build_path(_RESPONSE + "/result", category=category, provider_response_id=provider_response_id)
        return RequestSpec("GET", path, RequestResult, options)


class ResponseIdProperties(Resource[SurfaceT]):
    """Manage the properties of a request."""

    with_raw_response: Variant[ResponseIdProperties[SyncRaw], ResponseIdProperties[AsyncRaw]] = RAW
    with_streaming_response: Variant[
        ResponseIdProperties[SyncStreaming], ResponseIdProperties[AsyncStreaming]
    ] = STREAMING

    @endpoint
    def update(
        self,
        provider_response_id: str,
        *,
        category: str,
        properties: Properties,
        **options: Unpack[RequestOptions],
    ) -> RequestSpec[PropertiesResponse]:
        """Set properties of the request whose response has this id."""
        path = build_path(
            _RESPONSE + "/properties", category=category, provider_response_id=provider_response_id
        )
        return RequestSpec(
            "PUT", path, PropertiesResponse, options, body={"properties": stringify_properties(properties)}
        )


class RequestId(Resource[SurfaceT]):
    """Look up requests by the id that Pay-i gave them."""

    with_raw_response: Variant[RequestId[SyncRaw], RequestId[AsyncRaw]] = RAW
    with_streaming_response: Variant[RequestId[SyncStreaming], RequestId[AsyncStreaming]] = STREAMING

    @property
    def result(self) -> RequestIdResult[SurfaceT]:
        """Look up the result of a request: its cost, limits and context."""
        return RequestIdResult(self._surface)

    @property
    def properties(self) -> RequestIdProperties[SurfaceT]:
        """Manage the properties of a request."""
        return RequestIdProperties(self._surface)


class ResponseId(Resource[SurfaceT]):
    """Look up requests by the id in the provider's response."""

    with_raw_response: Variant[ResponseId[SyncRaw], ResponseId[AsyncRaw]] = RAW
    with_streaming_response: Variant[ResponseId[SyncStreaming], ResponseId[AsyncStreaming]] = STREAMING

    @property
    def result(self) -> ResponseIdResult[SurfaceT]:
        """Look up the result of a request: its cost, limits and context."""
        return ResponseIdResult(self._surface)

    @property
    def properties(self) -> ResponseIdProperties[SurfaceT]:
        """Manage the properties of a request."""
        return ResponseIdProperties(self._surface)


class Requests(Resource[SurfaceT]):
    """Look up past requests."""

    with_raw_response: Variant[Requests[SyncRaw], Requests[AsyncRaw]] = RAW
    with_streaming_response: Variant[Requests[SyncStreaming], Requests[AsyncStreaming]] = STREAMING

    @property
    def request_id(self) -> RequestId[SurfaceT]:
        """Look up requests by the id that Pay-i gave them."""
        return RequestId(self._surface)

    @property
    def response_id(self) -> ResponseId[SurfaceT]:
        """Look up requests by the id in the provider's response."""
        return ResponseId(self._surface)
