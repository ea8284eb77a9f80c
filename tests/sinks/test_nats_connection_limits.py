"""What a client of NATS says first, what it takes from a server, and for how long it waits."""

from __future__ import annotations

from time import monotonic
from typing import Any

import msgspec
import pytest

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_servers import NatsError
from tests.sinks.nats_clients import connect, read_connect
from tests.sinks.nats_impostor import impersonate
from tests.support.nats_server import make_settings


def test_a_client_says_who_it_is_and_what_it_understands() -> None:
    with impersonate() as impostor:
        connect(impostor, token="t").drop()
    assert read_connect(impostor) == {
        "verbose": False,
        "pedantic": False,
        "headers": True,
        "no_responders": True,
        "protocol": 1,
        "lang": "python-payi-transport",
        "name": "a name",
        "auth_token": "t",
    }
    assert any(line.startswith(b"SUB _INBOX.") and line.endswith(b".* 1\r\n") for line in impostor.lines)


def test_a_server_that_the_cluster_names_gets_the_login_of_the_first() -> None:
    with impersonate() as other:
        named = other.url.removeprefix("nats://")
        info = b'INFO {"connect_urls": ["%s"], "cluster": "c"}\r\n' % named.encode()
        with impersonate(info) as first:
            url = first.url.replace("//", "//ann:pw@")
            connection = NatsConnection(make_settings(url), "a name")
            connection.open(monotonic() + 20)
            clustered = [connection.is_clustered]
            connection.drop()
        connection.open(monotonic() + 20)
        assert connection.address == other.url
        clustered.append(connection.is_clustered)
        connection.drop()
    assert clustered == [True, False]
    assert {"user": "ann", "pass": "pw"}.items() <= read_connect(other).items()


def test_a_server_that_is_configured_and_named_is_tried_once(closed_port: int) -> None:
    gone = f"127.0.0.1:{closed_port}"
    with impersonate(b'INFO {"connect_urls": ["%s", "other:1"]}\r\n' % gone.encode()) as first:
        connection = NatsConnection(make_settings(first.url, f"nats://{gone}"), "a name")
        connection.open(monotonic() + 20)
        assert [str(server) for server in connection._discovered] == ["nats://other:1"]
        connection.drop()


@pytest.mark.parametrize(("payload", "taken"), [(1, 1), (0, 1048576), (-1, 1048576), ("9", 1048576)])
def test_the_largest_message_is_what_the_server_says(payload: Any, taken: int) -> None:
    info = b"INFO " + msgspec.json.encode({"max_payload": payload}) + b"\r\n"
    with impersonate(info) as impostor:
        connection = connect(impostor)
        assert connection.max_payload == taken
        connection.drop()


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Authorization Violation", True),
        ("account authentication expired", True),
        ("Permissions Violation for Publish", True),
        ("credentials have been REVOKED", True),
        ("bad JWT", True),
        ("unknown nkey", True),
        ("maximum connections exceeded", False),
    ],
)
def test_an_error_about_the_login_lasts_until_somebody_acts(text: str, denied: bool) -> None:
    with impersonate(b"-ERR '%s'\r\n" % text.encode()) as impostor, pytest.raises(NatsError) as error:
        connect(impostor)
    advice = "; check config.nats.servers and the credentials" if denied else ""
    assert str(error.value) == f"NATS at {impostor.url} refuses this client: {text}{advice}"
    assert error.value.denied is denied


def test_a_server_that_says_nothing_leaves_time_for_the_others() -> None:
    with impersonate(b"") as silent:
        connection = NatsConnection(make_settings(silent.url), "a name")
        began = monotonic()
        with pytest.raises(NatsError, match="timed out"):
            connection.open(began + 60)
        assert 1.5 < monotonic() - began < 20


def test_settings_without_servers_have_one() -> None:
    assert NatsConnection(NatsSettings(), "a name").servers == "nats://127.0.0.1:4222"
