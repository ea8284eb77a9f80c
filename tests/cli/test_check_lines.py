"""What `check` prints, for each state that a budget can have."""

from __future__ import annotations

import io
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
    console = Console(file=io.StringIO(), width=width, highlight=False)
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
