"""The commands about money: `check`, `reconcile`, `explain-change`, and `export`."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from payi_transport.budgets.budget import make_budgets
from payi_transport.budgets.configured import find_file
from payi_transport.budgets.owners import read_event_field
from payi_transport.budgets.store import Store
from payi_transport.cli.finops_lines import print_allocation, print_change, print_check, print_reconciliation
from payi_transport.cli.refusals import Refusal
from payi_transport.config.budget_rules import check_fields
from payi_transport.config.schema import Settings
from payi_transport.config.sources import load_sources
from payi_transport.errors import PayiError
from payi_transport.prices import find_pricer
from payi_transport.reports.allocation import Shares, allocate, select_calls
from payi_transport.reports.bills.currencies import convert, find_currency, read_rates
from payi_transport.reports.bills.reading import read_bills
from payi_transport.reports.budget_check import check_events, check_store
from payi_transport.reports.change import PeriodSums, explain_change
from payi_transport.reports.events import EventReader
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS
from payi_transport.reports.focus_commitments import CommitmentRows
from payi_transport.reports.focus_corrections import make_corrections, read_exported
from payi_transport.reports.focus_files import write_csv, write_parquet
from payi_transport.reports.priced_calls import Price, TimedCalls, price_calls
from payi_transport.reports.reconciliation import reconcile as reconcile_bill
from payi_transport.reports.spans import read_span
from payi_transport.values.shown import show
from payi_transport.values.zones import find_zone

__all__ = ["FINOPS_COMMANDS"]

_EVENTS = "Files of events, directories, or patterns; repeat for more than one."


@contextmanager
def _short_errors() -> Iterator[None]:
    """Turn what users can correct into one line instead of a traceback."""
    try:
        yield
    except (PayiError, ValueError, OverflowError) as exc:
        raise Refusal(str(exc)) from None


def _load(config: Path | None) -> tuple[Settings, Price]:
    """Return the configuration of a file or of the environment, and what prices calls by it."""
    sources = load_sources(config, os.environ, lambda problem: click.echo(f"Warning: {problem}", err=True))
    settings = sources.check()
    return settings, find_pricer(settings.prices).estimate


def _console() -> Console:
    # Without markup: names in brackets, such as [prices], are text.
    return Console(highlight=False, markup=False)


config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with the configuration."
)
events_option = click.option("--events", multiple=True, required=True, help=_EVENTS)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
zone_option = click.option("--tz", "zone", help="Time zone of days.  [default: the machine's]")


@click.command(short_help="Check budgets, prices, and losses.")
@click.argument("events", nargs=-1)
@config_option
@click.option("--at", help="The moment to check at, such as 2026-11-30T23:59Z.  [default: now]")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Show this many owners.")
@json_option
def check(events: tuple[str, ...], config: Path | None, at: str | None, top: int, as_json: bool) -> None:
    """Check every budget in its current period, and whether calls have no price or were lost.

    The sums are those that programs keep, or those of EVENTS if you name files. The exit code is 1 if a
    warning level of a budget is reached, if calls have no price, or if events were lost.
    """
    with _short_errors():
        settings, price = _load(config)
        now = datetime.now(timezone.utc) if at is None else _read_moment(at)
        budgets = make_budgets(settings.budgets)
        if not budgets and not events:
            raise PayiError("there are no budgets: add [budgets.<name>] to the configuration, or name EVENTS")
        store = Store(find_file(settings))
        try:
            checked = check_store(budgets, store, now)
        except (OSError, sqlite3.Error) as exc:
            raise PayiError(f"{store.path} can't be read: {exc}") from None
        if events:
            reader = EventReader(events)
            lost = checked.lost + sum(reader.counts.lost.values())
            checked = check_events(budgets, price_calls(reader, price), now, lost)
    print_check(checked, _console(), top=top, as_json=as_json)
    raise SystemExit(0 if checked.is_fine else 1)


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):
        raise PayiError(f"--at: expected a moment such as 2026-11-30T23:59Z, got {show(text)}") from None


@click.command(short_help="Say why a bill differs from the estimate.")
@click.argument("bill", nargs=-1, required=True, type=click.Path(path_type=Path))
@events_option
@config_option
@click.option(
    "--by",
    type=click.Choice(["model", "day", "kind"]),
    default="model",
    show_default=True,
    help="Show the difference by this.",
)
@click.option(
    "--allocate", multiple=True, metavar="FIELD", help="Spread the bill over this field; repeatable."
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
    by: str,
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
    with _short_errors():
        _, price = _load(config)
        check_fields(allocate, "--allocate")
        found, read = read_bills(bill), read_rates(rates)
        reader = EventReader(events, _make_progress())
        if allocate:
            lines = convert(found.lines, read) if read else found.lines
            currency = find_currency(lines)
            if currency is None:
                raise PayiError("the bill is in several currencies; say what one of each is: --rate EUR=1.08")
            shares = Shares(allocate, read_event_field)
            for call in select_calls(price_calls(reader, price), lines):
                shares.add(call)
            paid = _allocate(lines, shares)
            print_allocation(
                allocate, paid, _console(), currency=currency, unread=found.unread, as_json=as_json
            )
            return
        repeats: list[Any] = []
        reader.on_repeat = repeats.append
        made = reconcile_bill(found, price_calls(reader, price), price_calls(repeats, price), read)
    print_reconciliation(made, by, _console(), as_json=as_json)


_allocate = allocate


def _make_progress() -> Callable[[int, int], None] | None:
    """Return what shows how far reading is, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(read: int, total: int) -> None:
        end = "\n" if read >= total else ""
        sys.stderr.write(f"\rread {read / max(total, 1):.0%} of the events{end}")
        sys.stderr.flush()

    return show


