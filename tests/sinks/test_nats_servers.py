"""Addresses of NATS servers."""

from __future__ import annotations

import pytest

from payi_transport import PayiConfigError
from payi_transport.sinks.nats_servers import NatsError, Server, parse_server


@pytest.mark.parametrize(
    ("url", "server", "shown"),
    [
        ("nats://host:4223", Server("host", 4223), "nats://host:4223"),
        ("nats://host", Server("host", 4222), "nats://host:4222"),
        ("host:5", Server("host", 5), "nats://host:5"),
        ("tls://host/", Server("host", 4222, tls=True), "tls://host:4222"),
        ("nats://a:p%40ss@host", Server("host", 4222, False, "a", "p@ss"), "nats://host:4222"),
        ("nats://token@host", Server("host", 4222, False, "token"), "nats://host:4222"),
        ("nats://[::1]:7", Server("::1", 7), "nats://[::1]:7"),
    ],
)
def test_a_url_names_a_server_and_its_login(url: str, server: Server, shown: str) -> None:
    assert parse_server(url) == server
    assert str(server) == shown


@pytest.mark.parametrize(
    "url", ["ws://host", "nats://", "nats://h:port", "nats://h:99999", "http://h", "nats://h/p"]
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        parse_server(url)
    expected = "config.nats.servers: expected addresses such as 'nats://host:4222' or 'tls://host:4222', got"
    assert str(error.value) == f"{expected} {url!r}"


def test_an_error_quotes_no_password() -> None:
    with pytest.raises(PayiConfigError) as error:
        parse_server("http://user:hunter2@host")
    assert "hunter2" not in str(error.value)


def test_an_error_says_whether_somebody_has_to_act() -> None:
    assert NatsError("x", denied=True).denied
    assert not NatsError("x").denied
