"""The demo shows something of everything."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from payi_transport.serve import demo
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters, Span


def test_the_demo_is_lively_and_filled_in_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    count = demo.fill(service)
    assert count > 1000
    assert demo.fill(service) == 0
    now = service.now()
    whole, queries = Span(now - timedelta(days=20), now + timedelta(minutes=5)), service.queries
    total = queries.figures(whole).now
    assert total.calls == count and total.unpriced > 0 and total.errors > 0
    for by, least in (("use_case", 5), ("account", 7), ("model", 6), ("user", 50), ("tag", 3)):
        assert len(queries.breakdown(by, whole, most=100).groups) >= least  # type: ignore[arg-type]
    assert [budget.state for budget in queries.budgets()] == ["overrun", "exceeded", "ok"]
    assert {group.name for group in queries.waste(whole)} == {"failed", "retried", "abandoned"}
    # An outage made calls fail in a burst.
    hours = [sums for sums in queries.series(whole, step="hour").lines[0].sums if sums.calls > 5]
    assert max(hour.errors / hour.calls for hour in hours) > 0.3
    assert all(group.sums.cost > 0 for group in queries.unowned(whole).missing)
    # The limits were there before the calls.
    assert all(budget.created < now - timedelta(days=13) for budget in queries.budgets())
    # A call that failed has no response and no first token, and embeddings never do.
    agent, index = Filters(use_case="code_agent"), Filters(use_case="search_index")
    assert find_responses(service, whole, msgspec.structs.replace(agent, failed=True)) == {(False, False)}
    assert find_responses(service, whole, msgspec.structs.replace(agent, status=200)) == {(True, True)}
    assert find_responses(service, whole, index) == {(False, False)}


# Nights and weekends have fewer calls.
@pytest.mark.parametrize("hours", [2, 86, 150], ids=["on Monday night", "on Thursday", "on Sunday morning"])
def test_a_limit_is_overrun_at_any_hour_of_the_week(
    hours: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday = datetime(2026, 11, 23, tzinfo=timezone.utc)
    monkeypatch.setattr(service, "now", lambda: monday + timedelta(hours=hours))
    demo.fill(service)
    assert [budget.state for budget in service.queries.budgets()] == ["overrun", "exceeded", "ok"]


def find_responses(service: Service, span: Span, filters: Filters) -> set[tuple[bool, bool]]:
    """Return whether calls have a response, and a time to its first token."""
    rows = service.queries.calls(span, filters).calls
    calls = [service.queries.call(row.id) for row in rows]
    return {
        (call.response is not None, call.call.first_token is not None) for call in calls if call is not None
    }
