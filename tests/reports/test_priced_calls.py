"""Events with their prices, and which of them failed."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.reports.priced_calls import has_failed, price_calls
from tests.reports.support import exact, make_event, price_with


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({}, False),
        ({"http_status_code": 200}, False),
        ({"http_status_code": 299}, True),
        ({"http_status_code": 404}, True),
        ({"http_status_code": 200, "properties": {"system.failure": "server_error"}}, True),
    ],
)
def test_a_call_failed_by_its_status_or_in_its_response(fields: dict[str, Any], failed: bool) -> None:
    assert has_failed(make_event({}, **fields)) is failed


def test_calls_are_priced_one_by_one() -> None:
    events = [make_event({"text": (1, 0)}), make_event({"text": (2, 0)})]
    calls = [*price_calls(events, lambda event: price_with({"text input": "3"}, event))]
    assert [exact(call.event, call.estimate.total) for call in calls] == [(events[0], 3), (events[1], 6)]
