"""The command `report`."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from payi_transport import Event, PayiError, Units
from payi_transport.cli import report_command
from payi_transport.cli.main import cli
from payi_transport.cli.report_command import read_report
from payi_transport.values.file_counts import find_counts_path
from tests.reports.calls import MOMENT

CONFIG = """
time_zone = "Asia/Kolkata"

[[prices.own]]
resource = "own"
units.text = { input = 2 }
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    events = [
        Event(
            category="c",
            resource=name,
            units={"text": Units(1_000_000)},
            provider_response_id=f"{name}-1",
            event_timestamp=MOMENT,
        )
        for name in ("own", "unknown")
    ]
    lines = list(map(msgspec.json.encode, events))
    (tmp_path / "a.json").write_bytes(b"[\n" + b",\n".join(lines) + b"\n]\n")
    (tmp_path / "b.jsonl").write_bytes(lines[0])
    (tmp_path / "payi.toml").write_text(CONFIG)
    return tmp_path


def run(*args: object, **more: Any) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, args)], **more)


def test_prices_and_the_zone_are_from_the_config(files: Path) -> None:
    result = run(files / "a.json", files / "b.jsonl", "--config", files / "payi.toml", "--json")
    made = json.loads(result.stdout)
    assert {group["name"]: group["cost"] for group in made["groups"]} == {"own": "2", "unknown": None}
    assert (made["zone"], made["repeats"]) == ("Asia/Kolkata", 1)
    other = run(files / "*.json", "--config", files / "payi.toml", "--tz", "UTC", "--format", "json")
    assert json.loads(other.stdout)["zone"] == "UTC"


def test_strict_exits_with_1_if_a_call_has_no_price(files: Path) -> None:
    result = run(files, "--config", files / "payi.toml", "--strict")
    assert (result.exit_code, result.stderr) == (1, "Strict: 1 of 2 calls have no price\n")
    assert "$2.00" in result.stdout
    assert run(files / "b.jsonl", "--config", files / "payi.toml", "--strict").exit_code == 0


def test_strict_exits_with_1_if_an_item_is_no_event(files: Path) -> None:
    (files / "odd.jsonl").write_text("[5]")
    result = run(files / "b.jsonl", files / "odd.jsonl", "--config", files / "payi.toml", "--strict")
    assert (result.exit_code, result.stderr) == (1, "Strict: 1 item isn't an event\n")


def test_two_formats_exclude_each_other(files: Path) -> None:
    result = run(files, "--json", "--format", "csv")
    assert (result.exit_code, result.stderr) == (2, "Error: --json and --format csv exclude each other\n")
    assert run(files, "--json", "--format", "json").exit_code == 0


def test_names_and_notes_in_a_file_are_in_one_line(tmp_path: Path) -> None:
    name = "long-" * 30
    (tmp_path / "a.jsonl").write_text(json.dumps({"category": "c", "resource": name, "units": {}}))
    lines = run(tmp_path).stdout.splitlines()
    assert any(line.startswith(name) for line in lines)
    assert max(map(len, lines)) < 300


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_other_formats_are_printed_as_they_are(files: Path, form: str) -> None:
    result = run(files, "--format", form, "--by", "category")
    assert result.exit_code == 0
    assert result.stdout.endswith("\n")
    assert not result.stdout.endswith("\n\n")


def test_events_may_come_from_the_standard_input(files: Path) -> None:
    result = run("-", "--json", input=(files / "b.jsonl").read_bytes())
    assert json.loads(result.stdout)["total"]["calls"] == 1


