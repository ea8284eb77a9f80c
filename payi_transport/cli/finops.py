"""The commands `explain-change` and `export`, and the list of all commands about money."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from payi_transport.cli.check_command import check
from payi_transport.cli.columns import make_console
from payi_transport.cli.finops_lines import print_change
from payi_transport.cli.finops_options import (
    EVENTS,
    config_option,
    json_option,
    make_progress,
    money_errors,
    read_settings,
    zone_option,
)
from payi_transport.cli.reconcile_command import reconcile
from payi_transport.cli.report_notes import LeftOut
from payi_transport.errors import PayiError
from payi_transport.prices import find_pricer
from payi_transport.reports.change import PeriodSums, explain_change
from payi_transport.reports.events import EventReader
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS
from payi_transport.reports.focus_commitments import CommitmentRows
from payi_transport.reports.focus_corrections import make_corrections, read_exported
from payi_transport.reports.focus_files import write_csv, write_parquet
from payi_transport.reports.priced_calls import Price, TimedEvents, price_calls
from payi_transport.reports.spans import read_span
from payi_transport.values.zones import find_local_name, find_zone

__all__ = ["FINOPS_COMMANDS"]


@click.command(name="explain-change", short_help="Say why the cost changed between two periods.")
@click.argument("before")
@click.argument("after")
@click.option("--events", multiple=True, help=f"{EVENTS}  [default: BEFORE and AFTER are files]")
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
    with money_errors():
        price = find_pricer(read_settings(config).prices).estimate
        (old, left_out), (new, more) = (_read_sums(name, events, zone, price) for name in (before, after))
        if not events:
            # Each has read a file of its own, and otherwise both have read the same.
            left_out = LeftOut(left_out.skipped + more.skipped)
        # Files are periods of their own, in no zone.
        place = (zone or f"{find_local_name()}, the zone of this machine") if events else None
        change = explain_change(old, new)
    names, console = (before, after), make_console()
    print_change(change, (old, new), names, console, as_json=as_json, zone=place, left_out=left_out)


def _read_sums(
    name: str, events: tuple[str, ...], zone: str | None, price: Price
) -> tuple[PeriodSums, LeftOut]:
    """Return the sums of a period, and what is left out of the files. A file may be a period of its own."""
    reader = EventReader(events or [name])
    if not events:
        return PeriodSums(price_calls(reader, price)), LeftOut(reader.skipped)
    span = read_span(name, find_zone(zone))
    timed = TimedEvents(reader)
    sums = PeriodSums(price_calls((event for event in timed if event.event_timestamp in span), price))
    return sums, LeftOut(reader.skipped, timed.untimed)


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
    with money_errors():
        if not focus:
            raise PayiError("choose a format: --focus")
        suffix = None if output is None else output.suffix.lower()
        if suffix not in (None, ".csv", ".parquet"):
            raise PayiError(f"--output: expected a .csv or .parquet file, got {str(output)!r}")
        pricer = find_pricer(read_settings(config).prices)
        options = FocusOptions(grain, find_zone(zone), billing_account, billed, invoice)
        commitments = CommitmentRows(pricer.own, options)
        reader = EventReader(events, make_progress())
        timed = TimedEvents(reader)
        calls = commitments.watch(price_calls(timed, pricer.estimate))
        rows = [*make_rows(calls, options), *commitments.build()]
        for note in LeftOut(reader.skipped, timed.untimed).list_notes():
            click.echo(note, err=True)
        if corrects:
            exported = [row for path in corrects for row in read_exported(path)]
            rows = [*make_corrections(rows, exported, datetime.now(timezone.utc), options.zone)]
        if output is None:
            click.echo(write_csv(rows, focus_version), nl=False)
        elif suffix == ".parquet":
            write_parquet(rows, focus_version, output)
        else:
            _write(output, write_csv(rows, focus_version))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, UnicodeError) as exc:
        raise PayiError(f"{path} can't be written: {getattr(exc, 'strerror', None) or exc}") from None


FINOPS_COMMANDS = (check, reconcile, explain_change_command, export)
