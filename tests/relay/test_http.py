"""Health, readiness, and metrics over HTTP."""

from __future__ import annotations

import socket

import httpx
import pytest

from payi_transport import PayiConfigError
from payi_transport.relay.http import Probes, StatusServer, parse_address


def fetch(server: StatusServer, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{server.port}{path}")


def get(server: StatusServer, path: str) -> tuple[int, str]:
    response = fetch(server, path)
    return response.status_code, response.text


def test_probes_are_asked_for_each_request() -> None:
    problems = {"ill": "", "unready": "not yet"}
    probes = Probes(lambda: problems["ill"], lambda: problems["unready"], lambda: "payi_relay_held 0\n")
    server = StatusServer("127.0.0.1:0", probes)
    assert get(server, "/healthz") == (200, "ok\n")
    assert get(server, "/readyz?verbose") == (503, "not yet\n")
    assert get(server, "/metrics") == (200, "payi_relay_held 0\n")
    assert get(server, "/") == (404, "expected /healthz, /readyz, or /metrics\n")
    problems.update(ill="a worker ended", unready="")
    assert get(server, "/healthz") == (503, "a worker ended\n")
    assert get(server, "/readyz") == (200, "ok\n")
    server.close()


def test_metrics_are_in_the_format_that_prometheus_asks_for() -> None:
    server = StatusServer("127.0.0.1:0", Probes(lambda: "", lambda: "", lambda: "h\u00e4lt 1\n"))
    types = {path: fetch(server, path).headers["content-type"] for path in ("/metrics", "/healthz", "/x")}
    assert types == {
        "/metrics": "text/plain; version=0.0.4; charset=utf-8",
        "/healthz": "text/plain; charset=utf-8",
        "/x": "text/plain; charset=utf-8",
    }
    assert fetch(server, "/metrics").headers["content-length"] == "8"
    server.close()


def test_a_client_that_goes_away_disturbs_nobody() -> None:
    server = StatusServer("127.0.0.1:0", Probes(lambda: "", lambda: "", lambda: "x" * 10_000_000))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert get(server, "/healthz") == (200, "ok\n")
    server._server.handle_error(None, None)
    server.close()


def test_an_address_that_is_in_use_is_named() -> None:
    server = StatusServer("127.0.0.1:0", Probes(lambda: "", lambda: "", lambda: ""))
    with pytest.raises(PayiConfigError) as error:
        StatusServer(f"127.0.0.1:{server.port}", server._server.probes)
    assert str(error.value) == f"--listen: can't listen at 127.0.0.1:{server.port}: Address already in use"
    server.close()


@pytest.mark.parametrize(
    "address", ["8080", "host", ":80", "host:x", "host:65536", "h:-1", "host:\u00b2", ""]
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        parse_address(address)
    assert str(error.value) == (f"--listen: expected an address such as 127.0.0.1:8080, got {address!r}")


def test_an_address_has_a_host_and_a_port() -> None:
    assert parse_address("0.0.0.0:8080") == ("0.0.0.0", 8080)  # noqa: S104
    assert parse_address("[::1]:8080") == ("::1", 8080)
    assert [parse_address(f"h:{port}")[1] for port in (0, 65535)] == [0, 65535]
