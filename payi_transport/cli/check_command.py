"""The command `check`: where budgets stand, and what is in no sum."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import click

from payi_transport.budgets.budget import Budget, make_budgets
from payi_transport.budgets.configured import find_file
from payi_transport.budgets.store import Store
from payi_transport.cli.check_lines import print_check
from payi_transport.cli.columns import make_console
from payi_transport.cli.finops_options import config_option, json_option, money_errors, read_settings
from payi_transport.errors import PayiError
from payi_transport.prices import find_pricer
from payi_transport.reports.budget_check import Checked, check_events, check_store
from payi_transport.reports.events import EventReader
from payi_transport.reports.priced_calls import price_calls
from payi_transport.values.moments import find_moment
from payi_transport.values.shown import show

__all__ = ["check"]


@click.command(short_help="Check budgets, prices, and losses.")
@click.argument("events", nargs=-1)
@config_option
@click.option("--at", help="With EVENTS: the moment to check at, such as 2026-11-30T23:59Z.  [default: now]")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Show this many owners.")
@json_option
def check(events: tuple[str, ...], config: Path | None, at: str | None, top: int, as_json: bool) -> None:
    """Check every budget in its current period, and whether calls have no price or were lost.

    The sums are those that programs keep, or those of EVENTS if you name files, of which the calls up to now
    or --at count. The exit code is 1 if a warning level of a budget is reached, if calls have no price, or
    if events were lost.
    """
    with money_errors():
        settings = read_settings(config)
        price = find_pricer(settings.prices).estimate
        now = datetime.now(timezone.utc) if at is None else _read_moment(at)
        budgets = make_budgets(settings.budgets)
        if not budgets and not events:
            raise PayiError("there are no budgets: add [budgets.<name>] to the configuration, or name EVENTS")
        if at is not None and not events:
            raise PayiError("--at needs EVENTS: the sums that programs keep are those of now")
        store = Store(find_file(settings))
        if settings.budgets_file is not None and not events and not store.path.exists():
            click.echo(
                f"Warning: budgets_file {store.path} does not exist: no program has counted a call there",
                err=True,
            )
        checked = _read_store(budgets, store, now)
        if events:
            reader = EventReader(events)
            lost = checked.lost + sum(reader.counts.lost.values())
            checked = check_events(budgets, price_calls(reader, price), now, lost)
    print_check(checked, make_console(), top=top, as_json=as_json, has_budgets=bool(budgets))
    raise SystemExit(0 if checked.is_fine else 1)


def _read_store(budgets: Sequence[Budget], store: Store, now: datetime) -> Checked:
    try:
        return check_store(budgets, store, now)
    except (OSError, sqlite3.Error) as exc:
        raise PayiError(f"{store.path} can't be read: {exc}") from None


def _read_moment(text: str) -> datetime:
    try:
        moment = find_moment(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone())
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise PayiError(f"--at: expected a moment such as 2026-11-30T23:59Z, got {show(text)}")
    return moment
