"""A fleet on this machine: servers of NATS, relays, programs, and Pay-i, all in processes of their own."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from benchmarks.fleet_processes import Process, UsageWatcher
from payi_transport.relay.setup import CONSUMER, REJECTED_STREAM, Limits, set_up
from tests.support.nats_server import NatsServer, find_free_ports, make_settings, serve_cluster, serve_nats

__all__ = ["Fleet", "open_fleet"]

# Seconds. How long a server that was killed is away, and for how long a run may stand still.
_AWAY = 2.0
_LONGEST_STANDSTILL = 120.0
# Events of one program that may wait: fewer than its ring takes, so that none is shed.
_MAX_QUEUED = 20_000
# Relays that are killed hold events for so long. Seconds, bytes.
_LIMITS = Limits(ack_wait=5.0, max_bytes=1_000_000_000)


class Fleet:
    """The parts that run. `folder` gets their logs."""

    def __init__(
        self,
        folder: Path,
        watcher: UsageWatcher,
        servers: Sequence[NatsServer],
        payi: str,
        processes: contextlib.ExitStack,
    ) -> None:
        self.kills: list[str] = []
        self.servers = servers
        self._folder = folder
        self._watcher = watcher
        self._payi = payi
        self._processes = processes
        self._client = processes.enter_context(httpx.Client())
        self._relays: list[Process] = []
        self._ports: list[int] = []
        self._programs: list[Process] = []

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def start_relays(self, number: int, *options: str) -> None:
        self._ports = find_free_ports(number)
        self._relays = [self._start_relay(port, *options) for port in self._ports]

    def _start_relay(self, port: int, *options: str) -> Process:
        listen = ("--listen", f"127.0.0.1:{port}")
        servers = (part for url in self.urls for part in ("--from", url))
        account = {"PAYI_API_KEY": "payi-key", "PAYI_BASE_URL": self._payi}
        return self._start(
            "relays", ["payi_transport", "relay", *servers, *listen, *options], f"relay-{port}", account
        )

    def start_programs(self, number: int, events: int) -> None:
        """Start programs that make so many calls together."""
        for index in range(number):
            share = events // number + (index < events % number)
            asked = {"name": f"p{index}", "events": share, "servers": self.urls, "most_queued": _MAX_QUEUED}
            arguments = ["benchmarks.fleet_program", json.dumps(asked)]
            self._programs.append(self._start("programs", arguments, f"program-{index}"))

    def _start(
        self, kind: str, arguments: Sequence[str], name: str, environment: dict[str, str] | None = None
    ) -> Process:
        process = Process(arguments, self._folder / f"{name}.log", environment)
        self._processes.enter_context(process)
        self._watcher.add(kind, process.process.pid)
        return process

    def watch_server(self, server: NatsServer) -> None:
        self._watcher.add("servers", server.pid)

    def kill_server(self) -> None:
        """Kill the server that leads the stream, and start it again after a while."""
        leader = self.servers[0].call("STREAM.INFO.PAYI").get("cluster", {}).get("leader")
        names = [server.folder.name for server in self.servers]
        server = self.servers[names.index(leader)] if leader in names else self.servers[0]
        self._watcher.look()
        server.kill()
        threading.Event().wait(_AWAY)
        server.start()
        self.watch_server(server)
        self.kills.append(f"server {server.folder.name}")

    def kill_relay(self, index: int) -> None:
        """Kill a relay, and start another one in its place."""
        self._watcher.look()
        self._relays[index].kill()
        # Meanwhile, a connection of this machine may have got the port of the one that is gone.
        self._ports[index] = find_free_ports(1)[0]
        self._relays[index] = self._start_relay(self._ports[index])
        self.kills.append(f"relay {index}")

    def count(self) -> dict[str, int]:
        """Return what Pay-i has."""
        counts: dict[str, int] = self._client.get(f"{self._payi}/counts", timeout=60).json()
        return counts

    def pause_consumer(self) -> None:
        """Keep all relays waiting until `resume_consumer`."""
        self.servers[0].call(f"CONSUMER.PAUSE.PAYI.{CONSUMER}", {"pause_until": "2100-01-01T00:00:00Z"})

    def resume_consumer(self) -> None:
        self.servers[0].call(f"CONSUMER.PAUSE.PAYI.{CONSUMER}")

    def wait_until_ready(self) -> None:
        """Wait until every relay has its connections."""
        pause = threading.Event()
        while not all(self._read_metric(port, "connections") for port in self._ports):
            pause.wait(0.05)

    def read_shares(self) -> list[int]:
        """Return how many events each relay has delivered since it started."""
        return [self._read_metric(port, "delivered_total") for port in self._ports]

    def _read_metric(self, port: int, name: str) -> int:
        """Return a count of the relay at a port, 0 while it starts."""
        try:
            text = self._client.get(f"http://127.0.0.1:{port}/metrics").text
        except httpx.TransportError:
            return 0
        found = re.search(rf"^payi_relay_{name} (\d+)$", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def wait_until_delivered(self, events: int) -> float:
        """Wait until Pay-i has so many events, and return the time. Raises RuntimeError if nothing moves."""
        most, since = -1, monotonic()
        pause = threading.Event()
        while (counted := self.count()["events"]) < events:
            if counted > most:
                most, since = counted, monotonic()
            elif monotonic() - since > _LONGEST_STANDSTILL:
                left, rejected = (self.servers[0].count(name) for name in ("PAYI", REJECTED_STREAM))
                raise RuntimeError(
                    f"Pay-i has {counted:,} of {events:,} events, and no more arrive; the stream has"
                    f" {left:,}, and {rejected:,} were rejected"
                )
            pause.wait(0.05)
        return monotonic()

    def read_accounts(self) -> list[dict[str, Any]]:
        """Return what became of the calls of each program, once it has ended."""
        return [json.loads(program.read_line()) for program in self._programs]

    def wait_until_empty(self) -> None:
        """Wait until the stream has nothing left, so that everything was acknowledged."""
        since, pause = monotonic(), threading.Event()
        while self.servers[0].count():
            if monotonic() - since > _LONGEST_STANDSTILL:
                raise RuntimeError("events stay in the stream")
            pause.wait(0.2)

    def end_relays(self) -> list[int]:
        """Ask the relays to end, and return their exit codes. Raises RuntimeError if one ended by itself."""
        for relay in self._relays:
            relay.check()
        return [relay.end() for relay in self._relays]


@contextlib.contextmanager
def open_fleet(
    folder: Path, watcher: UsageWatcher, *, servers: int = 1, refuses: bool = False, delay: float = 0
) -> Iterator[Fleet]:
    """Start Pay-i, and servers with the stream and its consumer. `delay`: milliseconds of each request."""
    with contextlib.ExitStack() as stack:
        payi = stack.enter_context(
            Process(
                ["benchmarks.fleet_payi", f"--delay={delay}", *(["--refuses"] if refuses else [])],
                folder / "payi.log",
            )
        )
        watcher.add("Pay-i", payi.process.pid)
        url = f"http://127.0.0.1:{payi.read_line().strip()}"
        running: Sequence[NatsServer]
        if servers == 1:
            running = [stack.enter_context(serve_nats(folder, stream=False))]
        else:
            running = stack.enter_context(serve_cluster(folder, servers))
            # A cluster makes streams once it has elected a leader.
            running[0].call("INFO")
        list(set_up(make_settings(*(server.url for server in running)), _LIMITS))
        fleet = Fleet(folder, watcher, running, url, stack.enter_context(contextlib.ExitStack()))
        for server in running:
            fleet.watch_server(server)
        yield fleet
