"""Types of the Pay-i API's requests and responses, under the names they have in Pay-i's own SDK.

Responses are `Model` structs; requests are TypedDicts, since callers pass plain dicts. Two names for one type
(`BulkIngestRequestParam`, the KPI responses) exist because the SDK has both.
"""

from __future__ import annotations

from payi_transport.types.categories import (
    CategoryDeleteResourceResponse,
    CategoryDeleteResponse,
    CategoryResourceMappedResource,
    CategoryResourcePriceUnits,
    CategoryResourceResponse,
    CategoryResponse,
)
from payi_transport.types.ingest import BulkIngestResponse, IngestResponse, RequestResult
from payi_transport.types.limits import (
    CostData,
    DefaultResponse,
    Limit,
    LimitHistoryResponse,
    LimitResponse,
    RequestsData,
    TotalCostData,
)
from payi_transport.types.model import Model
from payi_transport.types.params import (
    BulkIngestRequest,
    BulkIngestRequestParam,
    CategoryResourcePriceUnitsParam,
    FunctionCallInfo,
    FunctionCallInfoParam,
    IngestRequest,
    PayICommonModelsAPIRouterHeaderInfo,
    PayICommonModelsAPIRouterHeaderInfoParam,
)
from payi_transport.types.shared import (
    APIError,
    CostDetails,
    IngestUnits,
    PayICommonModelsBudgetManagementCostDetailsBase,
    PayICommonModelsBudgetManagementCreateLimitBase,
    PropertiesRequest,
    PropertiesResponse,
    XproxyError,
    XproxyResult,
)
from payi_transport.types.use_cases import UseCaseInstanceResponse, UseCaseValueResponse

__all__ = [
    "APIError",
    "BulkIngestRequest",
    "BulkIngestRequestParam",
    "BulkIngestResponse",
    "CategoryDeleteResourceResponse",
    "CategoryDeleteResponse",
    "CategoryResourceMappedResource",
    "CategoryResourcePriceUnits",
    "CategoryResourcePriceUnitsParam",
    "CategoryResourceResponse",
    "CategoryResponse",
    "CostData",
    "CostDetails",
    "DefaultResponse",
    "FunctionCallInfo",
    "FunctionCallInfoParam",
    "IngestRequest",
    "IngestResponse",
    "IngestUnits",
    "Limit",
    "LimitHistoryResponse",
    "LimitResponse",
    "Model",
    "PayICommonModelsAPIRouterHeaderInfo",
    "PayICommonModelsAPIRouterHeaderInfoParam",
    "PayICommonModelsBudgetManagementCostDetailsBase",
    "PayICommonModelsBudgetManagementCreateLimitBase",
    "PropertiesRequest",
    "PropertiesResponse",
    "RequestResult",
    "RequestsData",
    "TotalCostData",
    "UseCaseInstanceResponse",
    "UseCaseValueResponse",
    "XproxyError",
    "XproxyResult",
]
