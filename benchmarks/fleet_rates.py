"""How many events a second a sink publishes, and how many a number of relays deliver."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import msgspec

from benchmarks.corpus import make_unary
from benchmarks.fleet_processes import Usage, UsageWatcher
from benchmarks.fleet_run import Fleet, open_fleet
from benchmarks.playback import make_events
from payi_transport import Event
from payi_transport.sinks.nats import NatsSink
from tests.support.nats_server import make_settings

__all__ = ["measure_rates"]

_BATCH = 500
# How many relays, how many events a call of Pay-i has, and how many milliseconds it takes.
_CASES = ((1, 1000, 0), (2, 1000, 0), (1, 100, 200), (2, 100, 200), (4, 100, 200))


def measure_rates(folder: Path, events: int) -> Iterator[dict[str, Any]]:
    """Yield the rates of a sink that publishes so many events, and of relays that deliver them."""
    [event] = make_events(make_unary(1_000, 600), 1, content=True)
    for relays, batch, delay in _CASES:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            yield from _measure(Path(place), event, events, relays, batch, delay)


def _measure(
    folder: Path, event: Event, events: int, relays: int, batch: int, delay: int
) -> Iterator[dict[str, Any]]:
    watcher = UsageWatcher()
    with open_fleet(folder, watcher, delay=delay) as fleet:
        # Relays take nothing until all events are there, and all relays have started.
        fleet.pause_consumer()
        fleet.start_relays(relays, "--batch", str(batch))
        fleet.wait_until_ready()
        began, cpu, used = monotonic(), process_time(), watcher.sum_up()
        _publish(fleet, event, events)
        publishing = {
            "the sink": process_time() - cpu,
            "servers": _subtract(watcher.sum_up(), used)["servers"],
        }
        yield _make_rate("one sink publishes", events, monotonic() - began, publishing)
        began, used = monotonic(), watcher.sum_up()
        fleet.resume_consumer()
        took = fleet.wait_until_delivered(events) - began
        shares = fleet.read_shares()
        fleet.end_relays()
    watcher.stop()
    what = f"{relays} relays, {batch} events a call of {delay} ms"
    rate = _make_rate(what, events, took, _subtract(watcher.sum_up(), used))
    yield {**rate, "shares": shares}


def _make_rate(what: str, events: int, seconds: float, cpu: Mapping[str, float]) -> dict[str, Any]:
    """Return a rate, and microseconds of CPU time an event by kind of process."""
    each = {kind: spent / events * 1e6 for kind, spent in cpu.items()}
    return {"what": what, "events a second": events / seconds, "µs CPU an event": each}


def _subtract(after: Mapping[str, Usage], before: Mapping[str, Usage]) -> dict[str, float]:
    return {kind: usage.cpu - (before[kind].cpu if kind in before else 0.0) for kind, usage in after.items()}


def _publish(fleet: Fleet, event: Event, events: int) -> None:
    sink = NatsSink.from_section(make_settings(*fleet.urls))
    for start in range(0, events, _BATCH):
        batch = [
            msgspec.structs.replace(event, provider_response_id=f"id-{number}")
            for number in range(start, min(start + _BATCH, events))
        ]
        receipt = sink.deliver(batch)
        if receipt.problem is not None or receipt.retry:
            raise RuntimeError(f"events were not stored: {receipt.problem}")
    sink.close()
