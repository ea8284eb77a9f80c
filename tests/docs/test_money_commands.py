"""The commands in the guides on money run as they are written, on files of the names that they use."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from payi_transport.cli.main import cli
from tests.cli.money import CONFIG, event, write_bill
from tests.support.snippets import ROOT

GUIDES = ("reconcile", "focus", "budgets", "costs")
COMMAND = re.compile(r"^payi-transport (.+)$", re.MULTILINE)
COMMANDS = [
    (guide, found[1])
    for guide in GUIDES
    for found in COMMAND.finditer((ROOT / f"docs/guides/{guide}.md").read_text("utf-8"))
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bill and events of each name that the guides use."""
    monkeypatch.chdir(tmp_path)
    config = CONFIG.replace(
        'budgets_file = "budgets.db"', f'budgets_file = "{tmp_path.as_posix()}/budgets.db"'
    )
    (tmp_path / "payi.toml").write_text(config)
    monkeypatch.setenv("PAYI_TRANSPORT_CONFIG", "payi.toml")
    events = msgspec.json.encode([event(1000, account_name="acme"), event(5, -30)])
    (tmp_path / "events").mkdir()
    for name in ("events/one.json", "events.json", "capture.json", "capture2.json"):
        (tmp_path / name).write_bytes(events)
    write_bill(tmp_path, ("gpt-own", 1000, "2"))
    amount = {"amount": {"value": 2}, "line_item": "gpt-own, input"}
    page = {"data": [{"start_time": 1790899200, "results": [amount]}]}
    (tmp_path / "openai-costs.json").write_text(json.dumps(page))
    exported = CliRunner().invoke(cli, ["export", "--focus", "capture.json", "--output", "costs.csv"])
    assert exported.exit_code == 0, exported.output
    return tmp_path


@pytest.mark.parametrize(("guide", "command"), COMMANDS, ids=[f"{guide}: {text}" for guide, text in COMMANDS])
def test_a_command_of_a_guide_runs(guide: str, command: str, folder: Path) -> None:
    if ".parquet" in command:
        pytest.importorskip("pyarrow")
    result = CliRunner().invoke(cli, shlex.split(command))
    # A check may find something to complain of.
    assert result.exit_code in ((0, 1) if command.startswith("check") else (0,)), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_the_guides_have_commands() -> None:
    assert {guide for guide, _ in COMMANDS} >= {"reconcile", "focus", "budgets"}
