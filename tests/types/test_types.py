"""Every type has the name and the module that it has in Pay-i's own SDK."""

from __future__ import annotations

import importlib
import inspect
from typing import get_origin

import pytest

from payi_transport import types
from payi_transport.types.model import Model

NAMES = {
    "": """APIError BulkIngestRequest BulkIngestRequestParam BulkIngestResponse CategoryDeleteResourceResponse
        CategoryDeleteResponse CategoryResourceMappedResource CategoryResourcePriceUnits
        CategoryResourcePriceUnitsParam CategoryResourceResponse CategoryResponse CostData CostDetails
        DefaultResponse FunctionCallInfo FunctionCallInfoParam IngestRequest IngestResponse IngestUnits Limit
        LimitHistoryResponse LimitResponse PayICommonModelsAPIRouterHeaderInfo
        PayICommonModelsAPIRouterHeaderInfoParam PayICommonModelsBudgetManagementCostDetailsBase
        PayICommonModelsBudgetManagementCreateLimitBase PropertiesRequest PropertiesResponse RequestResult
        RequestsData TotalCostData UseCaseInstanceResponse XproxyError XproxyResult""",
    ".shared": """APIError IngestUnits PayICommonModelsBudgetManagementCostDetailsBase PropertiesRequest
        PayICommonModelsBudgetManagementCreateLimitBase PropertiesResponse XproxyError XproxyResult""",
    ".limits": "PropertyUpdateResponse",
    ".categories": "AwsBedrockResource AzureResource GoogleVertexResource",
    ".use_cases": "KpiListResponse UseCaseDefinitionResponse",
    ".use_cases.definitions": """KpiCreateResponse KpiDeleteResponse KpiListResponse KpiRetrieveResponse
        KpiUpdateResponse""",
}


@pytest.mark.parametrize("path", NAMES)
def test_every_type_is_in_the_module_where_the_sdk_has_it(path: str) -> None:
    module = importlib.import_module(f"payi_transport.types{path}")
    names = set(NAMES[path].split())
    assert names <= set(module.__all__)
    if not path:
        assert set(module.__all__) == names | {"Model", "UseCaseValueResponse"}


@pytest.mark.parametrize("path", NAMES)
def test_every_type_has_a_docstring(path: str) -> None:
    module = importlib.import_module(f"payi_transport.types{path}")
    for name in module.__all__:
        kind = getattr(module, name)
        if get_origin(kind) is None and inspect.isclass(kind) and issubclass(kind, Model | dict):
            assert kind.__doc__


def test_deleting_a_category_returns_a_list_of_resources() -> None:
    assert types.CategoryDeleteResponse == list[types.CategoryResourceResponse]
