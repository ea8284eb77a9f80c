"""Print what the commands about money found, for somebody who has to explain a number to their manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec
from rich.console import Console

from payi_transport.budgets.notices import format_money
from payi_transport.cli.columns import Heading, make_printable, print_rows
from payi_transport.cli.finops_options import print_json
from payi_transport.cli.report_notes import LeftOut, say_skipped, say_untimed
from payi_transport.reports.allocation import NOBODY, Owner, round_to_total
from payi_transport.reports.bills.values import Unread, describe_unread
from payi_transport.reports.change import PARTS, Change, PeriodSums
from payi_transport.reports.formats import format_share, say_count
from payi_transport.reports.reconciliation import Line, Reconciliation, sum_rows
from payi_transport.reports.sentences import choose_format

__all__ = ["EventsRead", "print_allocation", "print_change", "print_reconciliation"]

_ZERO = Decimal(0)
_CENT = Decimal("0.01")


class EventsRead(NamedTuple):
    """How many events were read, items that are none were skipped, and events a bill may be about.

    `untimed` are events without a time, which no bill is about.
    """

    events: int
    skipped: int
    seen: int
    untimed: int


def print_reconciliation(
    made: Reconciliation, by: str, reading: EventsRead, console: Console, *, as_json: bool
) -> None:
    """Print the sentence, the reasons, and the difference by day, model, or kind."""
    if as_json:
        print_json({**msgspec.structs.asdict(made), **reading._asdict()})
        return
    console.print(make_printable(made.sentence), style="bold")
    console.print(f"Days {made.first_day} to {made.last_day}, in US dollars.")
    _print_seen(reading, console)
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
        console.print()
        print_rows(console, headings, rows, has_total=True)
    notes = [
        f"Set right beforehand: {finding.text} ({format_money(finding.money)})."
        for finding in made.findings
        if not finding.in_difference
    ]
    notes += [
        f"The bill's amounts in {currency} count {rate:f} US dollars for each {currency}."
        for currency, rate in made.rates.items()
    ]
    if notes:
        console.print()
    for note in notes:
        console.print(make_printable(note))
    _print_differences(made, by, console)
    _print_unread(made.unread, console)


def _print_differences(made: Reconciliation, by: str, console: Console) -> None:
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
        tokens = say_count(made.unpriced, "token of our calls has", "tokens of our calls have")
        console.print(
            f"{tokens} no price: add one under [[prices.own]], unless a commitment covers them.",
            style="yellow",
        )


def _print_unread(unread: Iterable[Unread], console: Console) -> None:
    for values in unread:
        console.print(make_printable(f"{describe_unread(values)}."), style="yellow")


def _make_finding_row(text: str, money: Decimal, made: Reconciliation) -> list[str]:
    return [text, format_money(money), format_share(money, made.billed)]


def _make_row(name: str, line: Line, has_undivided: bool) -> list[str]:
    parts = [line.not_seen, line.quantity, line.price]
    parts += [line.undivided] if has_undivided else []
    # A part that is zero is an empty cell, so that the others are seen.
    estimated = "unpriced" if line.unpriced and not line.estimated else format_money(line.estimated)
    return [
        name,
        format_money(line.billed),
        estimated,
        *(format_money(part) if part else "" for part in parts),
    ]


def _print_seen(reading: EventsRead, console: Console) -> None:
    """Say how many events were read, and whether the bill can be about any of them."""
    left_out = f" {say_skipped(reading.skipped)}" if reading.skipped else ""
    console.print(f"Read {say_count(reading.events, 'event')}.{left_out}")
    if reading.untimed:
        console.print(say_untimed(reading.untimed))
    if reading.events and not reading.seen:
        none = f"None of the {reading.events:,} events is" if reading.events > 1 else "The event isn't"
        console.print(f"{none} of the days and the provider of the bill.", style="yellow")


def print_allocation(
    fields: Sequence[str],
    allocated: Mapping[Owner, Decimal],
    reading: EventsRead,
    console: Console,
    *,
    as_json: bool,
    currency: str,
    unread: Sequence[Unread],
) -> None:
    """Print what each owner pays, which adds up to the invoice, and what of the invoice can't be read."""
    total = sum(allocated.values(), _ZERO)
    if as_json:
        owners = [
            {"owner": None if owner == NOBODY else dict(zip(fields, owner, strict=True)), "amount": amount}
            for owner, amount in allocated.items()
        ]
        invoice = {"currency": currency, "invoice": total, "owners": owners, "unread": unread}
        print_json({**invoice, **reading._asdict()})
        return
    _print_seen(reading, console)
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
    left_out: LeftOut,
) -> None:
    """Print the change between two periods of a zone, and its parts, the largest first."""
    before, after, parts = _round(change)
    if as_json:
        periods = {
            key: {"period": name, "cost": cost, "calls": found.calls, "unpriced": found.unpriced}
            for key, name, cost, found in zip(("before", "after"), names, (before, after), sums, strict=True)
        }
        print_json(
            {
                "currency": "USD",
                **periods,
                "change": after - before,
                "parts": parts,
                **left_out._asdict(),
            }
        )
        return
    console.print(make_printable(_make_sentence(before, after, sums, names)), style="bold")
    for note in left_out.list_notes():
        console.print(note)
    if not any(period.calls for period in sums):
        return
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


def _make_sentence(
    before: Decimal, after: Decimal, sums: Sequence[PeriodSums], names: tuple[str, str]
) -> str:
    if not any(period.calls for period in sums):
        return f"There are no calls in {names[0]} and none in {names[1]}."
    show = choose_format([(after, (before, after - before))])
    if after == before:
        return f"{names[1]} cost {show(after)}, as much as {names[0]}."
    words = "more" if after > before else "less"
    share = f" ({format_share(abs(after - before), before)} {words})" if before else ""
    return (
        f"{names[1]} cost {show(after)}, {show(abs(after - before))} {words} than {names[0]} with"
        f" {show(before)}{share}."
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
