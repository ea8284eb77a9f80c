"""The demo shows something of everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from payi_transport.serve import demo
from payi_transport.serve.command import open_service
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
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


AT = datetime(2026, 11, 25, 15, 30, tzinfo=timezone.utc)
# The calls of each value, and those of them that failed.
GROUPS: dict[str, dict[str, tuple[int, int]]] = {
    "use_case": {
        "support_bot": (1472, 25),
        "search_index": (691, 11),
        "code_agent": (530, 18),
        "contract_review": (445, 15),
        "meeting_notes": (334, 12),
        "": (128, 4),
    },
    "account": {
        "Globex": (1216, 33),
        "Initech": (822, 12),
        "Umbrella": (453, 10),
        "Hooli": (373, 8),
        "Stark Industries": (292, 6),
        "Wayne Enterprises": (227, 10),
        "Wonka": (137, 3),
        "": (80, 3),
    },
    "model": {
        "gpt-4.1": (740, 14),
        "gpt-4.1-mini": (732, 11),
        "text-embedding-3-small": (691, 11),
        "claude-sonnet-4-5": (445, 15),
        "google.gemini-2.5-flash": (334, 12),
        "claude-opus-4-5": (266, 7),
        "gpt-5": (264, 11),
        "in-house-7b": (69, 2),
        "gpt-4o": (59, 2),
    },
    "tag": {"web": (1176, 31), "batch": (1161, 28), "api": (1135, 22), "": (128, 4)},
    "step": {
        "draft": (883, 16),
        "retrieve": (874, 28),
        "check": (865, 15),
        "plan": (850, 22),
        "": (128, 4),
    },
    "environment": {"production": (2155, 48), "test": (1098, 31), "": (347, 6)},
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(ServeSettings(file=tmp_path_factory.mktemp("demo") / "s")) as service:
        service.now = lambda: AT
        assert demo.fill(service) == 3600
        yield service


def test_the_company_is_the_same_on_every_machine(company: Service) -> None:
    whole, queries = Span(AT - timedelta(days=20), AT + timedelta(minutes=5)), company.queries
    for by, expected in GROUPS.items():
        groups = queries.breakdown(by, whole, most=100).groups  # type: ignore[arg-type]
        assert {group.name: (group.sums.calls, group.sums.errors) for group in groups} == expected
    assert len(queries.breakdown("user", whole, most=1000).groups) == 281
    assert len(queries.runs(whole, most=1000).runs) == 572
    assert {group.name: group.sums.calls for group in queries.waste(whole)} == {
        "retried": 108,
        "failed": 85,
        "abandoned": 65,
    }
    assert {group.name: group.sums.calls for group in queries.errors(whole)} == {
        "529": 37,
        "429": 25,
        "500": 23,
    }
    assert [(unit.unit, unit.calls, unit.input, unit.output) for unit in queries.units(whole)] == [
        ("text", 3515, 26_234_113, 3_564_891),
        ("text_cache_read", 1382, 10_510_014, 0),
    ]
    [latency], [first] = (queries.percentiles(whole, first_token=is_first) for is_first in (False, True))
    assert (latency.calls, latency.p50, latency.p99) == (3515, 1955, 10872)
    assert (first.calls, first.p50, first.p99) == (2835, 387, 2366)
    days = [(sums.calls, sums.errors) for sums in queries.series(whole, step="day").lines[0].sums]
    assert [calls for calls, _ in days] == [
        *[0] * 6,
        *(93, 267, 270, 106, 100, 307, 271, 286, 278, 279, 130, 134, 346, 401, 332),
    ]
    # Most of those that failed did so in the outage of the last day.
    assert days[-1][1] == 43
    budgets = [(budget.limit_id, budget.name, budget.type, budget.max) for budget in queries.budgets()]
    assert budgets == [
        ("research", "Research", "allow", Decimal(80)),
        ("support-monthly", "Support, monthly", "allow", 7),
        ("pilot", "Pilot", "allow", 500),
    ]
    assert {(budget.threshold, budget.created) for budget in queries.budgets()} == {
        (Decimal("0.8"), AT - timedelta(days=14))
    }


def test_a_call_of_the_demo_has_something_of_everything(company: Service) -> None:
    found = company.queries.call(35)
    assert found is not None
    call, detail = found.call, found.detail
    assert (call.use_case, call.run, call.step, call.category) == (
        *("code_agent", "code_agent-1125-1", "plan", "system.anthropic"),
    )
    assert (call.account, call.user, call.environment) == ("Stark Industries", "stark-16", "production")
    assert (call.latency, call.first_token, call.input, call.output) == (6800, 1705, 35123, 1755)
    assert (found.response_id, detail.limit_ids, detail.tags) == ("demo-34", ["research"], ["api"])
    assert detail.uri == "https://api.anthropic.com/v1/messages"
    assert found.request == '{"messages": [{"role": "user", "content": "Question 34"}]}'
    assert found.response == '{"choices": [{"message": {"content": "Text 34"}}]}'
