"""The endpoints of definitions of use cases."""

from __future__ import annotations

from payi_transport.types.use_cases import UseCaseDefinitionResponse
from payi_transport.types.use_cases.definitions import KpiResponse
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import WHEN_TEXT

__all__ = ["CASES"]

_DEFINITIONS = "/api/v1/use_cases/definitions"
_NAME = {"use_case_name": "my bot"}
_PATH = f"{_DEFINITIONS}/my%20bot"
_KPI = {**_NAME, "kpi_name": "solved/first"}
_KPI_PATH = f"{_PATH}/kpis/solved%2Ffirst"
_LIMIT = {"max": 5.0, "limit_type": "allow", "properties": {"a": "b"}, "threshold": 0.5}
_BODY = {
    "description": "Answers",
    "name": "my bot",
    "request_id": "r1",
    "limit_config": _LIMIT,
    "logging_enabled": True,
    "type_version": 3,
}
_KPI_BODY = {
    "description": "Solved",
    "name": "solved/first",
    "request_id": "r1",
    "created_timestamp": WHEN_TEXT,
    "goal": 0.9,
    "kpi_type": "percentage",
    "updated_timestamp": WHEN_TEXT,
}
_NEW = {"description": "Answers", "name": "my bot"}
_NEW_KPI = {"description": "Solved", "goal": 0.9, "kpi_type": "percentage", "name": "solved"}

CASES = [
    EndpointCase(
        "use_cases.definitions.create",
        f"POST {_DEFINITIONS}",
        UseCaseDefinitionResponse,
        _BODY,
        _NEW,
        body=_NEW,
    ),
    EndpointCase(
        "use_cases.definitions.create",
        f"POST {_DEFINITIONS}",
        UseCaseDefinitionResponse,
        _BODY,
        {**_NEW, "limit_config": _LIMIT, "logging_enabled": False},
        body={**_NEW, "limit_config": _LIMIT, "logging_enabled": False},
    ),
    EndpointCase(
        "use_cases.definitions.retrieve",
        f"GET {_PATH}",
        UseCaseDefinitionResponse,
        _BODY,
        _NAME,
        first="use_case_name",
    ),
    EndpointCase(
        "use_cases.definitions.update",
        f"PUT {_PATH}",
        UseCaseDefinitionResponse,
        _BODY,
        {**_NAME, "description": "d", "logging_enabled": None},
        first="use_case_name",
        body={"description": "d", "logging_enabled": None},
    ),
    EndpointCase(
        "use_cases.definitions.list",
        f"GET {_DEFINITIONS}?cursor=c&limit=2&sort_ascending=true&use_case_name=my+bot",
        UseCaseDefinitionResponse,
        {"items": [_BODY]},
        {"cursor": "c", "limit": 2, "sort_ascending": True, "use_case_name": "my bot"},
    ),
    EndpointCase(
        "use_cases.definitions.delete",
        f"DELETE {_PATH}",
        UseCaseDefinitionResponse,
        _BODY,
        _NAME,
        first="use_case_name",
    ),
    EndpointCase(
        "use_cases.definitions.kpis.create",
        f"POST {_PATH}/kpis",
        KpiResponse,
        _KPI_BODY,
        {**_NAME, **_NEW_KPI},
        first="use_case_name",
        body=_NEW_KPI,
    ),
    EndpointCase(
        "use_cases.definitions.kpis.retrieve",
        f"GET {_KPI_PATH}",
        KpiResponse,
        _KPI_BODY,
        _KPI,
        first="kpi_name",
    ),
    EndpointCase(
        "use_cases.definitions.kpis.update",
        f"PUT {_KPI_PATH}",
        KpiResponse,
        _KPI_BODY,
        {**_KPI, "description": "d", "goal": None},
        first="kpi_name",
        body={"description": "d", "goal": None},
    ),
    EndpointCase(
        "use_cases.definitions.kpis.list",
        f"GET {_PATH}/kpis?cursor=c&kpi_name=solved&limit=1&sort_ascending=true",
        KpiResponse,
        {"items": [_KPI_BODY]},
        {**_NAME, "cursor": "c", "kpi_name": "solved", "limit": 1, "sort_ascending": True},
        first="use_case_name",
    ),
    EndpointCase(
        "use_cases.definitions.kpis.delete",
        f"DELETE {_KPI_PATH}",
        KpiResponse,
        _KPI_BODY,
        _KPI,
        first="kpi_name",
    ),
    EndpointCase(
        "use_cases.definitions.limit_config.create",
        f"POST {_PATH}/limit_config",
        UseCaseDefinitionResponse,
        _BODY,
        {**_NAME, **_LIMIT},
        first="use_case_name",
        body=_LIMIT,
    ),
    EndpointCase(
        "use_cases.definitions.limit_config.delete",
        f"DELETE {_PATH}/limit_config",
        UseCaseDefinitionResponse,
        _BODY,
        _NAME,
        first="use_case_name",
    ),
    EndpointCase(
        "use_cases.definitions.version.increment",
        f"POST {_PATH}/increment_version",
        UseCaseDefinitionResponse,
        _BODY,
        _NAME,
        first="use_case_name",
    ),
]


class TestDefinitionsEndpoints(EndpointTests):
    cases = CASES
