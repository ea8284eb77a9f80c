"""Files of events and bills for the commands about money, and the configuration that prices them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner, Result

from payi_transport.cli.main import cli
from payi_transport.values.event import Event
from tests.reports.support import make_event

__all__ = ["CONFIG", "DAY", "event", "run", "stand_apart", "write", "write_bill"]

DAY = datetime(2026, 10, 5, 12, tzinfo=timezone.utc)
CONFIG = """
budgets_file = "budgets.db"
[budgets.customers]
amount = 10
by = "account_name"
zone = "Europe/Berlin"
[[prices.own]]
category = "system.openai"
resource = "gpt-own"
[prices.own.units.text]
input = 2.0
output = 8.0
"""


def event(tokens: int, day: int = 0, **fields: Any) -> Event:
    values = {"resource": "gpt-own", "event_timestamp": DAY + timedelta(days=day), **fields}
    return make_event({"text": (tokens, 0)}, **values)


def write(folder: Path, *events: Event, name: str = "events.json") -> str:
    (folder / name).write_bytes(msgspec.json.encode(events))
    return str(folder / name)


def write_bill(folder: Path, *rows: tuple[str, int, str]) -> str:
    """A bill of rows of (model, tokens, cost)."""
    lines = ["BilledCost,ChargePeriodStart,ProviderName,SkuMeter,ConsumedQuantity"]
    lines += [
        f"{cost},2026-10-05T00:00:00Z,OpenAI,{model} Input tokens,{tokens}" for model, tokens, cost in rows
    ]
    (folder / "bill.csv").write_text("\n".join(lines))
    return str(folder / "bill.csv")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def stand_apart(output: str) -> list[str]:
    """The first words of the rows of tables that have an empty line before them, as totals have."""
    lines = [line.strip() for line in output.splitlines()]
    return [line.split("  ")[0] for last, line in pairwise(lines) if not last and "$" in line]
