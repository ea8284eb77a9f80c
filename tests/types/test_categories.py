"""Categories and their resources, as parsed from the API's JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.types.categories import (
    AwsBedrockResource,
    AzureResource,
    CategoryResourcePriceUnits,
    CategoryResourceResponse,
    GoogleVertexResource,
)
from payi_transport.types.model import convert_leniently
from tests.client.response_bodies import RESOURCE, WHEN


def test_a_resource_has_its_prices_by_unit_and_its_start_as_a_datetime() -> None:
    resource = convert_leniently(CategoryResourceResponse, RESOURCE)
    assert resource.units == {"text": CategoryResourcePriceUnits(0.001, 0.002)}
    assert resource.start_timestamp == WHEN
    assert not resource.unknown_fields


def test_each_provider_s_throughput_has_its_own_unit() -> None:
    resource = convert_leniently(CategoryResourceResponse, RESOURCE)
    assert resource.aws_bedrock_resource == AwsBedrockResource(aws_model_units=3)
    assert resource.azure_resource == AzureResource(ptus=1)
    assert resource.google_vertex_resource == GoogleVertexResource(gsus=2)
    # The attribute has another name than the field.
    assert msgspec.json.encode(resource.aws_bedrock_resource) == b'{"model_units":3}'


def test_a_scope_that_is_not_known_yet_is_kept() -> None:
    raw: dict[str, Any] = {**RESOURCE, "mapped_resource": {"scope": "planet"}}
    resource = convert_leniently(CategoryResourceResponse, raw)
    assert resource.mapped_resource.scope == "planet"
