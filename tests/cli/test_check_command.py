"""`payi-transport check`, from budgets and files of events to what is printed and the exit code."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from payi_transport.budgets.configured import find_file
from payi_transport.budgets.store import Store
from payi_transport.config.sources import read_file
from payi_transport.config.validation import check_config
from payi_transport.values.file_counts import find_counts_path
from tests.cli.money import CONFIG, event, run, write


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
    assert "1 more owner is further from the amount" in result.output


def test_check_fails_for_calls_without_a_price(folder: Path) -> None:
    result = run("check", write(folder, event(5, resource="no-such-model")), "--at", "2026-10-20")
    assert result.exit_code == 1
    assert "1 call has no price" in result.output


def test_check_reads_what_programs_wrote(folder: Path) -> None:
    from payi_transport.budgets.budget import Key, make_budgets
    from payi_transport.budgets.store import Change

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


def test_only_calls_until_the_moment_count(folder: Path) -> None:
    late = [
        event(1_000_000, account_name="acme", resource=name, day=1) for name in ("gpt-own", "no-such-model")
    ]
    file = write(folder, event(1_000_000, account_name="acme"), *late)
    result = run("check", file, "--at", "2026-10-05T12:00Z")
    assert result.exit_code == 0, result.output
    assert "$2.00" in result.output
    assert "2 calls were made after the moment of this check, and in no sum." in result.output
    shown = json.loads(run("check", file, "--at", "2026-10-06T12:00Z", "--json").output)
    assert (shown["ok"], shown["later"], shown["unpriced"]) == (False, 0, 1)
    assert (float(shown["states"][0]["spent"]), shown["states"][0]["calls"]) == (4, 3)


def test_what_programs_spent_until_another_moment_is_not_known(folder: Path) -> None:
    refused = run("check", "--at", "2026-10-05")
    assert (refused.exit_code, len(refused.output.splitlines())) == (2, 1)
    assert "--at needs EVENTS: the sums that programs keep are those of now" in refused.output


def test_without_budgets_it_says_that_there_are_none(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    (folder / "config.toml").write_text(CONFIG[CONFIG.index("[[prices") :])
    result = run("check", file)
    assert result.output == "There are no budgets: only prices and losses were checked.\n"
    assert result.exit_code == 0


def test_a_file_of_sums_that_is_not_there_is_a_warning(folder: Path) -> None:
    warning = f"Warning: budgets_file {folder / 'budgets.db'} does not exist"
    apart = run("check", "--json")
    assert apart.stderr == f"{warning}: no program has counted a call there\n"
    assert json.loads(apart.stdout)["ok"] is True
    assert warning in run("check").output
    assert warning not in run("check", write(folder)).output
    (folder / "budgets.db").write_bytes(b"")
    assert warning not in run("check").output


def test_check_says_what_it_needs(folder: Path) -> None:
    (folder / "config.toml").write_text('budgets_file = "budgets.db"\n')
    assert "there are no budgets: add [budgets.<name>]" in run("check").output
    assert run("check").exit_code == 2
    for moment in ("noon", "0001-01-01", "9999-12-31T23:59Z"):
        assert "--at: expected a moment such as" in run("check", write(folder), "--at", moment).output
    (folder / "budgets.db").mkdir()
    assert "can't be read" in run("check", write(folder)).output


def test_losses_of_the_files_and_of_programs_are_added_up(folder: Path) -> None:
    settings = check_config(read_file(folder / "config.toml"))
    store = Store(find_file(settings))
    store.add_lost(f"{datetime.now(timezone.utc):%Y-%m-%d}", 3)
    file = write(folder, event(5))
    find_counts_path(Path(file)).write_text('{"lost": {"full": 1, "invalid": 1}}')
    shown = json.loads(run("check", file, "--json").stdout)
    assert (shown["ok"], shown["lost"]) == (False, 5)


def test_twenty_owners_are_shown_unless_top_says_otherwise(folder: Path) -> None:
    file = write(folder, *(event(1000 + number, account_name=f"a{number:02}") for number in range(22)))
    shown = run("check", file, "--at", "2026-10-20").stdout
    assert shown.count("customers (a") == 20
    assert "2 more owners are further from the amount." in shown
    assert run("check", file, "--at", "2026-10-20", "--top", "3").stdout.count("customers (a") == 3
    assert run("check", file, "--top", "0").exit_code == 2


@pytest.mark.parametrize("moment", ["noon", "2026-13-01", ""])
def test_a_moment_that_is_none_is_reported_with_an_example(folder: Path, moment: str) -> None:
    refused = run("check", write(folder), "--at", moment)
    assert refused.output == f"Error: --at: expected a moment such as 2026-11-30T23:59Z, got {moment!r}\n"
