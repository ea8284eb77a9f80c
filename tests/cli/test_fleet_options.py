"""The options of the commands for fleets reach what they are for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payi_transport.cli import fleet
from payi_transport.cli.main import cli
from payi_transport.relay.relay import RelayOptions
from payi_transport.relay.setup import Limits, Step
from payi_transport.relay.worker import Options


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `nats init` asks to be made, in the place of a server."""
    asked: list[Any] = []

    def note(settings: Any, limits: Limits, **options: bool) -> Iterator[Step]:
        asked.append((settings, limits, options))
        yield from ()

    monkeypatch.setattr(fleet, "set_up", note)
    return asked


def test_init_makes_what_is_usual(set_up: list[Any]) -> None:
    assert run("nats", "init").exit_code == 0
    [(settings, limits, options)] = set_up
    assert (settings.servers, settings.stream, settings.subject) == (
        ("nats://127.0.0.1:4222",),
        "PAYI",
        "payi.events",
    )
    assert limits == Limits(7 * 24 * 60 * 60, 10 * 1024**3, 120.0, 60.0, None)
    assert options == {"dry_run": False, "update": False}


def test_init_makes_what_it_is_told_to(set_up: list[Any]) -> None:
    ran = run(
        *("nats", "init", "--server", "nats://a:1", "--server", "nats://b", "--stream", "S"),
        *("--subject", "s.t", "--replicas", "5"),
        *("--max-age", "0.5", "--max-bytes", "1024", "--duplicate-window", "0.1"),
        *("--ack-wait", "0.2", "--update", "--dry-run"),
    )
    assert (ran.exit_code, ran.output) == (0, "")
    [(settings, limits, options)] = set_up
    assert (settings.servers, settings.stream, settings.subject) == (("nats://a:1", "nats://b"), "S", "s.t")
    assert limits == Limits(12 * 60 * 60, 1024, 0.1, 0.2, 5)
    assert options == {"dry_run": True, "update": True}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """With what a relay is made, in the place of one that runs."""
    made: list[Any] = []

    class Stopped:
        def __init__(self, *arguments: Any) -> None:
            made.append(arguments)

        def stop_at_signals(self) -> None:
            made.append("stops at signals")

        def run(self) -> None:
            made.append("ran")

        def sum_counts(self) -> dict[str, int]:
            return {"delivered": 3, "held": 1}

    monkeypatch.setattr(fleet, "Relay", Stopped)
    monkeypatch.setenv("PAYI_API_KEY", "k")
    return made


def test_a_relay_works_as_usual_and_says_what_it_does(
    started: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "payi.relay")
    assert run("relay").exit_code == 0
    (settings, _, options, logger), *steps = started
    assert (settings.servers, settings.stream) == (("nats://127.0.0.1:4222",), "PAYI")
    assert options == RelayOptions(4, 25.0, None, Options(batch=1000, linger=1.0))
    assert (logger.name, steps) == ("payi.relay", ["stops at signals", "ran"])
    first, last = (record.getMessage() for record in caplog.records if record.name == "payi.relay")
    assert first.startswith("relays events of the stream PAYI to ")
    assert last == "ends after 3 events delivered, 1 held"


def test_a_relay_works_as_it_is_told_to(started: list[Any]) -> None:
    ran = run(
        *("relay", "--from", "nats://a", "--stream", "S", "--parallel", "64", "--batch", "10000"),
        *("--linger", "0.05", "--listen", "127.0.0.1:0", "--grace", "0"),
    )
    assert ran.exit_code == 0, ran.output
    settings, _, options, _ = started[0]
    assert (settings.servers, settings.stream) == (("nats://a",), "S")
    assert options == RelayOptions(64, 0.0, "127.0.0.1:0", Options(batch=10_000, linger=0.05))


@pytest.mark.parametrize(
    "arguments",
    [
        ("nats", "init", "--replicas", "6"),
        ("nats", "init", "--replicas", "0"),
        ("nats", "init", "--max-age", "0"),
        ("nats", "init", "--max-bytes", "1023"),
        ("nats", "init", "--duplicate-window", "0.05"),
        ("nats", "init", "--ack-wait", "0.05"),
        ("relay", "--parallel", "0"),
        ("relay", "--parallel", "65"),
        ("relay", "--batch", "10001"),
        ("relay", "--linger", "0.04"),
        ("relay", "--linger", "3601"),
        ("relay", "--grace", "-1"),
        ("relay", "--to", "nats"),
    ],
    ids=" ".join,
)
def test_what_is_out_of_range_is_refused_before_anything_starts(
    arguments: tuple[str, ...], set_up: list[Any], started: list[Any]
) -> None:
    ran = run(*arguments)
    assert (ran.exit_code, set_up, started) == (2, [], [])
    assert ran.output.startswith(f"Error: Invalid value for '{arguments[-2]}': ")


@pytest.mark.parametrize("command", [("nats", "init"), ("relay",)])
def test_a_login_that_cannot_be_used_is_refused_before_anything_starts(
    command: tuple[str, ...], set_up: list[Any], started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__CREDENTIALS_FILE", "/nowhere/login.creds")
    ran = run(*command)
    assert (ran.exit_code, set_up, started) == (2, [], [])
    assert "credentials_file" in ran.output and "/nowhere/login.creds" in ran.output


def test_a_stream_that_differs_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for result, code in (("made", 0), ("as expected", 0), ("changed", 0), ("differs", 1)):
        step = Step("stream PAYI", result, "details")
        monkeypatch.setattr(fleet, "set_up", lambda *_, step=step, **__: [step])
        ran = run("nats", "init")
        assert (ran.exit_code, ran.output) == (code, f"{step}\n")
