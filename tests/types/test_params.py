"""Dicts that callers pass to the API: their required keys, and that they can express every event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from payi_transport import Event
from payi_transport.types import params
from payi_transport.types.params import BulkIngestRequest, IngestRequest


@pytest.mark.parametrize(
    ("kind", "required"),
    [
        (params.LimitConfigParam, {"max"}),
        (params.FunctionCallInfo, {"name"}),
        (params.PayICommonModelsAPIRouterHeaderInfo, {"name"}),
        (params.AwsBedrockResourceParam, {"model_units"}),
        (params.AzureResourceParam, {"ptus"}),
        (params.GoogleVertexResourceParam, {"gsus"}),
        (params.IngestUnitsParam, set()),
        (params.CategoryResourcePriceUnitsParam, set()),
    ],
)
def test_only_these_keys_are_required(kind: Any, required: set[str]) -> None:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.TypedDictType)
    assert {field.name for field in info.fields if field.required} == required


def test_every_event_has_a_category_and_units() -> None:
    assert {"category", "units"} <= IngestRequest.__required_keys__
    assert {"category", "units"} <= BulkIngestRequest.__required_keys__


def test_a_bulk_request_can_express_every_field_of_an_event() -> None:
    assert set(Event.__struct_fields__) <= BulkIngestRequest.__annotations__.keys()


def test_only_a_bulk_request_carries_the_context_in_its_body() -> None:
    context = BulkIngestRequest.__annotations__.keys() - IngestRequest.__annotations__.keys()
    assert {"account_name", "limit_ids", "request_tags", "use_case_id", "use_case_name", "user_id"} <= context


@pytest.mark.parametrize(
    "name", ["BulkIngestRequest", "FunctionCallInfo", "PayICommonModelsAPIRouterHeaderInfo"]
)
def test_the_second_name_of_a_dict_is_the_same_type(name: str) -> None:
    assert getattr(params, f"{name}Param") is getattr(params, name)
