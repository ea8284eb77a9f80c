"""Print the state of budgets, for somebody who has to act on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.console import Console

from payi_transport.budgets.notices import format_apart, format_money, format_owner
from payi_transport.cli.columns import Heading, print_rows
from payi_transport.cli.finops_options import print_json
from payi_transport.reports.budget_check import BudgetState, Checked
from payi_transport.reports.formats import format_share, say_count

__all__ = ["print_check"]


def print_check(
    checked: Checked, console: Console, *, top: int, as_json: bool, has_budgets: bool = True
) -> None:
    """Print the state of each budget, and what is in no sum."""
    if as_json:
        print_json({"ok": checked.is_fine, **msgspec.structs.asdict(checked)})
        return
    states = checked.states[:top]
    if states:
        headings = [
            Heading("Budget", False),
            Heading("Spent"),
            Heading("Of"),
            Heading("Share"),
            Heading("Expected"),
            Heading("Range"),
            Heading("State", False),
        ]
        print_rows(console, headings, [_make_state_row(state) for state in states])
        console.print(_describe_periods(states))
    elif has_budgets:
        console.print("No budget has counted a call in its current period.")
    else:
        console.print("There are no budgets: only prices and losses were checked.")
    if len(checked.states) > top:
        more = say_count(len(checked.states) - top, "more owner is", "more owners are")
        console.print(f"{more} further from the amount.")
    if checked.later:
        later = say_count(checked.later, "call was", "calls were")
        console.print(f"{later} made after the moment of this check, and in no sum.")
    if checked.unpriced:
        unpriced = say_count(checked.unpriced, "call has", "calls have")
        console.print(
            f"{unpriced} no price, or only a part of one, so budgets lack some of their cost."
            " Add a price under [[prices.own]]; payi-transport report shows the models.",
            style="yellow",
        )
    if checked.lost:
        lost = say_count(checked.lost, "event was", "events were")
        console.print(f"{lost} lost, and budgets may lack them; payi_stats() says why.", style="yellow")


def _make_state_row(state: BudgetState) -> list[str]:
    span = (
        ""
        if state.low is None or state.high is None
        else f"{format_money(state.low)}-{format_money(state.high)}"
    )
    return [
        format_owner(state.budget, state.owner),
        *format_apart(state.spent, state.amount),
        format_share(state.spent, state.amount),
        format_money(state.expected),
        span,
        _describe_state(state),
    ]


def _describe_state(state: BudgetState) -> str:
    if state.spent >= state.amount:
        return "spent, calls are refused" if state.enforced else "over the budget"
    words = "below its levels" if state.level is None else f"over {100 * state.level:.0f} %"
    return (
        words if state.reached is None else f"{words}, spent by {_format_moment(state.reached)} at this pace"
    )


def _format_moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _describe_periods(states: Sequence[BudgetState]) -> str:
    """Say what the columns are of: the periods differ by budget."""
    named = {
        state.budget: f"{state.budget}: {state.period} from {_format_moment(state.period_start)} to"
        f" {_format_moment(state.period_end)} ({state.period_start.tzname()})"
        for state in states
    }
    periods = "; ".join(named[name] for name in sorted(named))
    return (
        "Estimates in US dollars. Expected at the end of the period, within the range in 4 of 5 cases."
        f" {periods}."
    )
