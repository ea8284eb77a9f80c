"""The commands about money, from files of events and bills to what is printed and the exit code."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.money import CONFIG, event, run, stand_apart, write, write_bill
from tests.reports.support import make_event


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
        *(
            (
                ("export", "--focus", "events.json", "--output", name, "--billing-account", "\udcff"),
                f"{name} can't be written: 'utf-8' codec can't encode",
            )
            for name in ("x.csv", "x.parquet")
        ),
        (("export", "--focus", "events.json", "--output", "x.xlsx"), "expected a .csv or .parquet file"),
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
    assert stand_apart(result.output) == ["The change"]
    assert "0 and 1 calls have no price" in result.output


def test_explain_change_between_files_as_json(folder: Path) -> None:
    before, after = (
        write(folder, event(3_000_000), name="a.json"),
        write(folder, event(1_000_000), name="b.json"),
    )
    shown = json.loads(run("explain-change", before, after, "--json").output)
    assert (shown["before"]["cost"], shown["after"]["cost"], shown["change"]) == ("6", "2", "-4")
    assert shown["parts"]["prompt size"] == "-4.00"


def test_explain_change_says_which_calls_no_period_has(folder: Path) -> None:
    untimed = event(7, event_timestamp=None)
    file = write(folder, event(1_000_000), untimed, untimed)
    arguments = ("explain-change", "2026-10", "2026-11", "--events", file)
    assert "Left out 2 calls without a time, which no period has.\n" in run(*arguments).output
    assert json.loads(run(*arguments, "--json").output)["untimed"] == 2
    only = run("explain-change", "2026-10", "2026-11", "--events", write(folder, untimed))
    assert only.output == (
        "There are no calls in 2026-10 and none in 2026-11.\n"
        "Left out 1 call without a time, which no period has.\n"
    )
    # A file is a period of its own, whatever the times of its calls.
    write(folder, untimed, untimed, name="before.json")
    files = run("explain-change", "before.json", "events.json")
    assert "Left out" not in files.output
    assert "of 2 and 1 calls" in files.output


def test_explain_change_and_export_say_which_items_are_no_events(folder: Path) -> None:
    (folder / "a.json").write_text('[{}, {"x": 1}, 2]')
    old, new = str(folder / "a.json"), write(folder, event(1_000_000), name="b.json")
    shown = run("explain-change", old, new)
    assert "Skipped 3 items that aren't events.\n" in shown.output
    read = json.loads(run("explain-change", "2026-10", "2026-11", "--events", old, "--json").output)
    assert (read["skipped"], read["untimed"]) == (3, 0)
    result = run("export", "--focus", old, new, "--output", "out.csv")
    assert (result.exit_code, result.output) == (0, "Skipped 3 items that aren't events.\n")


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


def test_export_says_which_calls_no_period_has(folder: Path) -> None:
    file = write(folder, event(1_000_000), event(1_000_000, event_timestamp=None))
    result = run("export", "--focus", file, "--output", "out.csv")
    assert (result.exit_code, result.output) == (0, "Left out 1 call without a time, which no period has.\n")
    (row,) = csv.DictReader(io.StringIO((folder / "out.csv").read_text()))
    assert (row["ChargePeriodStart"], row["EffectiveCost"]) == ("2026-10-05T00:00:00Z", "2.0")


def test_what_was_left_out_of_an_export_is_not_among_its_rows(folder: Path) -> None:
    result = run("export", "--focus", write(folder, event(1_000_000), event(5, event_timestamp=None)))
    assert result.stderr == "Left out 1 call without a time, which no period has.\n"
    assert len(list(csv.DictReader(io.StringIO(result.stdout)))) == 1


def test_export_writes_only_what_a_new_price_corrects(folder: Path) -> None:
    file = write(folder, event(1_000_000), event(1_000_000, resource="gpt-later"))
    (folder / "before.csv").write_text(run("export", "--focus", file).output)
    arguments = ("export", "--focus", file, "--corrects", str(folder / "before.csv"))
    assert len(run(*arguments).output.splitlines()) == 1
    (folder / "config.toml").write_text(
        f"{CONFIG}{CONFIG[CONFIG.index('[[prices') :].replace('gpt-own', 'gpt-later')}"
    )
    (row,) = csv.DictReader(io.StringIO(run(*arguments).output))
    assert (row["ResourceId"], row["EffectiveCost"], row["ChargeClass"]) == ("gpt-later", "2.0", "Correction")


def test_export_writes_parquet(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("export", "--focus", write(folder, event(1_000_000)), "--output", "out.parquet").exit_code == 0
    assert parquet.read_table(folder / "out.parquet").num_rows == 1


def test_the_zone_of_two_periods_is_named(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    arguments = ("explain-change", "2026-09", "2026-10", "--events", file)
    assert "Days are those of Asia/Kolkata." in run(*arguments, "--tz", "Asia/Kolkata").output
    assert "the zone of this machine" in run(*arguments).output


def test_two_periods_without_calls_are_said_to_have_none(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    shown = run("explain-change", "2030", "2031", "--events", file)
    assert shown.output == "There are no calls in 2030 and none in 2031.\n"


def test_two_periods_of_the_same_cost_are_not_less(folder: Path) -> None:
    before, after = (write(folder, event(1_000_000), name=f"{name}.json") for name in "ab")
    shown = " ".join(run("explain-change", before, after).output.split())
    assert f"{after} cost $2.00, as much as {before}." in shown
    assert "0.0 % less" not in shown


def test_export_writes_parquet_of_a_providers_own_figure(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    figure = make_event({"text": (7, 3)}, resource="gpt-4.1", properties={"provider.cost": "0.001"})
    result = run("export", "--focus", write(folder, figure), "--output", "out.parquet")
    assert result.exit_code == 0, result.output
    assert sum(parquet.read_table(folder / "out.parquet").column("ListCost").to_pylist()) == Decimal("0.001")
