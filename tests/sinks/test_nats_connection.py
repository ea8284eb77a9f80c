"""A connection to NATS: which server it takes, what it notices, and how it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import encode_message, encode_subscription
from payi_transport.sinks.nats_servers import NatsError
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import make_settings, serve_nats
from tests.support.polling import wait_until


def open_at(*urls: str, seconds: float = 20.0, timeout: float = 5.0) -> NatsConnection:
    connection = NatsConnection(make_settings(*urls, timeout=timeout), "test")
    connection.open(monotonic() + seconds)
    return connection


def refused(*urls: str, seconds: float = 20.0) -> NatsError:
    with pytest.raises(NatsError) as error:
        open_at(*urls, seconds=seconds)
    return error.value


def test_a_request_gets_its_response(tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server:
        connection = open_at(server.url)
        response = connection.request("$JS.API.INFO", b"", monotonic() + 20)
        assert response.read_object()["type"].endswith("account_info_response")
        # Nobody listens there, and the server says so.
        assert connection.request("nobody", b"", monotonic() + 20).status == 503
        connection.drop()
        assert not connection.is_open
        with pytest.raises(NatsError, match="the connection is closed"):
            connection.send(b"PING\r\n", monotonic() + 20)


def test_a_server_that_is_away_leaves_the_others(closed_port: int, tmp_path: Path) -> None:
    gone = f"nats://127.0.0.1:{closed_port}"
    with serve_nats(tmp_path, stream=False) as server:
        for _ in range(5):
            connection = open_at(gone, server.url)
            assert connection.address == server.url
            connection.drop()
        assert connection.servers == f"{gone}, {server.url}"


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server:
        connection = open_at(server.url)
        connection.open(monotonic() + 20)
        assert connection.generation == 1
        server.kill()
        server.start()
        connection.open(monotonic() + 20)
        assert connection.generation == 2
        connection.request("$JS.API.INFO", b"", monotonic() + 20)
        connection.drop()


def test_a_forked_child_closes_its_end_alone(tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server:
        connection = open_at(server.url)
        child = os.fork()
        if child == 0:
            connection.drop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        connection.open(monotonic() + 20)
        assert connection.generation == 1
        connection.request("$JS.API.INFO", b"", monotonic() + 20)
        connection.drop()


def test_a_large_message_arrives_whole(tmp_path: Path) -> None:
    with serve_nats(tmp_path, "max_payload: 8MB", stream=False) as server:
        connection = open_at(server.url)
        assert connection.max_payload == 8 * 1024 * 1024
        body = os.urandom(4 * 1024 * 1024)
        connection.send(encode_message(f"{connection.inbox}.x", body), monotonic() + 20)
        [message] = connection.receive(monotonic() + 20)
        assert message.body == body
        connection.drop()


def test_an_error_about_one_subject_leaves_the_connection_open(tmp_path: Path) -> None:
    users = 'user: a, password: b, permissions: { publish: ["payi.events"], subscribe: ["_INBOX.>"] }'
    with serve_nats(tmp_path, f"authorization {{ users: [ {{ {users} }} ] }}", stream=False) as server:
        connection = NatsConnection(make_settings(server.url, user="a", password="b"), "test")
        connection.open(monotonic() + 20)
        with pytest.raises(NatsError, match="Permissions Violation for Publish") as error:
            connection.request("other", b"", monotonic() + 20)
        assert error.value.denied
        assert connection.is_open
        with pytest.raises(NatsError, match="Permissions Violation for Subscription"):
            connection.send(encode_subscription("other", 2), monotonic() + 20)
            while True:
                connection.receive(monotonic() + 20)
        connection.drop()


@pytest.mark.parametrize(
    ("greeting", "problem", "denied"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak the protocol of NATS", True),
        (
            b"-ERR 'maximum connections exceeded'\r\n",
            "refuses this client: maximum connections exceeded",
            False,
        ),
        (b"-ERR 'account authentication expired'\r\n", "refuses this client: account authentication", True),
    ],
)
def test_a_greeting_that_is_none_is_described(greeting: bytes, problem: str, denied: bool) -> None:
    with impersonate(greeting) as impostor:
        error = refused(impostor.url)
    assert problem in str(error)
    assert impostor.url in str(error)
    assert error.denied is denied


def test_a_server_that_says_nothing_takes_no_longer_than_the_deadline() -> None:
    with impersonate(b"") as impostor:
        assert "TimeoutError: timed out" in str(refused(impostor.url, seconds=0.2))
        assert "TimeoutError: timed out" in str(refused(impostor.url, seconds=-1.0))


def test_a_server_that_ends_at_once_is_described() -> None:
    with impersonate(INFO, lambda line: None) as impostor:
        assert "ConnectionResetError" in str(refused(impostor.url))


def test_no_server_at_all_is_described(closed_port: int) -> None:
    assert str(refused(f"nats://127.0.0.1:{closed_port}")) == (
        f"could not reach NATS at nats://127.0.0.1:{closed_port}"
        " (ConnectionRefusedError: [Errno 111] Connection refused)"
    )


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70, "\udcff"])
def test_a_host_that_can_not_be_resolved_is_described(host: str) -> None:
    assert "could not reach NATS at nats://" in str(refused(f"nats://{host}"))


def test_what_one_server_says_about_the_login_is_worth_more_than_that_another_is_away(
    closed_port: int,
) -> None:
    gone = f"nats://127.0.0.1:{closed_port}"
    with impersonate(b"-ERR 'Authorization Violation'\r\n") as impostor:
        assert all(refused(gone, impostor.url).denied for _ in range(5))


def count_pings(lines: list[bytes]) -> int:
    return lines.count(b"PONG\r\n")


def test_a_ping_is_returned() -> None:
    def respond(line: bytes) -> bytes:
        return b"PING\r\n" if line == b"ask\r\n" else b""

    with impersonate(INFO, respond) as impostor:
        connection = open_at(impostor.url)
        connection.send(b"ask\r\n", monotonic() + 20)
        assert connection.receive(monotonic() + 0.2) == []
        wait_until(lambda: count_pings(impostor.lines) == 1)
        connection.drop()


def test_a_server_that_is_about_to_stop_is_left() -> None:
    leaving = INFO.replace(b'"server_id"', b'"ldm": true, "server_id"')
    answers: list[Callable[[bytes], bytes]] = [lambda line: leaving if line == b"stop\r\n" else b""]
    with impersonate(INFO, answers[0]) as impostor:
        connection = open_at(impostor.url)
        connection.send(b"stop\r\n", monotonic() + 20)
        assert connection.receive(monotonic() + 0.2) == []
        assert connection.is_leaving
        connection.open(monotonic() + 20)
        assert (connection.generation, impostor.connections) == (2, 2)
        connection.drop()


def test_servers_that_a_cluster_names_are_tried_as_well() -> None:
    with impersonate() as other:
        named = other.url.removeprefix("nats://").encode()
        info = b'INFO {"connect_urls": ["%s", 7, "ws://x"], "max_payload": "x"}\r\n' % named
        with impersonate(info) as first:
            connection = open_at(first.url)
            assert connection.max_payload == 1024 * 1024
            connection.drop()
        connection.open(monotonic() + 20)
        assert connection.address == other.url
        connection.drop()


def test_a_configuration_file_that_is_gone_is_a_failure_of_the_connection(tmp_path: Path) -> None:
    with impersonate() as impostor:
        settings = make_settings(impostor.url, nkey_file=str(tmp_path / "gone"))
        with pytest.raises(NatsError, match="nkey_file: can't read") as error:
            NatsConnection(settings, "test").open(monotonic() + 20)
    assert error.value.denied


def test_a_late_error_of_a_server_ends_a_connection_that_is_not_in_use() -> None:
    with impersonate(
        INFO, lambda line: b"-ERR 'Stale Connection'\r\n" if line == b"x\r\n" else b""
    ) as impostor:
        connection = open_at(impostor.url)
        connection.send(b"x\r\n", monotonic() + 20)
        while connection.generation == 1:
            connection.open(monotonic() + 20)
        assert impostor.connections == 2
        connection.drop()


def test_responses_to_earlier_requests_are_passed_over() -> None:
    def respond(line: bytes) -> bytes:
        subject = line.split()[2] if line.startswith(b"PUB") else b""
        return b"MSG old 1 0\r\n\r\nMSG %s 1 1\r\nx\r\n" % subject if subject else b""

    with impersonate(INFO, respond) as impostor:
        connection = open_at(impostor.url)
        assert connection.request("a.b", b"", monotonic() + 20).body == b"x"
        connection.drop()


def test_a_response_that_never_comes_is_an_error() -> None:
    with impersonate() as impostor:
        connection = open_at(impostor.url)
        with pytest.raises(NatsError, match="does not respond to"):
            connection.request("a.b", b"", monotonic() + 0.2)
        connection.drop()


def test_odd_lists_of_servers_are_ignored() -> None:
    with impersonate(b'INFO {"connect_urls": {"a": 1}, "max_payload": -1}\r\n') as impostor:
        connection = open_at(impostor.url)
        assert connection.max_payload == 1024 * 1024
        connection.drop()


def test_a_peer_that_resets_the_connection_is_an_ordinary_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        assert not refused(url).denied
