"""The command `report`: what calls used and cost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import click

from payi_transport.cli.columns import make_console
from payi_transport.cli.finops_options import read_settings
from payi_transport.cli.report_files import write_csv, write_json, write_markdown
from payi_transport.cli.report_notes import Reading
from payi_transport.cli.report_table import print_report
from payi_transport.cli.short_errors import Refusal, short_errors
from payi_transport.errors import PayiError
from payi_transport.prices import Pricer
from payi_transport.reports.commitments import CommitmentBuilder
from payi_transport.reports.dimensions import find_dimensions, list_names
from payi_transport.reports.events import EventReader
from payi_transport.reports.formats import say_count
from payi_transport.reports.priced_calls import PricedCall, price_calls
from payi_transport.reports.report import Report, make_report
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.reports.window import read_window
from payi_transport.values.zones import find_zone

__all__ = ["read_report", "report"]

_FORMATS: dict[str, Callable[[Report, Reading], str]] = {
    "json": write_json,
    "csv": write_csv,
    "markdown": write_markdown,
}
# Smaller files are read before anybody wonders.
_PROGRESS_BYTES = 32 << 20


@click.command(short_help="Say what calls used and cost.")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--by",
    default="resource",
    show_default=True,
    help=f"Group by one of these, or by two with a comma: {', '.join(list_names())}.",
)
@click.option("--tz", help="Time zone, such as Europe/Berlin.  [default: the config's, else this machine's]")
@click.option("--since", help="First day, month, or time; or how long ago, as in 7d.")
@click.option("--until", help="Last day or month (included), or the time of the end.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Show so many groups, and the others in one row; all of hours, days, weeks, and months.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", *_FORMATS]),
    help="How to print it.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with prices of your own.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a call has no price, or was lost or skipped.")
def report(
    files: tuple[str, ...],
    by: str,
    tz: str | None,
    since: str | None,
    until: str | None,
    top: int | None,
    form: str | None,
    as_json: bool,
    config: Path | None,
    strict: bool,
) -> None:
    """Say what the calls in FILES used and cost, and how long they took.

    FILES are files of `offline_instrumentation` or of JSON lines, directories with such files or with a
    spool, patterns such as 'logs/*.jsonl', or - for the standard input. An event in several files counts
    once.
    """
    if as_json and form not in (None, "json"):
        raise Refusal(f"--json and --format {form} exclude each other")
    form = "json" if as_json else form
    with short_errors():
        made, reading = read_report(files, by=by, tz=tz, since=since, until=until, top=top, config=config)
    if form is None or form == "table":
        print_report(made, reading, make_console())
    else:
        click.echo(_FORMATS[form](made, reading), nl=form == "json")
    if strict and (problem := _find_gap(made, reading)):
        click.echo(f"Strict: {problem}", err=True)
        raise SystemExit(1)


def read_report(
    files: tuple[str, ...] | list[str],
    *,
    by: str = "resource",
    tz: str | None = None,
    since: str | None = None,
    until: str | None = None,
    top: int | None = None,
    config: Path | None = None,
) -> tuple[Report, Reading]:
    """Return the report on files, and what is to be said of it. Raises PayiError."""
    settings = read_settings(config, lambda problem: None)
    zone_name = tz or settings.time_zone
    try:
        zone = find_zone(zone_name)
    except ValueError as exc:
        raise PayiError(f"--tz: {exc}") from None
    dimensions = find_dimensions(by, zone)
    window = read_window(since, until, zone, datetime.now(timezone.utc))
    pricer = Pricer(settings.prices)
    reader = EventReader(files, _show_progress if sys.stderr.isatty() else None)
    commitments = CommitmentBuilder(pricer.own, dimensions[0], window)
    made = make_report(_price(reader, pricer, commitments), dimensions, window, top)
    return made, Reading(
        zone,
        zone_name,
        pricer.list.version,
        reader.skipped,
        reader.repeats,
        reader.counts,
        tuple(commitments.build()),
    )


def _price(
    events: Iterable[StoredEvent], pricer: Pricer, commitments: CommitmentBuilder
) -> Iterator[PricedCall]:
    for call in price_calls(events, pricer.estimate):
        commitments.add(*call)
        yield call


def _show_progress(done: int, size: int) -> None:
    if size >= _PROGRESS_BYTES:
        # The line is written over by the next one, and by an empty one at the end.
        share = f"Reading: {done * 100 // size}%" if done < size else " " * 14
        click.echo(f"\r{share}\r", nl=False, err=True)


def _find_gap(made: Report, reading: Reading) -> str | None:
    total = made.total.summary
    lost, unobserved = reading.counts.lost.values(), reading.counts.unobserved.values()
    unpriced = f"of {total.calls:,} calls have no price"
    partial = f"of {total.calls:,} calls have a price for some units only"
    gaps = (
        (total.unpriced, unpriced, unpriced),
        (total.partial, partial, partial),
        (sum(lost), "event was lost", "events were lost"),
        (sum(unobserved), "request was not recorded", "requests were not recorded"),
        (reading.skipped, "item isn't an event", "items aren't events"),
    )
    return "; ".join(say_count(*gap) for gap in gaps if gap[0]) or None
