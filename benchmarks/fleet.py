"""`python -m benchmarks fleet`: a million events through NATS and relays, while each of these is killed.

Programs publish their events to one server, or to a cluster of three. Relays deliver them to Pay-i, where a
third of the requests fail. Meanwhile servers are killed and started again, and so is each relay once. The run
fails unless every call of every program is at Pay-i, none is counted twice, and all accounts add up.

With `--rates`, it measures how many events a second one sink publishes, how many one, two, and four relays
deliver, and what CPU time that takes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.fleet_processes import UsageWatcher
from benchmarks.fleet_rates import measure_rates
from benchmarks.fleet_run import Fleet, open_fleet

__all__ = ["main"]

# The options that a result depends on.
_ASKED = ("events", "programs", "relays", "servers", "kills")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for, and print what came of it."""
    asked = _make_parser().parse_args(arguments)
    result: Any
    with tempfile.TemporaryDirectory() as folder:
        result = _run_rates(asked, Path(folder)) if asked.rates else _run(asked, Path(folder))
    if asked.output is not None:
        asked.output.write_text(json.dumps(result, indent=1) + "\n")


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks fleet", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="of all programs (default: 1000000)")
    parser.add_argument("--programs", type=int, default=4, help="that publish (default: 4)")
    parser.add_argument("--relays", type=int, default=2, help="that deliver (default: 2)")
    parser.add_argument("--servers", type=int, default=1, choices=(1, 3), help="of NATS (default: 1)")
    parser.add_argument("--kills", type=int, default=3, help="of servers (default: 3)")
    parser.add_argument("--rates", action="store_true", help="measure rates of as many events; kill nothing")
    parser.add_argument("--output", type=Path, metavar="FILE", help="keep the result, as JSON")
    return parser


def _run_rates(asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    rates = []
    for rate in measure_rates(folder, asked.events):
        rates.append(rate)
        cpu = ", ".join(f"{kind} {spent:.1f}" for kind, spent in rate["µs CPU an event"].items())
        shares = f"; shares {rate['shares']}" if "shares" in rate else ""
        print(
            f"{rate['what']}: {rate['events a second']:,.0f} a second; µs CPU an event: {cpu}{shares}",
            flush=True,
        )
    return rates


def _run(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    watcher = UsageWatcher()
    began = monotonic()
    with open_fleet(folder, watcher, servers=asked.servers, refuses=True) as fleet:
        fleet.start_relays(asked.relays)
        fleet.start_programs(asked.programs, asked.events)
        disturbances = list(_list_disturbances(fleet, asked.kills, asked.relays))
        for number, disturb in enumerate(disturbances, 1):
            # Evenly spread over the run.
            fleet.wait_until_delivered(asked.events * number // (len(disturbances) + 1))
            disturb()
        accounts = fleet.read_accounts()
        took = fleet.wait_until_delivered(asked.events) - began
        fleet.wait_until_empty()
        watcher.look()
        counts, codes = fleet.count(), fleet.end_relays()
    watcher.stop()
    usage = {kind: used._asdict() for kind, used in watcher.sum_up().items()}
    result = {
        "asked": {name: getattr(asked, name) for name in _ASKED},
        "seconds": took,
        "kills": fleet.kills,
        "programs": accounts,
        "payi": counts,
        "usage": usage,
    }
    _report(result)
    _check(asked.events, accounts, counts, codes)
    return result


def _list_disturbances(fleet: Fleet, kills: int, relays: int) -> Iterator[Callable[[], None]]:
    """Yield kills of servers and relays in turn."""
    for number in range(max(kills, relays)):
        if number < kills:
            yield fleet.kill_server
        if number < relays:
            yield partial(fleet.kill_relay, number)


def _report(result: Mapping[str, Any]) -> None:
    asked, accounts = result["asked"], result["programs"]
    events = asked["events"]
    print(
        f"{events:,} calls of {asked['programs']} programs, {asked['servers']} servers, {asked['relays']}"
        f" relays: {result['seconds']:.0f} s, {events / result['seconds']:,.0f} a second"
    )
    print(f"killed: {', '.join(result['kills'])}")
    names = ("captured", "delivered", "lost", "retried", "faults")
    print("programs: " + ", ".join(f"{name} {sum(one[name] for one in accounts):,}" for name in names))
    print("Pay-i: " + ", ".join(f"{name} {count:,}" for name, count in result["payi"].items()))
    for kind, used in result["usage"].items():
        cpu = used["cpu"] / events * 1e6
        print(f"{kind}: {cpu:.1f} µs CPU an event, {used['memory'] / 1e6:.0f} MB at most in one process")


def _check(
    events: int, accounts: Sequence[Mapping[str, Any]], counts: Mapping[str, int], codes: Sequence[int]
) -> None:
    """Raise AssertionError for an event that is lost or counted twice, or an account that doesn't add up."""
    for account in accounts:
        assert account["captured"] == account["delivered"], account
        assert not any(account[name] for name in ("queued", "spooled", "lost", "skipped", "faults")), account
    assert sum(account["captured"] for account in accounts) == events
    assert (counts["events"], counts["twice"]) == (events, 0), counts
    assert not any(codes), codes
