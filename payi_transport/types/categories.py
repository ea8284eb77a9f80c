"""Categories and the priced resources in them. Fields are named as in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from payi_transport.types.model import Model

__all__ = [
    "AwsBedrockResource",
    "AzureResource",
    "CategoryDeleteResourceResponse",
    "CategoryDeleteResponse",
    "CategoryResourceMappedResource",
    "CategoryResourcePriceUnits",
    "CategoryResourceResponse",
    "CategoryResponse",
    "GoogleVertexResource",
]


class CategoryResponse(Model):
    """A category."""

    category: str


class CategoryResourcePriceUnits(Model):
    """The price of one unit, in US dollars."""

    input_price: float | None = None
    output_price: float | None = None


class CategoryResourceMappedResource(Model):
    """The resource that another one is priced as."""

    category: str | None = None
    resource: str | None = None
    scope: Literal["global", "datazone", "region"] | None = None
    sub_scope: str | None = None


class AwsBedrockResource(Model):
    """Provisioned throughput of AWS Bedrock, in model units."""

    aws_model_units: int = msgspec.field(name="model_units")


class AzureResource(Model):
    """Provisioned throughput of Azure, in PTUs."""

    ptus: int


class GoogleVertexResource(Model):
    """Provisioned throughput of Google Vertex AI, in GSUs."""

    gsus: int


class CategoryResourceResponse(Model):
    """A resource of a category, with its prices by unit name."""

    active: bool
    category: str
    proxy_allowed: bool
    resource: str
    resource_id: str
    start_timestamp: datetime
    units: dict[str, CategoryResourcePriceUnits]
    aliased_resource: str | None = None
    aws_bedrock_resource: AwsBedrockResource | None = None
    azure_resource: AzureResource | None = None
    character_billing: bool | None = None
    cost_per_hour: float | None = None
    deprecated_timestamp: datetime | None = None
    description: str | None = None
    end_timestamp: datetime | None = None
    google_vertex_resource: GoogleVertexResource | None = None
    large_context_threshold: int | None = None
    mapped_resource: CategoryResourceMappedResource | None = None
    max_input_units: int | None = None
    max_output_units: int | None = None
    max_total_units: int | None = None
    reservation_id: str | None = None


CategoryDeleteResponse: TypeAlias = list[CategoryResourceResponse]
CategoryDeleteResourceResponse: TypeAlias = list[CategoryResourceResponse]
