"""The command `reconcile`: why a bill differs from the estimate, or who pays what of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from payi_transport.budgets.owners import read_event_field
from payi_transport.cli.columns import make_console
from payi_transport.cli.finops_lines import EventsRead, print_allocation, print_reconciliation
from payi_transport.cli.finops_options import (
    config_option,
    events_option,
    json_option,
    make_progress,
    money_errors,
    read_settings,
)
from payi_transport.config.budget_rules import check_fields, find_field
from payi_transport.errors import PayiError
from payi_transport.prices import find_pricer
from payi_transport.reports.allocation import BillScope, Shares
from payi_transport.reports.allocation import allocate as allocate_bill
from payi_transport.reports.bills.currencies import convert, find_currency, read_rates
from payi_transport.reports.bills.line import USD
from payi_transport.reports.bills.reading import read_bills
from payi_transport.reports.events import EventReader
from payi_transport.reports.priced_calls import TimedEvents, price_calls
from payi_transport.reports.reconciliation import reconcile as reconcile_bill

__all__ = ["reconcile"]


@click.command(short_help="Say why a bill differs from the estimate.")
@click.argument("bill", nargs=-1, required=True, type=click.Path(path_type=Path))
@events_option
@config_option
@click.option(
    "--by",
    type=click.Choice(["model", "day", "kind"]),
    help="Show the difference by this.  [default: model]",
)
@click.option(
    "--allocate",
    multiple=True,
    metavar="FIELD",
    help="Spread the bill over this, such as customer, use_case, or tag; repeatable.",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="EUR=1.08",
    help="What one of the bill's currency is in US dollars; repeatable.",
)
@json_option
def reconcile(
    bill: tuple[Path, ...],
    events: tuple[str, ...],
    config: Path | None,
    by: str | None,
    allocate: tuple[str, ...],
    rates: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare BILL, which a provider exported, with the events of the same days.

    BILL is a FOCUS file, OpenAI's costs or usage, Anthropic's cost or usage report, an AWS Cost and Usage
    Report, an Azure cost export, or a billing export of Google Cloud; several files complete each other. The
    difference is split into what was not seen here, other quantities, and other prices, with the reasons
    that can be found.
    """
    with money_errors():
        price = find_pricer(read_settings(config).prices).estimate
        fields = [find_field(name) for name in allocate]
        check_fields(fields, "--allocate")
        if allocate and by is not None:
            raise PayiError("--by has no effect with --allocate: leave out one of them")
        _check_rates(rates)
        found, read = read_bills(bill), read_rates(rates)
        reader = EventReader(events, make_progress())
        timed = TimedEvents(reader)
        if allocate:
            lines = convert(found.lines, read) if read else found.lines
            currency = find_currency(lines)
            if currency is None:
                raise PayiError("the bill is in several currencies; say what one of each is: --rate EUR=1.08")
            shares, scope = Shares(fields, read_event_field), BillScope(lines)
            for call in scope.select(price_calls(timed, price)):
                shares.add(call)
            allocated = allocate_bill(lines, shares)
            reading = EventsRead(reader.events, reader.skipped, scope.seen, timed.untimed)
            print_allocation(
                allocate,
                allocated,
                reading,
                make_console(),
                currency=currency,
                unread=found.unread,
                as_json=as_json,
            )
            return
        repeats: list[Any] = []
        reader.on_repeat = repeats.append
        scope = BillScope(found.lines)
        calls = scope.watch(price_calls(timed, price))
        made = reconcile_bill(found, calls, price_calls(repeats, price), read)
    reading = EventsRead(reader.events, reader.skipped, scope.seen, timed.untimed)
    print_reconciliation(made, by or "model", reading, make_console(), as_json=as_json)


def _check_rates(rates: Sequence[str]) -> None:
    currencies = Counter(text.partition("=")[0].strip().upper() for text in rates)
    for currency, number in currencies.items():
        if currency == USD:
            raise PayiError("--rate: amounts in USD need none, as estimates are in US dollars")
        if number > 1:
            raise PayiError(f"--rate: {currency} has {number} rates; name one")
