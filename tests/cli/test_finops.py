"""The commands about money, from files of events and bills to what is printed and the exit code."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from payi_transport.budgets.configured import find_file
from payi_transport.cli import finops
from payi_transport.cli.main import cli
from payi_transport.config.sources import read_file
from payi_transport.config.validation import check_config
from payi_transport.values.event import Event
from tests.reports.support import make_event

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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.setenv("PAYI_TRANSPORT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def test_check_passes_while_no_level_is_reached(folder: Path) -> None:
    file = write(folder, event(1_000_000, account_name="acme"))
    result = run("check", file, "--at", "2026-10-20T12:00Z")
    assert result.exit_code == 0, result.output
    assert "customers (acme)" in result.output
    assert "$2.00" in result.output
    assert "month from 2026-10-01 00:00 to 2026-11-01 00:00 (CEST)" in " ".join(result.output.split())


def test_check_fails_over_a_level(folder: Path) -> None:
    file = write(folder, event(4_500_000, account_name="acme"), event(5_500_000, account_name="zeta"))
    result = run("check", file, "--at", "2026-10-20T12:00Z", "--top", "1")
    assert result.exit_code == 1
    assert "over the budget" in result.output
    assert "1 more owners are further from their amount" in result.output


def test_check_fails_for_calls_without_a_price(folder: Path) -> None:
    result = run("check", write(folder, event(5, resource="no-such-model")), "--at", "2026-10-20")
    assert result.exit_code == 1
    assert "1 calls have no price" in result.output


def test_check_reads_what_programs_wrote(folder: Path) -> None:
    from payi_transport.budgets.budget import Key, make_budgets
    from payi_transport.budgets.store import Change, Store

    settings = check_config(read_file(folder / "config.toml"))
    assert run("check").exit_code == 0
    (budget,) = make_budgets(settings.budgets)
    store, now = Store(find_file(settings)), datetime.now(timezone.utc)
    key = Key("customers", "acme", budget.find_period(now).start.timestamp())
    store.add({(key, budget.find_part(now).start.timestamp()): Change(budget.amount, 1)})
    store.add_lost(f"{now:%Y-%m-%d}", 3)
    result = run("check", "--json")
    assert result.exit_code == 1
    shown = json.loads(result.output)
    assert (shown["ok"], shown["lost"], shown["states"][0]["spent"]) == (False, 3, "10")
    assert "3 events were lost" in run("check").output


def test_check_says_what_it_needs(folder: Path) -> None:
    (folder / "config.toml").write_text('budgets_file = "budgets.db"\n')
    assert "there are no budgets: add [budgets.<name>]" in run("check").output
    assert run("check").exit_code == 2
    assert "--at: expected a moment such as" in run("check", write(folder), "--at", "noon").output
    (folder / "budgets.db").mkdir()
    assert "can't be read" in run("check", write(folder)).output


def test_reconcile_says_why_in_one_sentence(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    bill = write_bill(folder, ("gpt-own", 1_000_000, "1.7"), ("gpt-hidden", 5, "4"))
    result = run("reconcile", bill, "--events", file)
    assert result.exit_code == 0, result.output
    first = " ".join(result.output.splitlines()[:2])
    assert (
        "The bill of $5.70 is $3.70 more (64.9 %) than the estimate of the calls seen here, $2.00:" in first
    )
    assert "gpt-hidden: billed on 1 day, and no call of it was seen here" in result.output
    assert "gpt-own: billed at 85 % of our price" in result.output
    assert "Either" not in result.output


@pytest.mark.parametrize("by", ["day", "kind"])
def test_reconcile_shows_the_difference_by_day_and_kind(folder: Path, by: str) -> None:
    file = write(folder, event(1_000_000), event(1_000_000), event(7, resource="no-such-model"))
    write(folder, event(5), name="more.json")
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    result = run("reconcile", bill, bill, "--events", file, "--by", by)
    assert "Set right beforehand: 1 lines of the bill were in two files" in result.output
    assert ("2026-10-05" if by == "day" else "input") in result.output
    assert "7 tokens of our calls have no price" in result.output


def test_reconcile_counts_events_of_two_files_once(folder: Path) -> None:
    one = event(1_000_000)
    files = [write(folder, one, name=name) for name in ("a.json", "b.json")]
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    result = run("reconcile", bill, "--events", files[0], "--events", files[1])
    assert "The bill of $2.00 is exactly the estimate" in result.output
    assert "1 events were in the files more than once, and count once ($2.00)" in result.output


def test_reconcile_without_quantities_and_without_amounts(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    bill = folder / "costs.json"
    bucket: dict[str, Any] = {"start_time": int(DAY.timestamp()), "results": []}
    bucket["results"] = [{"amount": {"value": 1.5}, "line_item": "gpt-own, input"}]
    bill.write_text(json.dumps({"data": [bucket]}))
    assert "Either" in run("reconcile", str(bill), "--events", file).output
    bucket["results"] = [{"input_tokens": 1_500_000, "output_tokens": 0, "model": "gpt-own"}]
    bill.write_text(json.dumps({"data": [bucket]}))
    shown = " ".join(run("reconcile", str(bill), "--events", file).output.split())
    assert "The bill has no amounts. At our prices, its quantities are worth $1.00 more than" in shown


def test_reconcile_has_all_rows_as_json(folder: Path) -> None:
    bill = write_bill(folder, ("gpt-own", 1_000_000, "1.7"))
    shown = json.loads(run("reconcile", bill, "--events", write(folder, event(1_000_000)), "--json").output)
    assert (shown["billed"], shown["difference"], shown["total"]["price"]) == (
        "1.7",
        "-0.300000000000",
        "-0.300000000000",
    )
    assert shown["rows"][0]["day"] == "2026-10-05"
    assert shown["findings"][0]["kind"] == "rate"


def test_allocate_adds_up_to_the_invoice(folder: Path) -> None:
    file = write(folder, event(2_000_000, account_name="acme"), event(1_000_000, account_name="zeta"))
    bill = write_bill(folder, ("gpt-own", 3_000_000, "10"), ("gpt-hidden", 5, "4"))
    result = run("reconcile", bill, "--events", file, "--allocate", "account_name")
    rows = [line.split() for line in result.output.splitlines() if "$" in line]
    assert [(row[0], row[-3]) for row in rows] == [
        ("acme", "$6.67"),
        ("(not", "$4.00"),
        ("zeta", "$3.33"),
        ("The", "$14.00"),
    ]
    shown = json.loads(
        run("reconcile", bill, "--events", file, "--allocate", "account_name", "--json").output
    )
    assert shown["owners"][0] == {"owner": {"account_name": "acme"}, "amount": "6.67"}
    assert shown["owners"][1] == {"owner": None, "amount": "4.00"}


def test_a_bill_of_nothing_is_allocated_to_nobody(folder: Path) -> None:
    result = run(
        "reconcile", write_bill(folder, ("x", 1, "0")), "--events", write(folder), "--allocate", "user_id"
    )
    assert "The invoice" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reconcile", "none.csv", "--events", "events.json"), "none.csv can't be read"),
        (("reconcile", "bill.csv", "--events", "none.json"), "none.json"),
        (
            ("reconcile", "bill.csv", "--events", "events.json", "--allocate", "x"),
            "--allocate: unknown field 'x'",
        ),
        (("explain-change", "a", "b", "--events", "events.json"), "'a' is not a period"),
        (
            ("explain-change", "2026", "2026", "--events", "events.json", "--tz", "Mars"),
            "expected a time zone",
        ),
        (("export", "events.json"), "choose a format: --focus"),
        (("export", "--focus", "events.json", "--output", "none/x.csv"), "none/x.csv can't be written"),
        (("export", "--focus", "events.json", "--config", "none.toml"), "none.toml"),
    ],
)
def test_wrong_input_is_one_line_that_names_it(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    write(folder, event(5))
    write_bill(folder, ("gpt-own", 5, "1"))
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_explain_change_between_periods_of_the_same_events(folder: Path) -> None:
    file = write(
        folder, event(1_000_000), event(3_000_000, day=31), event(5, day=31, resource="no-such-model")
    )
    result = run("explain-change", "2026-10", "2026-11", "--events", file, "--tz", "UTC")
    assert result.exit_code == 0, result.output
    assert "2026-11 cost $6.00, $4.00 more than 2026-10 with $2.00 (200.0 % more)." in result.output
    assert "The change" in result.output
    assert "0 and 1 calls have no price" in result.output


def test_explain_change_between_files_as_json(folder: Path) -> None:
    before, after = (
        write(folder, event(3_000_000), name="a.json"),
        write(folder, event(1_000_000), name="b.json"),
    )
    shown = json.loads(run("explain-change", before, after, "--json").output)
    assert (shown["before"]["cost"], shown["after"]["cost"], shown["change"]) == ("6", "2", "-4")
    assert shown["parts"]["prompt size"] == "-4.00"


def test_explain_change_from_nothing(folder: Path) -> None:
    before, after = write(folder, name="a.json"), write(folder, event(1_000_000), name="b.json")
    assert "with $0.00." in " ".join(run("explain-change", before, after).output.split())


def test_export_writes_focus_rows(folder: Path) -> None:
    file = write(folder, event(1_000_000, account_name="acme"))
    (row,) = csv.DictReader(io.StringIO(run("export", "--focus", file).output))
    assert (row["EffectiveCost"], row["BilledCost"], row["SubAccountId"]) == ("2.0", "0.0", "acme")
    assert row["x_CostBasis"] == "own price"
    options = (
        "--focus-version",
        "1.3",
        "--output",
        "out.csv",
        "--billed",
        "--tz",
        "Asia/Kolkata",
        "--grain",
        "hour",
    )
    assert run("export", "--focus", file, *options).exit_code == 0
    (row,) = csv.DictReader(io.StringIO((folder / "out.csv").read_text()))
    assert (row["BilledCost"], row["ServiceProviderName"]) == ("2.0", "OpenAI")
    assert row["ChargePeriodStart"] == "2026-10-05T11:30:00Z"


def test_export_writes_parquet(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("export", "--focus", write(folder, event(1_000_000)), "--output", "out.parquet").exit_code == 0
    assert parquet.read_table(folder / "out.parquet").num_rows == 1


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert finops._make_progress() is None
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    show = finops._make_progress()
    assert show is not None
    show(1, 2)
    show(2, 2)
    assert terminal.getvalue() == "\rread 50% of the events\rread 100% of the events\n"
