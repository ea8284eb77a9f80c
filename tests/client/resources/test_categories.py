"""The endpoints of categories and their resources."""

from __future__ import annotations

from payi_transport.types import CategoryResourceResponse, CategoryResponse
from payi_transport.types.categories import AwsBedrockResource
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import RESOURCE, WHEN, WHEN_TEXT

__all__ = ["CASES"]

_CATEGORY = {"category": "my/category"}
_RESOURCE = {**_CATEGORY, "resource": "a model"}
_VERSION = {**_RESOURCE, "resource_id": "v/1"}
_CATEGORY_PATH = "/api/v1/categories/my%2Fcategory"
_RESOURCE_PATH = f"{_CATEGORY_PATH}/resources/a%20model"
_VERSION_PATH = f"{_RESOURCE_PATH}/v%2F1"
_PAGE = {"active": False, "cursor": "c", "limit": 5, "sort_ascending": False}
_PAGE_QUERY = "?Active=false&cursor=c&limit=5&sort_ascending=false"
_RESOURCES = {"items": [RESOURCE]}
_UNITS = {"units": {"text": {"input_price": 0.5}}}
_BOUNDS = {"max_input_units": 1, "max_output_units": 2, "max_total_units": None}
_RESERVED = {
    "aws_bedrock_resource": {"model_units": 3},
    "azure_resource": {"ptus": 100},
    "cost_per_hour": 2.5,
    "google_vertex_resource": {"gsus": 5},
}

CASES = [
    EndpointCase(
        "categories.list", "GET /api/v1/categories", CategoryResponse, {"items": [{"category": "a"}]}
    ),
    EndpointCase(
        "categories.list",
        f"GET /api/v1/categories{_PAGE_QUERY}",
        CategoryResponse,
        {"items": [{"category": "a"}]},
        _PAGE,
    ),
    EndpointCase(
        "categories.delete",
        f"DELETE {_CATEGORY_PATH}",
        CategoryResourceResponse,
        [RESOURCE, RESOURCE],
        _CATEGORY,
        first="category",
    ),
    EndpointCase(
        "categories.delete_resource",
        f"DELETE {_RESOURCE_PATH}",
        CategoryResourceResponse,
        [RESOURCE],
        _RESOURCE,
        first="resource",
    ),
    EndpointCase(
        "categories.list_resources",
        f"GET {_CATEGORY_PATH}/resources{_PAGE_QUERY}",
        CategoryResourceResponse,
        _RESOURCES,
        {**_CATEGORY, **_PAGE},
        first="category",
    ),
    EndpointCase(
        "categories.resources.create",
        f"POST {_RESOURCE_PATH}",
        CategoryResourceResponse,
        RESOURCE,
        {**_RESOURCE, **_UNITS},
        first="resource",
        body=_UNITS,
    ),
    EndpointCase(
        "categories.resources.create",
        f"POST {_RESOURCE_PATH}",
        CategoryResourceResponse,
        RESOURCE,
        {**_RESOURCE, **_UNITS, **_BOUNDS, **_RESERVED, "start_timestamp": WHEN},
        first="resource",
        body={**_UNITS, **_BOUNDS, **_RESERVED, "start_timestamp": WHEN_TEXT},
    ),
    EndpointCase(
        "categories.resources.create",
        f"POST {_RESOURCE_PATH}",
        CategoryResourceResponse,
        RESOURCE,
        {**_RESOURCE, **_UNITS, "aws_bedrock_resource": AwsBedrockResource(aws_model_units=3)},
        first="resource",
        body={**_UNITS, "aws_bedrock_resource": {"model_units": 3}},
    ),
    EndpointCase(
        "categories.resources.retrieve",
        f"GET {_VERSION_PATH}",
        CategoryResourceResponse,
        RESOURCE,
        _VERSION,
        first="resource_id",
    ),
    EndpointCase(
        "categories.resources.list",
        f"GET {_RESOURCE_PATH}{_PAGE_QUERY}",
        CategoryResourceResponse,
        _RESOURCES,
        {**_RESOURCE, **_PAGE},
        first="resource",
    ),
    EndpointCase(
        "categories.resources.delete",
        f"DELETE {_VERSION_PATH}",
        CategoryResourceResponse,
        RESOURCE,
        _VERSION,
        first="resource_id",
    ),
]


class TestCategoriesEndpoints(EndpointTests):
    cases = CASES
