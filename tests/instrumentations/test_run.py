"""`payi-transport run` and the launchers of tracing libraries, in front of each other and alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.support.origin import Origin
from tests.support.programs import delivered, make_environment

BIN = Path(sys.executable).parent
OURS = [str(BIN / "payi-transport"), "run", "--"]
LAUNCHERS = {
    "ddtrace-run": [str(BIN / "ddtrace-run")],
    "opentelemetry-instrument": [str(BIN / "opentelemetry-instrument")],
}
# No agents and no collectors to reach.
QUIET = {
    "DD_TRACE_ENABLED": "true",
    "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    # Each of them takes its time to load, and one is enough.
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(
        point.name for point in entry_points(group="opentelemetry_instrumentor") if point.name != "httpx"
    ),
}
# Fails unless the tracing library is at work, and says whether ours is.
PROGRAM = """
import json, signal, sys
import httpx

answer = {"id": "a", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}

class Local(httpx.BaseTransport):
    def handle_request(self, request):
        return httpx.Response(200, json=answer)

# A client's own methods are what tracing libraries wrap, and a transport of ours is not one that they know.
with httpx.Client(transport=Local()) as client:
    client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1"})
tracers = [name for name in ("ddtrace", "opentelemetry.sdk.trace") if name in sys.modules]
# Before the line that the test waits for.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print(*tracers, "payi_transport" in sys.modules, flush=True)
if "wait" in sys.argv:
    signal.pause()
sys.exit(7)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    for command in LAUNCHERS.values():
        if not Path(command[0]).exists():
            pytest.skip(f"needs {command[0]}")
    file = tmp_path / "job.py"
    file.write_text(PROGRAM)
    return file


def arrange(order: str, launcher: str, program: Path, *arguments: str) -> list[str]:
    theirs = LAUNCHERS[launcher]
    before = {"in front": [*theirs, *OURS], "after": [*OURS, *theirs], "alone": theirs}[order]
    return [*before, sys.executable, str(program), *arguments]


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("order", ["in front", "after"])
def test_every_call_is_reported_once_and_the_program_ends_as_it_would(
    order: str, launcher: str, program: Path, ingest: Origin
) -> None:
    environment = make_environment(ingest, **QUIET)
    ran, alone = (
        subprocess.run(
            arrange(o, launcher, program), env=environment, cwd=program.parent, capture_output=True, text=True
        )
        for o in (order, "alone")
    )
    assert (ran.returncode, alone.returncode) == (7, 7), ran.stderr
    assert ran.stdout == alone.stdout.replace("False", "True"), ran.stderr
    assert ran.stdout.split()[0] in ("ddtrace", "opentelemetry.sdk.trace")
    assert "payi_transport" not in ran.stderr
    assert delivered(ingest) == {"a": 1}


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("order", ["in front", "after"])
def test_a_signal_reaches_the_program(order: str, launcher: str, program: Path, ingest: Origin) -> None:
    with subprocess.Popen(
        arrange(order, launcher, program, "wait"),
        env=make_environment(ingest, **QUIET),
        cwd=program.parent,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b"True\n")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 5
    assert delivered(ingest) == {"a": 1}
