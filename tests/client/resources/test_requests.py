"""The endpoints of past requests."""

from __future__ import annotations

import pytest

from payi_transport import Payi
from payi_transport.types import PropertiesResponse, RequestResult
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import RESULT
from tests.support.origin import Origin

__all__ = ["CASES"]

_REQUEST = {"request_id": "r/1"}
_RESPONSE = {"category": "system.openai/x", "provider_response_id": "chatcmpl 1"}
_REQUEST_PATH = "/api/v1/requests/r%2F1"
_RESPONSE_PATH = "/api/v1/requests/provider/system.openai%2Fx/chatcmpl%201"
_PROPERTIES = {"properties": {"rated": "good"}}

CASES = [
    EndpointCase(
        "requests.request_id.result.retrieve",
        f"GET {_REQUEST_PATH}/result",
        RequestResult,
        {"xproxy_result": RESULT},
        _REQUEST,
        first="request_id",
    ),
    EndpointCase(
        "requests.request_id.properties.update",
        f"PUT {_REQUEST_PATH}/properties",
        PropertiesResponse,
        {"request_id": "r1"},
        {**_REQUEST, **_PROPERTIES},
        first="request_id",
        body=_PROPERTIES,
    ),
    EndpointCase(
        "requests.response_id.result.retrieve",
        f"GET {_RESPONSE_PATH}/result",
        RequestResult,
        {"xproxy_result": RESULT},
        _RESPONSE,
        first="provider_response_id",
    ),
    EndpointCase(
        "requests.response_id.properties.update",
        f"PUT {_RESPONSE_PATH}/properties",
        PropertiesResponse,
        {"request_id": "r1"},
        {**_RESPONSE, **_PROPERTIES},
        first="provider_response_id",
        body=_PROPERTIES,
    ),
]


class TestRequestsEndpoints(EndpointTests):
    cases = CASES


@pytest.mark.parametrize("name", ["request_id", "response_id"])
def test_a_nested_resource_keeps_the_surface_of_its_parent(name: str, origin: Origin) -> None:
    with Payi(api_key="k", base_url=origin.url) as client:
        by_id = getattr(client.requests.with_raw_response, name)
        assert type(by_id.result) is type(getattr(client.requests, name).with_raw_response.result)
