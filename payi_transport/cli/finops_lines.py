"""Print what the commands about money found, for somebody who has to explain a number to their manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click
import msgspec
from rich.console import Console

from payi_transport.budgets.notices import format_money, format_owner
from payi_transport.cli.columns import Heading, make_printable, print_rows
from payi_transport.reports.allocation import NOBODY, Owner, round_to_total
from payi_transport.reports.bills.values import Unread, describe_unread
from payi_transport.reports.budget_check import BudgetState, Checked
from payi_transport.reports.change import PARTS, Change, PeriodSums
from payi_transport.reports.formats import format_share
from payi_transport.reports.reconciliation import Line, Reconciliation, sum_rows

__all__ = ["print_allocation", "print_change", "print_check", "print_reconciliation"]

_ZERO = Decimal(0)
_CENT = Decimal("0.01")


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)))


def print_check(checked: Checked, console: Console, *, top: int, as_json: bool) -> None:
    """Print the state of each budget, and what is in no sum."""
    if as_json:
        _print_json({"ok": checked.is_fine, **msgspec.structs.asdict(checked)})
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
    else:
        console.print("No budget has counted a call in its current period.")
    if len(checked.states) > top:
        console.print(f"{len(checked.states) - top:,} more owners are further from their amount.")
    if checked.unpriced:
        console.print(
            f"{checked.unpriced:,} calls have no price, or only a part of one, so budgets don't count all of"
            " their cost. Add a price to [prices]; payi-transport report shows their models.",
            style="yellow",
        )
    if checked.lost:
        console.print(
            f"{checked.lost:,} events were lost, and budgets may not count them; payi_stats() says why.",
            style="yellow",
        )


def _make_state_row(state: BudgetState) -> list[str]:
    span = (
        ""
        if state.low is None or state.high is None
        else f"{format_money(state.low)}-{format_money(state.high)}"
    )
    return [
        format_owner(state.budget, state.owner),
        format_money(state.spent),
        format_money(state.amount),
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


def print_reconciliation(made: Reconciliation, by: str, console: Console, *, as_json: bool) -> None:
    """Print the sentence, the reasons, and the difference by day, model, or kind."""
    if as_json:
        _print_json(made)
        return
    console.print(make_printable(made.sentence), style="bold")
    console.print(f"Days {made.first_day} to {made.last_day}, in US dollars.\n")
    rows = [
        _make_finding_row(finding.text, finding.money, made)
        for finding in made.findings
        if finding.in_difference
    ]
    if rows:
        rows.append(
            ["The difference", format_money(made.difference), format_share(made.difference, made.billed)]
        )
        headings = [Heading("Why", False), Heading("Money"), Heading("Of the bill")]
        print_rows(console, headings, rows, has_total=True)
        console.print()
    for finding in made.findings:
        if not finding.in_difference:
            console.print(
                make_printable(f"Set right beforehand: {finding.text} ({format_money(finding.money)}).")
            )
    for currency, rate in made.rates.items():
        console.print(f"The bill's amounts in {currency} count {rate:f} US dollars for each {currency}.")
    lines = sum_rows(made.rows, by)
    total = made.total
    headings = [
        Heading(by.capitalize(), False),
        *map(Heading, ("Billed", "Estimate", "Not seen", "Quantity", "Price")),
    ]
    has_undivided = bool(total.undivided)
    headings += [Heading("Either")] if has_undivided else []
    names = [str(getattr(line, by) or "(none)") for line in lines]
    rows = [
        _make_row(name, line, has_undivided)
        for name, line in zip((*names, "Total"), (*lines, total), strict=True)
    ]
    console.print()
    print_rows(console, headings, rows, has_total=True)
    if made.unpriced:
        console.print(
            f"{made.unpriced:,} tokens of our calls have no price of their own: add one to [prices], unless a"
            " commitment covers them.",
            style="yellow",
        )
    _print_unread(made.unread, console)


def _print_unread(unread: Iterable[Unread], console: Console) -> None:
    for values in unread:
        console.print(make_printable(f"{describe_unread(values)}."), style="yellow")


def _make_finding_row(text: str, money: Decimal, made: Reconciliation) -> list[str]:
    return [text, format_money(money), format_share(money, made.billed)]


def _make_row(name: str, line: Line, has_undivided: bool) -> list[str]:
    parts = [line.billed, line.estimated, line.not_seen, line.quantity, line.price]
    parts += [line.undivided] if has_undivided else []
    # A part that is zero is an empty cell, so that the others are seen.
    return [name, *map(format_money, parts[:2]), *(format_money(part) if part else "" for part in parts[2:])]


def print_allocation(
    fields: Sequence[str],
    allocated: Mapping[Owner, Decimal],
    console: Console,
    *,
    as_json: bool,
    currency: str = "USD",
    unread: Sequence[Unread] = (),
) -> None:
    """Print what each owner pays, which adds up to the invoice, and what of the invoice can't be read."""
    total = sum(allocated.values(), _ZERO)
    if as_json:
        owners = [
            {"owner": None if owner == NOBODY else dict(zip(fields, owner, strict=True)), "amount": amount}
            for owner, amount in allocated.items()
        ]
        _print_json({"currency": currency, "invoice": total, "owners": owners, "unread": unread})
        return
    headings = [
        *(Heading(field.replace("_", " ").capitalize(), False) for field in fields),
        Heading("Pays"),
        Heading("Share"),
    ]
    rows = [
        [
            *owner,
            *[""] * (len(fields) - len(owner)),
            _format_cents(amount, currency),
            format_share(amount, total),
        ]
        for owner, amount in (*allocated.items(), (("The invoice",), total))
    ]
    print_rows(console, headings, rows, has_total=True)
    _print_unread(unread, console)


