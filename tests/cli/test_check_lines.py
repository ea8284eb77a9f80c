"""What `check` prints, for each state that a budget can have."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from rich.console import Console

from payi_transport.budgets.budget import make_budgets
from payi_transport.cli.check_lines import print_check
from payi_transport.reports.budget_check import Checked, check_events
from tests.budgets.support import START, read_budgets
from tests.reports.support import make_call


def show(checked: Checked, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    print_check(checked, console, top=20, as_json=False)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def check(*days: int, **settings: Any) -> Checked:
    budgets = make_budgets(read_budgets({"b": {"amount": 100, "zone": "UTC", **settings}}))
    calls = [
        make_call({"text": (count, 0)}, {"text input": "1"}, event_timestamp=START.replace(day=day + 1))
        for day, count in enumerate(days)
    ]
    return check_events(budgets, calls, START.replace(day=len(days) + 1))


@pytest.mark.parametrize(
    ("days", "settings", "state"),
    [
        ((1, 1), {}, "below its levels"),
        ((9, 9, 9, 9), {}, "below its levels, spent by 2026-11-"),
        ((80,), {}, "over 80 %, spent by 2026-11-"),
        ((100,), {}, "over the budget"),
        ((100,), {"enforce": True}, "spent, calls are refused"),
    ],
)
def test_each_state_is_said_in_words(days: tuple[int, ...], settings: dict[str, Any], state: str) -> None:
    assert state in " ".join(show(check(*days, **settings), 200).split())


def test_the_range_is_shown_once_it_is_known() -> None:
    assert "$" in show(check(1, 9, 5, 1))
    narrow = show(check(1, 9, 5, 1), 40)
    assert "  Range: $" in narrow
    checked = check(5)
    early = msgspec.structs.replace(checked.states[0], low=None, high=None)
    assert "Range:" not in show(msgspec.structs.replace(checked, states=[early]), 40)


def test_without_a_call_there_is_nothing_to_show() -> None:
    shown = show(Checked(states=[], unpriced=0, lost=0))
    assert shown == "No budget has counted a call in its current period.\n"


def test_only_the_first_owners_are_shown() -> None:
    checked = check(5)
    many = msgspec.structs.replace(
        checked,
        states=[msgspec.structs.replace(checked.states[0], owner=f"o{number}") for number in range(23)],
    )
    assert "3 more owners are further from the amount" in show(many)


def test_a_whole_check_says_the_sums_the_periods_and_what_is_in_none() -> None:
    state = msgspec.structs.replace(
        check(80).states[0],
        owner="acme",
        expected=Decimal(95),
        low=Decimal(90),
        high=Decimal(120),
        level=Decimal("0.8"),
        reached=datetime(2026, 11, 9, 7, 5, tzinfo=timezone.utc),
    )
    other = msgspec.structs.replace(
        state, budget="a", owner="", spent=Decimal(5), level=None, low=None, high=None, reached=None
    )
    shown = show(Checked(states=[state, other], unpriced=2, lost=2, later=1), 300)
    assert [" ".join(line.split()) for line in shown.splitlines()] == [
        "Budget Spent Of Share Expected Range State",
        "─" * len(shown.splitlines()[1].strip()),
        "b (acme) $80.00 $100.00 80.0 % $95.00 $90.00-$120.00 over 80 %, spent by 2026-11-09 07:05 at this"
        " pace",
        "a $5.00 $100.00 5.0 % $95.00 below its levels",
        "Estimates in US dollars. Expected at the end of the period, within the range in 4 of 5 cases. a:"
        " month from 2026-11-01 00:00 to 2026-12-01 00:00 (UTC); b: month from 2026-11-01 00:00 to 2026-12-01"
        " 00:00 (UTC).",
        "1 call was made after the moment of this check, and in no sum.",
        "2 calls have no price, or only a part of one, so budgets lack some of their cost. Add a price under"
        " [[prices.own]]; payi-transport report shows the models.",
        "2 events were lost, and budgets may lack them; payi_stats() says why.",
    ]


def test_one_event_is_lost_in_the_singular_and_nothing_is_said_of_none() -> None:
    shown = show(Checked(states=[], unpriced=1, lost=1), 300)
    assert "\n1 call has no price, or only a part of one, " in shown
    assert "\n1 event was lost, and budgets may lack them; payi_stats() says why.\n" in shown


@pytest.mark.parametrize(("owners", "more"), [(20, ""), (21, "1 more owner is further from the amount.")])
def test_twenty_owners_are_all_shown_and_the_next_is_counted(owners: int, more: str) -> None:
    state = check(5).states[0]
    states = [msgspec.structs.replace(state, owner=f"o{number:02}") for number in range(owners)]
    shown = show(Checked(states=states, unpriced=0, lost=0))
    assert "b (o19)" in shown and "b (o20)" not in shown
    assert shown.endswith(f"\n{more}\n") if more else "more owner" not in shown


def test_json_has_the_verdict_and_every_owner(capsys: pytest.CaptureFixture[str]) -> None:
    state = check(5).states[0]
    checked = Checked(states=[state, state], unpriced=0, lost=3)
    print_check(checked, Console(), top=1, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ok"], len(shown["states"]), shown["lost"]) == (False, 2, 3)
    assert (shown["unpriced"], shown["later"]) == (0, 0)
    assert (shown["states"][0]["budget"], shown["states"][0]["spent"]) == ("b", "5")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "No budget has counted a call in its current period.\n"),
        ({"has_budgets": True}, "No budget has counted a call in its current period.\n"),
        ({"has_budgets": False}, "There are no budgets: only prices and losses were checked.\n"),
    ],
)
def test_without_states_it_says_whether_there_are_budgets(
    options: dict[str, bool], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = Checked(states=[], unpriced=0, lost=0)
    print_check(checked, Console(width=100, highlight=False), top=20, as_json=False, **options)
    assert capsys.readouterr().out == said
