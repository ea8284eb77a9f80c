"""Types have the names and places that they have in Pay-i's own SDK."""

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


@pytest.mark.parametrize("place", NAMES)
def test_every_type_is_where_the_sdk_has_it(place: str) -> None:
    module = importlib.import_module(f"payi_transport.types{place}")
    names = set(NAMES[place].split())
    assert names <= set(module.__all__)
    if not place:
        assert set(module.__all__) == names | {"Model"}


@pytest.mark.parametrize("place", NAMES)
def test_every_type_says_what_it_is(place: str) -> None:
    module = importlib.import_module(f"payi_transport.types{place}")
    for name in module.__all__:
        kind = getattr(module, name)
        if get_origin(kind) is None and inspect.isclass(kind) and issubclass(kind, Model | dict):
            assert kind.__doc__


def test_the_answer_to_a_deleted_category_is_a_list() -> None:
    assert types.CategoryDeleteResponse == list[types.CategoryResourceResponse]
