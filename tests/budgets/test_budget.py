"""A budget's periods, their parts, and whom a call counts for."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from payi_transport.budgets.budget import Budget, make_budgets
from payi_transport.context.frame import Frame
from tests.budgets.support import START, make_event, read_budgets


def make(**settings: Any) -> Budget:
    return make_budgets(read_budgets({"b": {"amount": 1, "zone": "UTC", **settings}}))[0]


def test_a_period_is_found_again_for_other_moments() -> None:
    budget = make(period="month")
    november, december = budget.find_period(START), budget.find_period(START + timedelta(days=30))
    assert november.start == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert december.start == november.end
    assert budget.find_period(START) == november


def test_the_parts_of_a_month_are_days_and_those_of_a_day_hours() -> None:
    assert make(period="month").find_part(START).start == START.replace(hour=0)
    budget = make(period="day")
    assert budget.find_part(START).end == START + timedelta(hours=1)
    assert budget.find_part(START + timedelta(minutes=5)).start == START


def test_levels_are_decimals_in_order_and_once_each() -> None:
    assert make(warn_at=[1.0, 0.8, 1, 0.1]).levels == (Decimal("0.1"), Decimal("0.8"), Decimal("1.0"))


def test_a_frame_says_what_an_event_may_say_otherwise() -> None:
    budget = make(by="resource_scope")
    event = make_event(scope="datazone.us")
    assert budget.find_owners(event, Frame(resource_scope="global")) == ["global"]
    assert budget.find_owners(event) == ["datazone.us"]


def test_a_model_is_known_from_the_event_only() -> None:
    budget = make(by=["resource", "user_id"])
    assert budget.find_owners(make_event("2"), Frame(user_id="u")) == ["2 / u"]
    assert budget.find_owners_before(Frame(user_id="u")) == []


def test_calls_that_do_not_match_count_for_nobody() -> None:
    budget = make(match={"account_name": "acme"})
    assert budget.find_owners_before(Frame(account_name="acme")) == [""]
    assert budget.find_owners_before(Frame(account_name="b")) == []
