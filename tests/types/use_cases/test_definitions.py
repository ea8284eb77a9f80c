"""KPIs of a use case's definition, under the five names that the SDK has for them."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.types.model import convert_leniently
from payi_transport.types.use_cases import definitions
from tests.client.response_bodies import WHEN, WHEN_TEXT


@pytest.mark.parametrize("verb", ["Create", "Retrieve", "Update", "List", "Delete"])
def test_every_endpoint_returns_the_same_kpi(verb: str) -> None:
    kind: Any = getattr(definitions, f"Kpi{verb}Response")
    raw = {
        "description": "d",
        "name": "solved",
        "request_id": "r1",
        "goal": 3,
        "created_timestamp": WHEN_TEXT,
    }
    kpi = convert_leniently(kind, raw)
    assert type(kpi) is definitions.KpiResponse
    assert (kpi.name, kpi.goal, kpi.created_timestamp, kpi.kpi_type) == ("solved", 3.0, WHEN, None)
