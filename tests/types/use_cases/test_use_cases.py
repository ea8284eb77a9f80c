"""Use cases, their instances and their scores, as parsed from the API's JSON."""

from __future__ import annotations

from payi_transport.types.model import convert_leniently
from payi_transport.types.shared import PayICommonModelsBudgetManagementCreateLimitBase
from payi_transport.types.use_cases import (
    KpiListResponse,
    UseCaseDefinitionResponse,
    UseCaseInstanceResponse,
    UseCaseValueResponse,
)
from tests.client.response_bodies import WHEN, WHEN_TEXT


def test_a_definition_has_the_limit_of_its_instances() -> None:
    raw = {
        "description": "d",
        "name": "bot",
        "request_id": "r1",
        "limit_config": {"max": 5, "limit_type": "block", "properties": {"a": None}},
    }
    definition = convert_leniently(UseCaseDefinitionResponse, raw)
    limit = PayICommonModelsBudgetManagementCreateLimitBase(5.0, "block", {"a": None})
    assert (definition.name, definition.limit_config) == ("bot", limit)


def test_an_instance_has_the_version_of_its_definition() -> None:
    raw = {"use_case_id": "u1", "use_case_name": "bot", "type_version": 2}
    instance = convert_leniently(UseCaseInstanceResponse, raw)
    assert (instance.use_case_id, instance.type_version, instance.limit_id) == ("u1", 2, None)


def test_a_score_may_be_of_a_kind_of_kpi_that_is_not_known_yet() -> None:
    raw = {"kpi_name": "solved", "kpi_type": "stars", "score": 4, "update_timestamp": WHEN_TEXT}
    score = convert_leniently(KpiListResponse, raw)
    assert (score.kpi_type, score.score, score.update_timestamp) == ("stars", 4.0, WHEN)


def test_the_value_of_an_instance_has_all_that_the_api_sends() -> None:
    value: UseCaseValueResponse = convert_leniently(
        UseCaseValueResponse, {"money": {"base": 12.5}, "time": 30}
    )
    assert (value.money, value.time) == ({"base": 12.5}, 30)
    assert value.to_dict() == {"money": {"base": 12.5}, "time": 30}