def _format_cents(amount: Decimal, currency: str) -> str:
    """Return an amount of an invoice, whose cents have to add up."""
    if currency != "USD":
        return f"{amount:,} {currency}"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def print_change(
    change: Change,
    sums: Sequence[PeriodSums],
    names: tuple[str, str],
    console: Console,
    *,
    as_json: bool,
    zone: str | None = None,
) -> None:
    """Print the change between two periods of a zone, and its parts, the largest first."""
    before, after, parts = _round(change)
    if as_json:
        periods = {
            key: {"period": name, "cost": cost, "calls": found.calls, "unpriced": found.unpriced}
            for key, name, cost, found in zip(("before", "after"), names, (before, after), sums, strict=True)
        }
        _print_json({"currency": "USD", **periods, "change": after - before, "parts": parts})
        return
    words = "more" if after > before else "less"
    share = f" ({format_share(abs(after - before), before)} {words})" if before else ""
    console.print(
        make_printable(
            f"{names[1]} cost {format_money(after)}, {format_money(abs(after - before))} {words} than"
            f" {names[0]} with {format_money(before)}{share}."
        ),
        style="bold",
    )
    place = f" Days are those of {zone}." if zone else ""
    console.print(f"Estimates in US dollars, of {sums[0].calls:,} and {sums[1].calls:,} calls.{place}\n")
    ordered = sorted(parts.items(), key=lambda row: -abs(row[1]))
    rows = [[name, PARTS[name], format_money(part), format_share(part, before)] for name, part in ordered]
    rows.append(["The change", "", format_money(after - before), format_share(after - before, before)])
    headings = [
        Heading("Part", False),
        Heading("What changed", False),
        Heading("Money"),
        Heading(f"Of {names[0]}"),
    ]
    print_rows(console, headings, rows, has_total=True)
    unpriced = sums[0].unpriced, sums[1].unpriced
    if any(unpriced):
        console.print(
            f"{unpriced[0]:,} and {unpriced[1]:,} calls have no price, or only a part of one, and what has"
            " none counts as free.",
            style="yellow",
        )


def _round(change: Change) -> tuple[Decimal, Decimal, dict[str, Decimal]]:
    """Return the costs in hundredths of a cent, and parts that add up to their difference."""
    scale = 100
    before, after = (_to_decimal(cost * scale) / scale for cost in (change.before, change.after))
    exact = {name: part * scale for name, part in change.parts.items()}
    parts = round_to_total(exact, (after - before) * scale)
    return before, after, {name: part / scale for name, part in parts.items()}


def _to_decimal(value: Fraction) -> Decimal:
    return Decimal(round(value * 100)) / 100
