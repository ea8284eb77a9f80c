"""The deadline of a thread holds for every request of the client that delivers."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from payi_transport.sinks.bounded_client import bound_requests
from payi_transport.sinks.deadlines import deadline
from tests.support.origin import CannedResponse, Origin


def test_requests_outside_a_deadline_are_not_bound(origin: Origin) -> None:
    origin.responses = [CannedResponse([b"{}"])]
    with httpx.Client() as http:
        bound_requests(http)
        assert http.post(origin.url, content=b"{}").content == b"{}"


def test_a_transport_without_a_network_keeps_its_own_timeouts() -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as http:
        bound_requests(http)
        with deadline(0.0):
            assert http.get("https://payi.test").status_code == 200


def test_a_unix_socket_is_bound_too(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with httpx.Client(transport=httpx.HTTPTransport(uds=path)) as http:
            bound_requests(http)
            with pytest.raises(httpx.TimeoutException), deadline(0.2):
                http.get("http://payi.test")


def test_retries_of_a_connection_pause_as_ever() -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=1)) as http:
        bound_requests(http)
        with pytest.raises(httpx.ConnectError), deadline(5.0):
            http.get("http://127.0.0.1:1")


def test_a_host_that_has_no_address_is_named_by_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with httpx.Client(trust_env=False) as http:
        bound_requests(http)
        with pytest.raises(httpx.ConnectError, match="not known"):
            http.get("http://payi.test")
