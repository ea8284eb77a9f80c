"""The endpoints of instances of use cases."""

from __future__ import annotations

from payi_transport import Payi
from payi_transport.client.resources.definitions import Definitions
from payi_transport.types import UseCaseInstanceResponse, UseCaseValueResponse
from payi_transport.types.use_cases import KpiListResponse
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import WHEN_TEXT

__all__ = ["CASES"]

_NAME = {"use_case_name": "my/bot"}
_INSTANCE = {**_NAME, "use_case_id": "u 1"}
_NAME_PATH = "/api/v1/use_cases/instances/my%2Fbot"
_PATH = f"{_NAME_PATH}/u%201"
_BODY = {"use_case_id": "u 1", "use_case_name": "my/bot", "limit_id": "L1", "type_version": 2}
_VALUE = {"money": {"base": 12.5}, "time": {"minutes": 30}}
_SCORES = {
    "items": [
        {
            "kpi_name": "solved",
            "create_timestamp": WHEN_TEXT,
            "kpi_type": "number",
            "score": 4.0,
            "update_timestamp": WHEN_TEXT,
        }
    ]
}

CASES = [
    EndpointCase(
        "use_cases.create",
        f"POST {_NAME_PATH}",
        UseCaseInstanceResponse,
        _BODY,
        _NAME,
        first="use_case_name",
    ),
    EndpointCase(
        "use_cases.retrieve", f"GET {_PATH}", UseCaseInstanceResponse, _BODY, _INSTANCE, first="use_case_id"
    ),
    EndpointCase(
        "use_cases.value",
        f"GET {_PATH}/value",
        UseCaseValueResponse,
        _VALUE,
        _INSTANCE,
        first="use_case_id",
        undeclared=("money", "time"),
    ),
    EndpointCase(
        "use_cases.delete",
        f"DELETE {_PATH}",
        UseCaseInstanceResponse,
        _BODY,
        _INSTANCE,
        first="use_case_id",
    ),
    EndpointCase(
        "use_cases.kpis.update",
        f"PUT {_PATH}/kpis/is%20solved",
        None,
        None,
        {**_INSTANCE, "kpi_name": "is solved"},
        first="kpi_name",
        body={},
        headers={"accept": "*/*"},
    ),
    EndpointCase(
        "use_cases.kpis.update",
        f"PUT {_PATH}/kpis/is%20solved",
        None,
        {"anything": 1},
        {**_INSTANCE, "kpi_name": "is solved", "score": True},
        first="kpi_name",
        body={"score": True},
        headers={"accept": "*/*"},
    ),
    EndpointCase(
        "use_cases.kpis.list",
        f"GET {_PATH}/kpis?cursor=c&kpi_name=solved&limit=1&sort_ascending=true",
        KpiListResponse,
        _SCORES,
        {**_INSTANCE, "cursor": "c", "kpi_name": "solved", "limit": 1, "sort_ascending": True},
        first="use_case_id",
    ),
    EndpointCase(
        "use_cases.properties.update",
        f"PUT {_PATH}/properties",
        UseCaseInstanceResponse,
        _BODY,
        {**_INSTANCE, "properties": {"tier": None}},
        first="use_case_id",
        body={"properties": {"tier": None}},
    ),
]


class TestUseCasesEndpoints(EndpointTests):
    cases = CASES


def test_definitions_are_nested_under_use_cases() -> None:
    with Payi(api_key="k") as client:
        assert type(client.use_cases.definitions) is Definitions
