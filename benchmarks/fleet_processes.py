"""The processes of a fleet, what each kind of them uses, and the end of all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["ROOT", "Process", "Usage", "UsageWatcher"]

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_INTERVAL = 0.05


class Usage(NamedTuple):
    """CPU seconds of one process so far, and its largest resident set in bytes."""

    cpu: float
    memory: int


def _read_usage(pid: int) -> Usage | None:
    """Return what a process has used, None if it is gone."""
    try:
        # The name, in parentheses, may contain spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, int(peak.split()[1]) * 1024)


class UsageWatcher:
    """Look at processes now and then, because one that is killed can't be asked any more."""

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}
        self._usages: dict[int, Usage] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def add(self, kind: str, pid: int) -> None:
        self._kinds[pid] = kind

    def look(self) -> None:
        """Look at all processes that are still there."""
        for pid in list(self._kinds):
            usage = _read_usage(pid)
            # A process that has ended and was not waited for has no memory.
            if usage is not None and usage.memory:
                self._usages[pid] = usage

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self.look()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def sum_up(self) -> dict[str, Usage]:
        """Return by kind the CPU time of all its processes, and the memory of the largest one."""
        sums: dict[str, Usage] = {}
        for pid, usage in self._usages.copy().items():
            kind = self._kinds[pid]
            sofar = sums.get(kind, Usage(0.0, 0))
            sums[kind] = Usage(sofar.cpu + usage.cpu, max(sofar.memory, usage.memory))
        return sums


class Process:
    """`python -m MODULE ...`, with its log in a file. Ended at the end of a `with`."""

    def __init__(
        self, arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        # The library's own settings must be those of the benchmark, whoever runs it.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PAYI_")}
        self._log = log
        with log.open("ab") as target:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**kept, **(environment or {})},
                stdout=subprocess.PIPE,
                stderr=target,
                text=True,
            )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.kill()

    def read_line(self) -> str:
        """Return the next line that it prints. Raises RuntimeError if it ended without one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self._describe_end())
        return line

    def check(self) -> None:
        """Raise RuntimeError if it has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(self._describe_end())

    def _describe_end(self) -> str:
        return f"a process ended: {self._log.read_text()[-2000:]}"

    def kill(self) -> None:
        """End it without a chance to do anything."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def end(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(60)
