"""Requests of the past, found by Pay-i's id or by the provider's."""

from __future__ import annotations

from typing import Unpack

from payi_transport.client.calls import Call, Options, fill, stringify
from payi_transport.client.endpoints import RAW, STREAMING, Resource, Turn, W, endpoint
from payi_transport.client.worlds import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
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
_RESPONSE = "/api/v1/requests/provider/{category}/{provider_response_id}"


class RequestIdResult(Resource[W]):
    """What Pay-i made of a request."""

    with_raw_response: Turn[RequestIdResult[SyncRaw], RequestIdResult[AsyncRaw]] = RAW
    with_streaming_response: Turn[RequestIdResult[SyncStreaming], RequestIdResult[AsyncStreaming]] = STREAMING

    @endpoint
    def retrieve(self, request_id: str, **options: Unpack[Options]) -> Call[RequestResult]:
        """What Pay-i made of the request of this id."""
        return Call("GET", fill(_REQUEST + "/result", request_id=request_id), RequestResult, options)


class RequestIdProperties(Resource[W]):
    """Properties of a request."""

    with_raw_response: Turn[RequestIdProperties[SyncRaw], RequestIdProperties[AsyncRaw]] = RAW
    with_streaming_response: Turn[RequestIdProperties[SyncStreaming], RequestIdProperties[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def update(
        self, request_id: str, *, properties: Properties, **options: Unpack[Options]
    ) -> Call[PropertiesResponse]:
        """Set properties of the request of this id."""
        path = fill(_REQUEST + "/properties", request_id=request_id)
        return Call("PUT", path, PropertiesResponse, options, body={"properties": stringify(properties)})


class ResponseIdResult(Resource[W]):
    """What Pay-i made of a request."""

    with_raw_response: Turn[ResponseIdResult[SyncRaw], ResponseIdResult[AsyncRaw]] = RAW
    with_streaming_response: Turn[ResponseIdResult[SyncStreaming], ResponseIdResult[AsyncStreaming]] = (
        STREAMING
    )

    @endpoint
    def retrieve(
        self, provider_response_id: str, *, category: str, **options: Unpack[Options]
    ) -> Call[RequestResult]:
        """What Pay-i made of the request that the provider answered with this id."""
        path = fill(_RESPONSE + "/result", category=category, provider_response_id=provider_response_id)
        return Call("GET", path, RequestResult, options)


class ResponseIdProperties(Resource[W]):
    """Properties of a request."""

    with_raw_response: Turn[ResponseIdProperties[SyncRaw], ResponseIdProperties[AsyncRaw]] = RAW
    with_streaming_response: Turn[
        ResponseIdProperties[SyncStreaming], ResponseIdProperties[AsyncStreaming]
    ] = STREAMING

    @endpoint
    def update(
        self,
        provider_response_id: str,
        *,
        category: str,
        properties: Properties,
        **options: Unpack[Options],
    ) -> Call[PropertiesResponse]:
        """Set properties of the request that the provider answered with this id."""
        path = fill(_RESPONSE + "/properties", category=category, provider_response_id=provider_response_id)
        return Call("PUT", path, PropertiesResponse, options, body={"properties": stringify(properties)})


class RequestId(Resource[W]):
    """Requests by the id that Pay-i gave them."""

    with_raw_response: Turn[RequestId[SyncRaw], RequestId[AsyncRaw]] = RAW
    with_streaming_response: Turn[RequestId[SyncStreaming], RequestId[AsyncStreaming]] = STREAMING

    @property
    def result(self) -> RequestIdResult[W]:
        """What Pay-i made of a request."""
        return RequestIdResult(self._world)

    @property
    def properties(self) -> RequestIdProperties[W]:
        """Properties of a request."""
        return RequestIdProperties(self._world)


class ResponseId(Resource[W]):
    """Requests by the id that the provider gave its answer."""

    with_raw_response: Turn[ResponseId[SyncRaw], ResponseId[AsyncRaw]] = RAW
    with_streaming_response: Turn[ResponseId[SyncStreaming], ResponseId[AsyncStreaming]] = STREAMING

    @property
    def result(self) -> ResponseIdResult[W]:
        """What Pay-i made of a request."""
        return ResponseIdResult(self._world)

    @property
    def properties(self) -> ResponseIdProperties[W]:
        """Properties of a request."""
        return ResponseIdProperties(self._world)


class Requests(Resource[W]):
    """Requests of the past."""

    with_raw_response: Turn[Requests[SyncRaw], Requests[AsyncRaw]] = RAW
    with_streaming_response: Turn[Requests[SyncStreaming], Requests[AsyncStreaming]] = STREAMING

    @property
    def request_id(self) -> RequestId[W]:
        """By the id that Pay-i gave them."""
        return RequestId(self._world)

    @property
    def response_id(self) -> ResponseId[W]:
        """By the id that the provider gave its answer."""
        return ResponseId(self._world)
