"""The service as a user starts it, in a process of its own: NiceGUI has one app in a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["start", "start_killable"]

ROOT = Path(__file__).parents[3]


@contextmanager
def start(folder: Path, *arguments: str) -> Iterator[str]:
    """Start the service with a store in a folder, and yield its address."""
    with start_killable(folder, *arguments) as (address, server):
        try:
            yield address
        finally:
            # As Ctrl+C does.
            server.send_signal(signal.SIGINT)
        # It ends as it should: without a traceback and without "Aborted!".
        assert server.wait() == 0


@contextmanager
def start_killable(
    folder: Path | None, *arguments: str, stderr: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the service, with a store in a folder if there is one, and yield its address and its process.

    The caller ends it.
    """
    command = [sys.executable, "-m", "payi_transport", "serve", "--port", "0"]
    options = [*([] if folder is None else ["--file", str(folder / "serve.sqlite")]), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
    # NiceGUI serves no page where it thinks that it runs inside pytest.
    environment.pop("PYTEST_CURRENT_TEST", None)
    with subprocess.Popen(
        [*command, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as server:
        assert server.stdout
        try:
            yield _find_address(iter(server.stdout.readline, "")), server
        except BaseException:
            server.kill()
            raise


def _find_address(lines: Iterator[str]) -> str:
    for line in lines:
        if found := re.match(r"Serving (\S+) ", line):
            return found[1]
    raise AssertionError("the service ended before it was ready")
