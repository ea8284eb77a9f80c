"""Dicts that callers pass to the API. Keys are named as in the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, TypedDict

from payi_transport.compat import Required
from payi_transport.types.shared import IngestUnits, LimitType

__all__ = [
    "AwsBedrockResourceParam",
    "AzureResourceParam",
    "BulkIngestRequest",
    "BulkIngestRequestParam",
    "CategoryResourcePriceUnitsParam",
    "EventFields",
    "FunctionCallInfo",
    "FunctionCallInfoParam",
    "GoogleVertexResourceParam",
    "IngestRequest",
    "IngestUnitsParam",
    "LimitConfigParam",
    "PayICommonModelsAPIRouterHeaderInfo",
    "PayICommonModelsAPIRouterHeaderInfoParam",
    "Properties",
]

Properties: TypeAlias = Mapping[str, object]
"""Names and values. Values are sent as strings, None as null."""


class IngestUnitsParam(TypedDict, total=False):
    """Numbers of input and output units."""

    input: int
    output: int


class CategoryResourcePriceUnitsParam(TypedDict, total=False):
    """The price of one unit, in US dollars."""

    input_price: float
    output_price: float


class AwsBedrockResourceParam(TypedDict):
    """Provisioned throughput of AWS Bedrock, in model units."""

    model_units: int


class AzureResourceParam(TypedDict):
    """Provisioned throughput of Azure, in PTUs."""

    ptus: int


class GoogleVertexResourceParam(TypedDict):
    """Provisioned throughput of Google Vertex AI, in GSUs."""

    gsus: int


class LimitConfigParam(TypedDict, total=False):
    """The limit that each instance of a use case gets, `max` in US dollars."""

    max: Required[float]
    limit_type: LimitType
    properties: Properties | None
    threshold: float | None


class FunctionCallInfo(TypedDict, total=False):
    """A function call of the model, `arguments` as JSON text."""

    name: Required[str]
    arguments: str | None


class PayICommonModelsAPIRouterHeaderInfo(TypedDict, total=False):
    """One HTTP header."""

    name: Required[str]
    value: str | None


class EventFields(TypedDict, total=False):
    """Optional fields of an event. Latencies are in ms; timestamps are datetimes or ISO 8601 strings."""

    end_to_end_latency_ms: int | None
    event_timestamp: str | datetime | None
    http_status_code: int | None
    properties: Properties | None
    provider_request_headers: Iterable[PayICommonModelsAPIRouterHeaderInfo] | None
    provider_request_json: str | None
    provider_request_reasoning_json: str | None
    provider_response_function_calls: Iterable[FunctionCallInfo] | None
    provider_response_headers: Iterable[PayICommonModelsAPIRouterHeaderInfo] | None
    provider_response_id: str | None
    provider_response_json: str | Sequence[str] | None
    provider_uri: str | None
    resource: str | None
    time_to_first_completion_token_ms: int | None
    time_to_first_token_ms: int | None
    use_case_properties: Properties | None


class IngestRequest(EventFields):
    """One event."""

    category: str
    units: Mapping[str, IngestUnitsParam | IngestUnits]


class BulkIngestRequest(IngestRequest, total=False):
    """One event of a bulk request, with its context."""

    account_name: str | None
    limit_ids: Sequence[str] | None
    request_tags: Sequence[str] | None
    scope: str | None
    use_case_id: str | None
    use_case_name: str | None
    use_case_step: str | None
    use_case_version: int | None
    user_id: str | None


# The second names that these have in Pay-i's own SDK.
BulkIngestRequestParam: TypeAlias = BulkIngestRequest
FunctionCallInfoParam: TypeAlias = FunctionCallInfo
PayICommonModelsAPIRouterHeaderInfoParam: TypeAlias = PayICommonModelsAPIRouterHeaderInfo
