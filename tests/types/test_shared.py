"""Types that several parts of the API share, as parsed from its JSON."""

from __future__ import annotations

import msgspec
import pytest

from payi_transport.types.model import convert_leniently
from payi_transport.types.shared import APIError, CostDetails, PropertiesRequest, XproxyResult
from tests.client.response_bodies import RESULT


def test_a_result_has_its_cost_its_limits_and_its_unknown_units() -> None:
    result = convert_leniently(XproxyResult, RESULT)
    assert result.cost.total == CostDetails(1.5, 0.25)
    assert {name: limit.state for name, limit in result.limits.items()} == {"L1": "ok", "L2": "blocked"}
    assert (result.unknown_units["odd"].input, result.unknown_units["odd"].output) == (1, 2)
    assert result.queued is False
    assert not result.unknown_fields


@pytest.mark.parametrize("state", ["paused", 3])
def test_a_state_of_a_limit_that_is_not_known_yet_is_kept(state: object) -> None:
    result = convert_leniently(XproxyResult, {"limits": {"L1": {"state": state}}})
    assert result.limits["L1"].state == state


def test_the_status_of_an_error_is_in_camel_case_in_the_api_alone() -> None:
    error = convert_leniently(APIError, {"message": "no", "statusCode": 400})
    assert (error.status_code, error.unknown_fields) == (400, {})
    assert msgspec.json.encode(error) == b'{"message":"no","statusCode":400}'


def test_none_removes_a_property_and_is_sent_as_null() -> None:
    assert msgspec.json.encode(PropertiesRequest({"a": None})) == b'{"properties":{"a":null}}'
