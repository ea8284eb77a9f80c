"""The state of budgets, by the sums of programs or by events."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport.budgets.budget import make_budgets
from payi_transport.reports.budget_check import Checked, check_events, check_store
from payi_transport.reports.priced_calls import price_calls
from tests.budgets.support import START, Desk, read_budgets
from tests.reports.support import make_call, make_event

RATES = {"text input": "1", "text output": None}
BUDGETS = {
    "customers": {"amount": 10, "by": "account_name", "zone": "Europe/Berlin", "warn_at": [0.5, 0.8]},
    "all": {"amount": 100, "zone": "UTC", "enforce": True, "period": "day"},
}


def call(count: int, **fields: Any) -> Any:
    return make_call({"text": (count, 0)}, RATES, **{"event_timestamp": START, **fields})


def check(*calls: Any, lost: int = 0) -> Checked:
    return check_events(make_budgets(read_budgets(BUDGETS)), calls, START + timedelta(hours=2), lost)


def test_events_of_the_current_period_count() -> None:
    made = check(
        call(6, account_name="acme"),
        call(3, account_name="zeta"),
        call(50, account_name="zeta", event_timestamp=START - timedelta(days=40)),
        call(50, account_name="zeta", event_timestamp=None),
    )
    found: Any = [(state.budget, state.owner, state.spent, state.level) for state in made.states]
    assert found == [
        ("customers", "acme", 6, Decimal("0.5")),
        ("customers", "zeta", 3, None),
        ("all", "", 9, None),
    ]
    assert not made.is_fine
    assert str(made.states[0].period_start) == "2026-11-01 00:00:00+01:00"


def test_calls_after_the_moment_count_nowhere() -> None:
    made = check(
        call(6, account_name="acme", event_timestamp=START + timedelta(hours=2)),
        call(3, account_name="acme", event_timestamp=START + timedelta(hours=2, seconds=1)),
    )
    assert [(state.spent, state.calls) for state in made.states] == [(Decimal(6), 1)] * 2
    assert made.later == 1


def test_a_program_and_its_events_give_the_same_states(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BUDGETS)
    desk.call("6", account_name="acme")
    desk.call("3", account_name="zeta")
    desk.tracker.close(5)
    stored = check_store(make_budgets(desk.settings), desk.store, START + timedelta(hours=2))
    assert stored == check(call(6, account_name="acme"), call(3, account_name="zeta"))


@pytest.mark.parametrize("fine", [True, False])
def test_what_has_no_price_and_what_is_lost_is_not_fine(fine: bool, tmp_path: Path) -> None:
    calls = [call(1)] if fine else [make_call({"text": (1, 1)}, RATES, event_timestamp=START)]
    assert check(*calls).is_fine is fine
    assert check(*calls).unpriced == (0 if fine else 1)
    assert not check(*calls, lost=1).is_fine
    desk = Desk(tmp_path, BUDGETS)
    desk.call("1" if fine else None, account_name="acme")
    if not fine:
        desk.tracker.read_lost = lambda: 2
    desk.tracker.close(5)
    stored = check_store(make_budgets(desk.settings), desk.store, START)
    assert (stored.is_fine, stored.unpriced, stored.lost) == ((True, 0, 0) if fine else (False, 1, 2))


def test_calls_of_different_owners_without_a_price_add_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BUDGETS)
    for name in ("acme", "zeta", "zeta"):
        desk.call(None, account_name=name)
    desk.tracker.close(5)
    assert check_store(make_budgets(desk.settings), desk.store, START).unpriced == 3


def test_a_call_whose_usage_could_not_be_read_has_no_price_and_one_that_failed_costs_nothing() -> None:
    pytest.importorskip("genai_prices")
    missing = make_event({}, event_timestamp=START, properties={"system.units": "missing"})
    failed = make_event({}, event_timestamp=START, http_status_code=500)
    assert check(*price_calls([missing])).unpriced == 1
    assert check(*price_calls([failed])).is_fine


def test_without_budgets_there_are_no_states() -> None:
    assert check_events([], [call(1)], START).states == []


def test_only_calls_of_a_current_period_lack_a_price_now() -> None:
    def unpriced(moment: Any) -> Any:
        return make_call({"text": (1, 1)}, RATES, event_timestamp=moment)

    before = START - timedelta(days=40)
    assert check(unpriced(before)).is_fine
    # Nobody knows when it was, so it may be of the current period.
    assert check(unpriced(None)).unpriced == 1
    # The month of one budget has it, the day of the other doesn't.
    assert check(unpriced(START - timedelta(hours=20))).unpriced == 1
    assert check_events([], [unpriced(before)], START).unpriced == 1


def test_a_state_has_the_sum_its_level_and_where_it_is_heading() -> None:
    days = [call(1, account_name="acme", event_timestamp=START - timedelta(days=day)) for day in range(5)]
    part = make_call({"text": (1, 1)}, RATES, account_name="acme", event_timestamp=START)
    budgets = make_budgets(
        read_budgets(
            {"b": {"amount": 12, "by": "account_name", "zone": "Europe/Berlin", "warn_at": [0.5, 0.25, 0.51]}}
        )
    )
    (state,) = check_events(budgets, [*days, part], START).states
    # 6 dollars in four and a half days, the first four of which had one each.
    assert msgspec.structs.asdict(state) == {
        "budget": "b",
        "owner": "acme",
        "spent": Decimal(6),
        "amount": Decimal(12),
        "level": Decimal("0.5"),
        "calls": 6,
        "unpriced": 1,
        "period": "month",
        "period_start": datetime.fromisoformat("2026-11-01T00:00:00+01:00"),
        "period_end": datetime.fromisoformat("2026-12-01T00:00:00+01:00"),
        "expected": Decimal("31.458333"),
        "low": Decimal("31.458333"),
        "high": Decimal("31.458333"),
        "reached": datetime.fromisoformat("2026-11-11T13:00:00+01:00"),
        "enforced": False,
    }
    assert state.reached is not None and state.reached.utcoffset() == timedelta(hours=1)
    assert state.share == Decimal("0.5")


def test_those_closest_to_their_amount_are_first_and_then_by_name() -> None:
    budgets = {name: {"amount": 10, "by": "account_name", "zone": "UTC"} for name in ("b", "a")}
    calls = [call(count, account_name=name) for name, count in (("y", 1), ("x", 1), ("z", 2))]
    states = check_events(make_budgets(read_budgets(budgets)), calls, START).states
    assert [(state.budget, state.owner) for state in states] == [
        *(("a", "z"), ("b", "z"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")),
    ]


def test_calls_that_were_lost_count_from_the_day_on_which_the_first_period_started(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BUDGETS)
    # The month of Berlin starts on the last day of October in UTC.
    for day, calls in (("2026-10-30", 5), ("2026-10-31", 2), ("2026-11-05", 1)):
        desk.store.add_lost(day, calls)
    assert check_store(make_budgets(desk.settings), desk.store, START).lost == 3
    assert check_store([], desk.store, START).lost == 1
    assert check_store([], desk.store, START) == Checked(states=[], unpriced=0, lost=1, later=0)


def test_of_calls_that_count_under_two_budgets_each_is_one_without_a_price(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BUDGETS)
    desk.call(None, account_name="acme")
    desk.call(None)
    desk.tracker.close(5)
    assert check_store(make_budgets(desk.settings), desk.store, START).unpriced == 2
    made = check(
        make_call({"text": (1, 1)}, RATES, account_name="acme", event_timestamp=START),
        make_call({"text": (1, 1)}, RATES, event_timestamp=START),
    )
    assert [(state.budget, state.unpriced) for state in made.states] == [("customers", 1), ("all", 2)]
    assert made.unpriced == 2
