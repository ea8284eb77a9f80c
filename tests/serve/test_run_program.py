"""`payi-transport run --serve`, with real programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payi_transport.cli.main import cli
from payi_transport.errors import PayiError
from payi_transport.serve import run_program as module
from payi_transport.serve.command import open_service
from payi_transport.serve.run_program import point_at_service, run_program
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import CallDetail
from tests.serve.conftest import Serve
from tests.serve.test_proxy import COMPLETION
from tests.support.origin import CannedResponse, Origin

ROOT = Path(__file__).parents[2]
# What `payi-transport run --serve` does, on any port: others may use the usual one.
PARENT = """
import os, sys
from payi_transport.cli.run import make_environment
from payi_transport.serve.run_program import run_program
# Where coverage measures the program, it imports this library before the program is instrumented.
os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
raise SystemExit(run_program(
    [sys.executable, sys.argv[1]],
    make_environment(os.environ),
    print,
    port=0,
    upstreams={"openai": sys.argv[2]},
))
"""
# The SDK calls a provider that it finds in the environment, through the service.
PROGRAM = """
import httpx, os
from openai import OpenAI
from payi_transport import track

@track(use_case_name="chat", user_id="ann")
def ask():
    messages = [{"role": "user", "content": "Hi"}]
    return OpenAI(api_key="sk-1").chat.completions.create(model="gpt-4.1", messages=messages)

assert ask().choices[0].message.content == "Hi"
page = httpx.get(os.environ["PAYI_BASE_URL"], timeout=60, trust_env=False)
assert page.status_code == 200 and "Pay-i local" in page.text, page.text
"""


def make_environment(folder: Path) -> dict[str, str]:
    dropped = ("PAYI_", "OPENAI_", "ANTHROPIC_", "PYTEST_CURRENT_TEST", "XDG_DATA_HOME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "XDG_DATA_HOME": str(folder), "PYTHONPATH": str(ROOT)}


def start(folder: Path, program: str, upstream: str = "http://127.0.0.1:1") -> subprocess.Popen[str]:
    file = folder / "program.py"
    file.write_text(program)
    command = [sys.executable, "-c", PARENT, str(file), upstream]
    return subprocess.Popen(
        command, env=make_environment(folder), cwd=folder, stdout=subprocess.PIPE, text=True
    )


def read_calls(folder: Path) -> list[CallDetail]:
    with open_service(ServeSettings(file=folder / "payi-transport" / "serve.sqlite")) as service:
        ids = [id_ for [id_] in service.store.reader.execute("SELECT id FROM events ORDER BY id")]
        return [call for id_ in ids if (call := service.queries.call(id_)) is not None]


def test_a_program_is_metered_once_and_its_calls_stay(tmp_path: Path, origin: Origin) -> None:
    origin.responses = [CannedResponse([json.dumps(COMPLETION).encode()])]
    with start(tmp_path, PROGRAM, origin.url) as parent:
        output, _ = parent.communicate(timeout=120)
    assert parent.returncode == 0, output
    assert "Calls are shown at http://127.0.0.1:" in output
    assert "and `payi-transport serve` shows them again" in output
    [call] = read_calls(tmp_path)
    assert (call.call.use_case, call.call.user, str(call.call.cost)) == ("chat", "ann", "0.006")
    [received] = origin.received
    assert received.headers["authorization"] == "Bearer sk-1"
    assert not [name for name in received.headers if name.startswith("xproxy")]


def test_a_signal_for_the_command_is_for_the_program(tmp_path: Path) -> None:
    program = """
import signal, sys, threading
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *arguments: ended.set())
print("ready", flush=True)
ended.wait(60)
sys.exit(7)
"""
    with start(tmp_path, program) as parent:
        assert parent.stdout
        while "ready" not in (line := parent.stdout.readline()):
            assert line, "the program ended"
        parent.send_signal(signal.SIGTERM)
        parent.communicate(timeout=60)
    assert parent.returncode == 7


CHILD = 'import os, sys; open(sys.argv[1], "w").write(os.environ["PAYI_BASE_URL"]); sys.exit(3)'


def test_a_service_that_runs_already_is_used(serve: Serve, tmp_path: Path) -> None:
    address, _ = serve()
    lines: list[str] = []
    command = [sys.executable, "-c", CHILD, str(tmp_path / "seen")]
    port = int(address.rpartition(":")[2])
    code = run_program(command, make_environment(tmp_path), lines.append, port=port)
    assert (code, (tmp_path / "seen").read_text()) == (3, address)
    assert lines == [f"Calls are shown at {address}, by the service that runs there"]


def test_a_port_that_another_program_has_is_left_to_it(
    tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.responses = [CannedResponse([b"[]"])]
    settings = ServeSettings(file=tmp_path / "s", port=origin.server_port)
    assert module._choose_port(settings).port == 0
    assert not module._is_service(origin.url)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not module._is_service(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert module._choose_port(ServeSettings(file=tmp_path / "s", port=0)).port == 0


def test_a_program_that_a_signal_ends_has_the_code_of_a_shell(serve: Serve, tmp_path: Path) -> None:
    address, _ = serve()
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    port = int(address.rpartition(":")[2])
    code = run_program([sys.executable, "-c", kill], make_environment(tmp_path), print, port=port)
    assert code == 128 + signal.SIGKILL


def test_a_program_that_does_not_exist_is_named(serve: Serve, tmp_path: Path) -> None:
    address, _ = serve()
    with pytest.raises(PayiError, match=r"'/nowhere/job' can't be run: No such file or directory"):
        run_program(["/nowhere/job"], {}, print, port=int(address.rpartition(":")[2]), file=tmp_path / "s")


def test_a_base_url_that_is_set_stays() -> None:
    made = point_at_service({"OPENAI_BASE_URL": "https://gw", "ANTHROPIC_BASE_URL": ""}, "http://s")
    assert made["OPENAI_BASE_URL"] == "https://gw"
    assert made["ANTHROPIC_BASE_URL"] == "http://s/api/v1/proxy/anthropic"
    assert (made["PAYI_BASE_URL"], made["PAYI_API_KEY"]) == ("http://s", "local")


def test_the_command_passes_what_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "payi.toml"
    config.write_text('[host_mappings."gw.example.org"]\nprice_as_category = "system.openai"\n')
    passed: dict[str, Any] = {}

    def run(command: Sequence[str], environment: Any, echo: Any, **settings: Any) -> int:
        passed.update(settings, command=command)
        return 5

    monkeypatch.setattr(module, "run_program", run)
    monkeypatch.setenv("PAYI_API_KEY", "kept")
    options = ["--serve", "--config", str(config), "--upstream", "openai=https://gw.example.org"]
    ran = CliRunner().invoke(cli, ["run", *options, "--", "job", "--flag"])
    assert (ran.exit_code, passed["command"]) == (5, ("job", "--flag"))
    assert passed["upstreams"] == {"openai": "https://gw.example.org"}
    assert [str(host) for host in passed["mappings"]] == ["gw.example.org"]
