"""What the client that delivers asks of the network: where it connects, in which pieces, and for how long."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
import pytest

from payi_transport.sinks import deadlines
from payi_transport.sinks.bounded_client import bound_requests
from payi_transport.sinks.deadlines import deadline

RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Stream(httpcore.NetworkStream):
    """A connection that notes what is done with it, and for how long that may take."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._left = [RESPONSE]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._network.limits.append(("read", timeout))
        return self._left.pop() if self._left else b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._network.limits.append(("write", timeout))
        self._network.written.append(buffer)

    def close(self) -> None:
        self._network.closed += 1

    def get_extra_info(self, info: str) -> Any:
        return ("127.0.0.1", 80) if info == "server_addr" else None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._network.limits.append(("tls", timeout))
        self._network.hosts.append(server_hostname)
        return Stream(self._network)


class Network(httpcore.NetworkBackend):
    """A network that accepts each connection but those to `refused`."""

    def __init__(self, *refused: str) -> None:
        self._refused = refused
        self.connected: list[tuple[str, int, str | None, Any]] = []
        self.hosts: list[str | None] = []
        self.limits: list[tuple[str, float | None]] = []
        self.written: list[bytes] = []
        self.slept: list[float] = []
        self.closed = 0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.connected.append((host, port, local_address, socket_options))
        self.limits.append(("connect", timeout))
        if host in self._refused:
            raise httpcore.ConnectError("refused")
        return Stream(self)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def make_client(network: Network, **options: Any) -> httpx.Client:
    transport = httpx.HTTPTransport(trust_env=False, **options)
    transport._pool._network_backend = network
    http = httpx.Client(transport=transport, timeout=httpx.Timeout(9, connect=7, read=8))
    bound_requests(http)
    return http


@pytest.fixture
def time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "monotonic", lambda: 1000.0)


@pytest.mark.usefixtures("time_stands_still")
@pytest.mark.parametrize(
    ("seconds", "limits"),
    [
        (None, {"connect": 7, "tls": 7, "write": 9, "read": 8}),
        (8.5, {"connect": 7, "tls": 7, "write": 8.5, "read": 8}),
        (0.5, {"connect": 0.5, "tls": 0.5, "write": 0.5, "read": 0.5}),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_each_step_may_take_what_is_left_of_the_deadline(
    scheme: str, seconds: float | None, limits: dict[str, float]
) -> None:
    network = Network()
    with make_client(network) as http:
        if seconds is None:
            http.post(f"{scheme}://127.0.0.1/", content=b"{}")
        else:
            with deadline(seconds):
                http.post(f"{scheme}://127.0.0.1/", content=b"{}")
    expected = limits if scheme == "https" else {name: limits[name] for name in limits if name != "tls"}
    assert dict(network.limits) == expected
    assert network.hosts == (["127.0.0.1"] if scheme == "https" else [])
    assert network.closed == 1


def test_a_body_is_written_in_pieces_of_64_kib() -> None:
    network = Network()
    body = bytes(range(256)) * 512 + b"x"
    with make_client(network) as http:
        http.post("http://127.0.0.1/", content=body)
    head, *pieces = network.written
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert [len(piece) for piece in pieces] == [65536, 65536, 1]
    assert b"".join(pieces) == body


def test_an_address_is_connected_to_once_as_a_number_and_with_the_options_of_the_transport() -> None:
    network = Network("127.0.0.1")
    options = [(6, 1, 1)]
    with make_client(network, local_address="127.0.0.9", socket_options=options) as http:
        with pytest.raises(httpx.ConnectError, match="refused"):
            http.get("http://127.0.0.1:8080/")
    assert network.connected == [("127.0.0.1", 8080, "127.0.0.9", options)]


def test_the_addresses_of_a_host_are_tried_in_turn_until_one_accepts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo

    def find(host: str, *rest: Any, **options: Any) -> Any:
        hosts = [f"127.0.0.{number}" for number in (2, 3, 4)] if host == "payi.test" else [host]
        return [found for name in hosts for found in resolve(name, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    network = Network("127.0.0.2")
    with make_client(network) as http:
        response = http.get("http://payi.test/")
        assert response.extensions["network_stream"].get_extra_info("server_addr") == ("127.0.0.1", 80)
    assert [host for host, *_ in network.connected] == ["127.0.0.2", "127.0.0.3"]


def test_the_pauses_between_retries_of_a_connection_are_those_of_the_transport() -> None:
    network = Network("127.0.0.1")
    with make_client(network, retries=2) as http, pytest.raises(httpx.ConnectError):
        http.get("http://127.0.0.1/")
    assert (len(network.connected), network.slept) == (3, [0, 0.5])
