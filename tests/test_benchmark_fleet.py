"""A short run of a fleet whose servers and relays are killed: its accounts add up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[1]


def run(*options: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "fleet", *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(("servers", "events", "kills"), [(1, 6000, 2), (3, 3000, 0)])
def test_no_event_is_lost_or_counted_twice_while_parts_are_killed(
    servers: int, events: int, kills: int, tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    printed = run(
        *("--events", str(events), "--programs", "2", "--kills", str(kills)),
        *("--servers", str(servers), "--output", str(file)),
    )
    assert printed.startswith(f"{events:,} calls of 2 programs, {servers} servers, 2 relays: ")
    result: dict[str, Any] = json.loads(file.read_text())
    assert (result["payi"]["events"], result["payi"]["twice"]) == (events, 0)
    # What was taken without a response came again.
    assert result["payi"]["updated"] > 0
    assert sum(account["delivered"] for account in result["programs"]) == events
    assert [kill for kill in result["kills"] if kill.startswith("relay")] == ["relay 0", "relay 1"]
    assert len(result["kills"]) == 2 + kills
    assert set(result["usage"]) == {"programs", "servers", "relays", "Pay-i"}


def test_rates_are_those_of_every_event(tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    printed = run("--rates", "--events", "600", "--output", str(file)).splitlines()
    rates = json.loads(file.read_text())
    assert [line.partition(":")[0] for line in printed] == [rate["what"] for rate in rates]
    assert all(rate["events a second"] > 0 for rate in rates)
    assert [sum(rate["shares"]) for rate in rates if "shares" in rate] == [600] * 5