def test_a_cost_of_pay_i_in_a_file_wins(tmp_path: Path) -> None:
    event = {
        "category": "c",
        "units": {"text": {"input": 5}},
        "xproxy_result": {"cost": {"total": {"base": 0.25}}},
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(event))
    total = json.loads(run(tmp_path / "a.jsonl", "--json").stdout)["total"]
    assert (total["cost"], total["sources"]) == ("0.25", {"payi": "0.25"})


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--tz", "Mars"), "--tz: expected a time zone"),
        (("--by", "colour"), "--by: expected one of category"),
        (("--since", "soon"), "--since: expected a day"),
        (("--config", "missing.toml"), "missing.toml"),
    ],
)
def test_a_wrong_option_is_one_line(files: Path, args: tuple[str, ...], says: str) -> None:
    result = run(files, *args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {says}")
    assert result.stderr.count("\n") == 1


def test_a_period_has_its_calls_only(files: Path) -> None:
    made, _ = read_report([str(files)], since="2026-11-02", until="2026-11-02", tz="UTC")
    assert made.total.summary.calls == 0
    assert made.total.before is not None
    assert made.total.before.calls == 2


def test_progress_is_shown_for_large_files_on_a_terminal(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("payi_transport.reports.events._STEP", 1)
    read_report([str(files)])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(report_command, "_PROGRESS_BYTES", 1)
    read_report([str(files / "a.json"), str(files / "b.jsonl")])
    shown = capsys.readouterr().err
    assert "\rReading: " in shown
    assert shown.endswith(" \r")


def test_without_files_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="found no file of events"):
        read_report([str(tmp_path)])


def test_a_strict_report_fails_for_events_that_were_lost(files: Path) -> None:
    find_counts_path(files / "a.json").write_text('{"lost": {"full": 2}}')
    result = run(files, "--strict")
    assert result.exit_code == 1
    assert "2 events were lost" in result.stderr


def test_a_commitment_is_spread_over_who_used_it(files: Path) -> None:
    (files / "payi.toml").write_text(
        '[[prices.own]]\nresource = "own"\ncost_per_hour = 12.5\ntokens_per_hour = 4000000\n'
    )
    arguments = (files / "a.json", "--config", files / "payi.toml", "--tz", "UTC")
    shown = [" ".join(line.split()) for line in run(*arguments).output.splitlines()]
    assert "Commitment own, beside the costs above, by tokens used" in shown
    assert {"own 1,000,000 $3.12", "(not used) 3,000,000 $9.38", "Total of 1 hour $12.50"} <= set(shown)
    assert shown[shown.index("Total of 1 hour $12.50") - 1] == ""
    (found,) = json.loads(run(*arguments, "--json").output)["commitments"]
    assert (found["cost"], found["unused_cost"], found["hours"]) == ("12.5", "9.375", "1")
    assert found["parts"] == [{"name": "own", "tokens": 1_000_000, "cost": "3.125"}]
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").output)))
    spread = [(row["resource"], row["cost_usd"]) for row in rows if row["commitment"] == "own"]
    assert spread == [("own", "3.125"), ("(not used)", "9.375")]
    assert {row["commitment"] for row in rows} == {"", "own"}
    markdown = run(*arguments, "--format", "markdown").output
    assert "| (not used) | 3,000,000 | $9.38 |" in markdown
    (files / "payi.toml").write_text('[[prices.own]]\nresource = "free"\ncost_per_hour = 2\n')
    assert "(not used)" in run(*arguments).output


def test_a_strict_report_names_every_gap_with_its_number(files: Path) -> None:
    partial = {"category": "c", "resource": "own", "units": {"text": {"input": 1}, "odd": {"input": 1}}}
    (files / "c.jsonl").write_text(json.dumps(partial) + "\n7\n8\n")
    counts = '{"lost": {"full": 1, "invalid": 2}, "unobserved": {"unread": 1}}'
    find_counts_path(files / "a.json").write_text(counts)
    result = run(files, "--config", files / "payi.toml", "--strict")
    assert (result.exit_code, result.stderr) == (
        1,
        "Strict: 1 of 3 calls have no price; 1 of 3 calls have a price for some units only; 3 events were"
        " lost; 1 request was not recorded; 2 items aren't events\n",
    )
    lenient = run(files, "--config", files / "payi.toml")
    assert (lenient.exit_code, lenient.stderr) == (0, "")


@pytest.mark.parametrize(("done", "shown"), [(1, "Reading: 3%"), (29, "Reading: 96%"), (30, " " * 14)])
def test_progress_is_a_share_of_large_files(
    done: int, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report_command, "_PROGRESS_BYTES", 30)
    report_command._show_progress(done, 30)
    assert capsys.readouterr().err == f"\r{shown}\r"
    report_command._show_progress(1, 29)
    assert capsys.readouterr().err == ""


def test_a_report_is_a_table_of_resources_unless_options_say_otherwise(files: Path) -> None:
    plain = run(files).stdout
    assert plain == run(files, "--format", "table", "--by", "resource").stdout
    assert "Resource" in plain
    third = {"category": "c", "resource": "third", "units": {}, "event_timestamp": "2026-11-01T13:00:00Z"}
    (files / "c.jsonl").write_text(json.dumps(third))
    top = json.loads(run(files, "--top", "1", "--json", "--tz", "UTC", "--since", "2026-11-01").stdout)
    assert [group.get("others") for group in top["groups"]] == [None, 2]
    assert top["since"] == "2026-11-01T00:00:00+00:00"
    assert run(files, "--top", "0").exit_code == 2


def test_json_ends_with_one_line_break(files: Path) -> None:
    assert run(files, "--json").stdout.endswith("}\n")
    assert not run(files, "--json").stdout.endswith("\n\n")
    assert run(files, "--json").stdout == run(files, "--format", "json").stdout
