"""What is wrong with a stream, in words that say what to do."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import (
    JetStreamError,
    call_api,
    explain_no_response,
    find_stream,
    find_stream_problems,
    make_init_command,
)
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import make_settings, serve_nats


def test_the_api_returns_or_raises(tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server:
        connection = server.connect()
        found = find_stream(connection, "PAYI", monotonic() + 20)
        assert found["config"]["subjects"] == ["payi.events"]
        assert list(find_stream_problems(found, "PAYI")) == []
        with pytest.raises(JetStreamError, match="stream not found") as error:
            call_api(connection, "STREAM.INFO.NONE", {}, monotonic() + 20)
        assert error.value.is_missing
        connection.drop()


@pytest.mark.parametrize(
    ("stream", "subject", "reason", "denied"),
    [
        (
            "NONE",
            "payi.events",
            "has no stream 'NONE'; make it with: payi-transport nats init --server",
            True,
        ),
        ("PAYI", "other", "takes payi.events and not other; add the subject with: payi-transport nats", True),
        ("PAYI", "payi.events", "has no leader right now", False),
    ],
)
def test_why_nobody_took_a_message(
    stream: str, subject: str, reason: str, denied: bool, tmp_path: Path
) -> None:
    with serve_nats(tmp_path) as server:
        connection = server.connect()
        error = explain_no_response(connection, stream, subject)
        connection.drop()
    assert reason in str(error)
    assert error.denied is denied


def test_a_server_without_jetstream_is_named(tmp_path: Path) -> None:
    with serve_nats(tmp_path, "jetstream: false", stream=False) as server:
        connection = server.connect()
        error = explain_no_response(connection, "PAYI", "payi.events")
        connection.drop()
    assert (
        str(error) == f"NATS at {server.url} takes no events now (JetStream is not enabled at {server.url})"
    )
    assert not error.denied


def test_a_server_that_does_not_explain_is_a_passing_failure() -> None:
    with impersonate(INFO, lambda line: None if line.startswith(b"PUB") else b"") as impostor:
        connection = NatsConnection(make_settings(impostor.url), "test")
        connection.open(monotonic() + 20)
        error = explain_no_response(connection, "PAYI", "payi.events")
    assert str(error).startswith("NATS takes no events for payi.events now (")
    assert isinstance(error, NatsError)
    assert not error.denied


@pytest.mark.parametrize(
    "body", [b"{}", b'{"config": 7}', b'{"config": {"subjects": "x"}}', b'{"error": {}}']
)
def test_odd_responses_of_the_api_are_read(body: bytes) -> None:
    def respond(line: bytes) -> bytes:
        if not line.startswith(b"PUB $JS.API"):
            return b""
        return b"MSG %s 1 %d\r\n%s\r\n" % (line.split()[2], len(body), body)

    with impersonate(INFO, respond) as impostor:
        connection = NatsConnection(make_settings(impostor.url), "test")
        connection.open(monotonic() + 20)
        assert str(explain_no_response(connection, "PAYI", "payi.events"))
        connection.drop()


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"discard": "new", "storage": "file"}, []),
        ({"discard": "old"}, ["drops its oldest events when it is full (discard is 'old'); expected 'new'"]),
        ({}, ["(discard is 'old')"]),
        ({"discard": "new", "storage": "memory"}, ["loses its events when the server stops"]),
        ({"discard": "new", "no_ack": True}, ["acknowledges nothing"]),
        (7, ["(discard is 'old')"]),
    ],
)
def test_a_stream_that_may_lose_events_is_named(config: Any, problems: list[str]) -> None:
    found = list(find_stream_problems({"config": config}, "PAYI"))
    assert len(found) == len(problems)
    assert all(problem in text for problem, text in zip(problems, found, strict=True))


def test_the_command_that_makes_a_stream_names_what_is_not_usual() -> None:
    connection = NatsConnection(make_settings("nats://h"), "test")
    connection.address = "nats://h:4222"
    assert make_init_command(connection, "PAYI", "payi.events") == (
        "payi-transport nats init --server nats://h:4222"
    )
    assert make_init_command(connection, "EU", "payi.eu") == (
        "payi-transport nats init --server nats://h:4222 --stream EU --subject payi.eu"
    )