@click.command(name="explain-change", short_help="Say why the cost changed between two periods.")
@click.argument("before")
@click.argument("after")
@click.option("--events", multiple=True, help=f"{_EVENTS}  [default: BEFORE and AFTER are files]")
@zone_option
@config_option
@json_option
def explain_change_command(
    before: str, after: str, events: tuple[str, ...], zone: str | None, config: Path | None, as_json: bool
) -> None:
    """Split the change of cost from BEFORE to AFTER into its parts.

    BEFORE and AFTER are periods of the events, such as 2026-10, 2026-10-05, 2026-Q3, or
    2026-10-01..2026-10-15, or files of events.
    """
    with _short_errors():
        _, price = _load(config)
        sums = [_read_sums(name, events, zone, price) for name in (before, after)]
        # Files are periods of their own, in no zone.
        place = (zone or f"{datetime.now().astimezone():%Z}, the zone of this machine") if events else None
        change = explain_change(*sums)
    print_change(change, sums, (before, after), _console(), as_json=as_json, zone=place)


def _read_sums(name: str, events: tuple[str, ...], zone: str | None, price: Price) -> PeriodSums:
    if not events:
        return PeriodSums(price_calls(EventReader([name]), price))
    span = read_span(name, find_zone(zone))
    inside = (event for event in EventReader(events) if event.event_timestamp in span)
    return PeriodSums(price_calls(inside, price))


@click.command(short_help="Export costs for a FinOps tool.")
@click.argument("events", nargs=-1, required=True)
@click.option("--focus", is_flag=True, help="As FOCUS cost and usage rows.")
@click.option("--focus-version", type=click.Choice(VERSIONS), default="1.2", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="A .csv or .parquet file.  [default: CSV to stdout]"
)
@click.option("--grain", type=click.Choice(["day", "hour"]), default="day", show_default=True)
@click.option("--tz", "zone", default="UTC", show_default=True, help="Time zone of days.")
@click.option("--billing-account", default="unknown", show_default=True, help="Your account at the provider.")
@click.option("--invoice", help="The invoice that these costs are on.")
@click.option(
    "--corrects",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A CSV file that was exported before: write only rows that correct it. Repeatable.",
)
@click.option("--billed", is_flag=True, help="Put the estimate into BilledCost, too.")
@config_option
def export(
    events: tuple[str, ...],
    focus: bool,
    focus_version: Any,
    output: Path | None,
    grain: Any,
    zone: str,
    billing_account: str,
    invoice: str | None,
    corrects: tuple[Path, ...],
    billed: bool,
    config: Path | None,
) -> None:
    """Export the costs of EVENTS by day, account, use case, model, unit, and direction.

    BilledCost is 0 unless you ask for --billed, so that the rows can be loaded next to your provider's
    bill. The estimate is in ListCost, ContractedCost, and EffectiveCost. With --corrects, what you exported
    stays as it is, and the rows have what a new or corrected price changes.
    """
    with _short_errors():
        if not focus:
            raise PayiError("choose a format: --focus")
        settings, price = _load(config)
        options = FocusOptions(grain, find_zone(zone), billing_account, billed, invoice)
        commitments = CommitmentRows(find_pricer(settings.prices).own, options)
        calls = TimedCalls(price_calls(EventReader(events, _make_progress()), price))
        rows = [*make_rows(commitments.watch(calls), options), *commitments.build()]
        if calls.untimed:
            click.echo(f"Left out {calls.untimed:,} calls without a time, which no period has.", err=True)
        if corrects:
            exported = [row for path in corrects for row in read_exported(path)]
            rows = [*make_corrections(rows, exported, datetime.now(timezone.utc), options.zone)]
        if output is not None and output.suffix.lower() == ".parquet":
            write_parquet(rows, focus_version, output)
        elif output is None:
            click.echo(write_csv(rows, focus_version), nl=False)
        else:
            _write(output, write_csv(rows, focus_version))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise PayiError(f"{path} can't be written: {exc.strerror}") from None


FINOPS_COMMANDS = (check, reconcile, explain_change_command, export)
