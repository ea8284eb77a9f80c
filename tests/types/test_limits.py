"""Limits, as parsed from the API's JSON."""

from __future__ import annotations

from payi_transport.types.limits import LimitHistoryResponse, LimitResponse, PropertyUpdateResponse
from payi_transport.types.model import convert_leniently
from tests.client.response_bodies import LIMIT, TOTALS, WHEN, WHEN_TEXT


def test_a_limit_has_its_cost_and_its_counts_of_requests() -> None:
    limit = convert_leniently(LimitResponse, {"limit": LIMIT, "request_id": "r1"}).limit
    assert (limit.max, limit.threshold, limit.limit_creation_timestamp) == (100.0, 0.9, WHEN)
    assert (limit.totals.cost.input.base, limit.totals.cost.total.overrun_base) == (0.5, 0.25)
    assert (limit.totals.requests.blocked, limit.totals.requests.total) == (1, 1)


def test_the_history_of_a_limit_may_have_totals_alone() -> None:
    history = convert_leniently(
        LimitHistoryResponse,
        {"limit_history": {"totals": TOTALS, "limit_reset_timestamp": WHEN_TEXT}, "request_id": "r1"},
    ).limit_history
    assert (history.limit_reset_timestamp, history.max, history.limit_tags) == (WHEN, None, None)
    assert history.totals.cost.output.base == 1.0


def test_updating_properties_returns_a_list_of_limits() -> None:
    [updated] = convert_leniently(PropertyUpdateResponse, [{"limit": LIMIT, "request_id": "r1"}])
    assert type(updated) is LimitResponse
