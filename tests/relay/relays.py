"""Relays in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from payi_transport.sinks.nats import NatsSink
from tests.sinks.events import event
from tests.support.ingest import Ingest
from tests.support.nats_server import NatsServer, make_settings
from tests.support.programs import ROOT

__all__ = ["RelayProcess", "publish"]


def publish(server: NatsServer, start: int, count: int, **fields: Any) -> None:
    """Publish events in batches, and see that all are stored."""
    sink = NatsSink.from_section(make_settings(server.url))
    for first in range(start, start + count, 500):
        batch = [event(number, **fields) for number in range(first, min(first + 500, start + count))]
        assert not sink.deliver(batch).retry
    sink.close()


class RelayProcess:
    """`payi-transport relay` in front of a server; its log goes to a file."""

    def __init__(
        self, server: NatsServer, payi: Ingest, folder: Path, *options: str, name: str = "r"
    ) -> None:
        self._log = folder / f"{name}.log"
        environment = {**os.environ, "PAYI_API_KEY": "payi-key", "PAYI_BASE_URL": payi.url}
        environment["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, "-m", "payi_transport", "relay", "--from", server.url, *options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stderr=log, stdout=log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None
