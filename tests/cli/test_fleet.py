"""The commands for fleets."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payi_transport.cli.main import cli
from payi_transport.relay.relay import Relay
from tests.relay.relays import publish
from tests.support.nats_server import NatsServer, serve_nats
from tests.support.polling import wait_until

SMALL = ("--max-bytes", "1000000000")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_init_makes_everything_once(tmp_path: Path) -> None:
    with serve_nats(tmp_path, stream=False) as server:
        init = ("nats", "init", "--server", server.url, *SMALL)
        planned = run(*init, "--dry-run")
        assert planned.exit_code == 0
        assert planned.output.startswith(
            "stream PAYI: would be made (subjects payi.events, retention workqueue, discard new,"
            " num_replicas 1, max_bytes 1000000000, max_age 604800 s, duplicate_window 120 s)\n"
        )
        assert "stream PAYI: made" in run(*init).output
        again = run(*init)
        assert (again.exit_code, again.output.count("as expected")) == (0, 3)
        other = run(*init, "--max-age", "1")
        assert (other.exit_code, other.output.count("differs")) == (1, 2)
        assert run(*init, "--max-age", "1", "--update").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("nats", "init", "--server", "http://h"), "config.nats.servers: expected addresses such as"),
        (("nats", "init", "--stream", "a.b"), "config.nats.stream: expected a name without spaces"),
        (("relay", "--stream", "PAYI_REJECTED"), "PAYI_REJECTED holds what no relay can deliver"),
        (("relay", "--listen", "x", "--to", "payi"), "--listen: expected an address such as"),
        (("relay", "--to", "offline_instrumentation"), "needs the section 'offline_instrumentation'"),
        (("relay", "--config", "none.toml"), "none.toml"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: tuple[str, ...], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert problem in ran.output
    assert len(ran.output.splitlines()) == 1


def test_a_server_that_is_away_is_one_line(closed_port: int) -> None:
    ran = run("nats", "init", "--server", f"nats://127.0.0.1:{closed_port}")
    assert ran.exit_code == 2
    assert ran.output.startswith("Error: could not reach NATS at nats://127.0.0.1:")


def test_a_relay_without_a_key_says_so() -> None:
    ran = run("relay")
    assert (ran.exit_code, ran.output) == (
        2,
        "Error: No Pay-i API key, so a relay can't deliver: set the variable PAYI_API_KEY\n",
    )


def test_a_variable_that_is_not_known_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__STREEM", "x")
    assert "did you mean PAYI_TRANSPORT_NATS__STREAM?" in run("relay").output


def test_a_relay_runs_until_it_is_told_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.json"
    monkeypatch.setenv("PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION", str(file))
    started: list[Relay] = []
    monkeypatch.setattr(Relay, "stop_at_signals", lambda relay: started.append(relay))
    with serve_nats(tmp_path, stream=False) as server:
        assert run("nats", "init", "--server", server.url, *SMALL).exit_code == 0
        publish(server, 0, 20)
        ender = threading.Thread(target=_end_when_empty, args=(server, started))
        ender.start()
        ran = run(
            *("relay", "--from", server.url, "--to", "offline_instrumentation"),
            *("--parallel", "1", "--linger", "0.1"),
        )
        ender.join()
    assert ran.exit_code == 0
    assert len(json.loads(file.read_text())) == 20


def _end_when_empty(server: NatsServer, started: list[Relay]) -> None:
    wait_until(lambda: started and server.count() == 0)
    started[0].stop()
