"""A request to Pay-i ends at its deadline, however slowly bytes arrive, in any part of a response."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from time import monotonic
from typing import Any

import httpx
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks import deadlines
from payi_transport.sinks.deadlines import deadline, limit_timeout
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import event
from tests.support.ingest import Ingest, make_reply

HEAD = b"HTTP/1.1 200 OK\r\n"
# What is sent once, and what is sent again and again.
DRIPS = {
    "status line": (b"HTTP/1.1 2", b"0"),
    "header": (HEAD + b"X-A: ", b"a"),
    "headers": (HEAD, b"X-A: a\r\n"),
    "1xx responses": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "body": (HEAD + b"content-length: 999999\r\n\r\n", b" "),
    "chunks": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS.keys(), indirect=True)
@pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])
def test_a_response_that_drips_ends_at_the_deadline(drip: str, single: bool) -> None:
    sink = PayiSink(PayiAccount(drip, "payi-key"), single=single, response_seconds=30)
    started = monotonic()
    receipt = sink.deliver([event(1)])
    sink.close()
    assert monotonic() - started < 10
    assert (list(receipt.retry), list(receipt.uncertain)) == ([0], [0])
    assert receipt.problem == "Could not reach Pay-i (ReadTimeout: the response took longer than 30 s)"


class LateError(Exception):
    """No time was left."""


def test_a_timeout_is_cut_to_what_is_left_of_the_deadline_that_ends_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(deadlines, "monotonic", lambda: now)

    def limit(*timeouts: float | None) -> list[float | None]:
        return [limit_timeout(timeout, LateError) for timeout in timeouts]

    assert limit(None, 3.0) == [None, 3.0]
    with deadline(10):
        assert limit(None, 3.0, 30.0) == [10.0, 3.0, 10.0]
        with deadline(20):
            assert limit(None) == [10.0]
        with deadline(4):
            assert limit(None) == [4.0]
        now = 109.5
        assert limit(None, 3.0) == [0.5, 0.5]
        now = 110.0
        with pytest.raises(LateError, match="no time was left"):
            limit(None)
    assert limit(None, 30.0) == [None, 30.0]


ENVIRONMENTS = [
    ("ALL_PROXY", "socks://user:secret@127.0.0.1:1", "ALL_PROXY=socks://127.0.0.1:1"),
    ("HTTPS_PROXY", "ftp://127.0.0.1:1", "HTTPS_PROXY=ftp://127.0.0.1:1"),
    ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE=/nowhere/ca.pem"),
]


@pytest.mark.parametrize(("variable", "value", "named"), ENVIRONMENTS, ids=[case[0] for case in ENVIRONMENTS])
def test_an_environment_that_cannot_be_used_is_named_without_its_secrets(
    variable: str, value: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    sink = PayiSink(PayiAccount("https://payi.test", "payi-key"))
    receipt = sink.deliver([event(1)])
    sink.close()
    assert (list(receipt.retry), list(receipt.uncertain)) == ([0], [])
    assert receipt.problem and named in receipt.problem
    assert "secret" not in receipt.problem and "payi-key" not in receipt.problem


def test_a_proxy_of_the_environment_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:1")
    sink = PayiSink(PayiAccount("http://payi.test", "payi-key"))
    receipt = sink.deliver([event(1)])
    sink.close()
    assert (
        receipt.problem and "the environment has the proxy HTTP_PROXY=http://127.0.0.1:1" in receipt.problem
    )
    assert "secret" not in receipt.problem


def test_a_proxy_that_is_not_a_url_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://user:secret@[::1")
    sink = PayiSink(PayiAccount("https://payi.test", "payi-key"))
    receipt = sink.deliver([event(1)])
    sink.close()
    assert receipt.problem and "ALL_PROXY=a malformed URL" in receipt.problem
    assert "secret" not in receipt.problem


def test_connecting_to_many_silent_addresses_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        # Once its queue is full, the kernel ignores whoever connects, as a firewall may.
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        resolve = socket.getaddrinfo

        def find(host: str, *arguments: Any, **options: Any) -> Any:
            hosts = ["127.0.0.1"] * 8 if host == "payi.test" else [host]
            return [found for name in hosts for found in resolve(name, *arguments, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", find)
        sink = PayiSink(PayiAccount(f"http://payi.test:{port}", "payi-key"), response_seconds=0.5)
        started = monotonic()
        assert list(sink.deliver([event(1)]).retry) == [0]
        # Half a second for each of the eight would be four.
        assert monotonic() - started < 3
        sink.close()


def test_another_address_of_a_host_is_tried_where_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **options: [
            found
            for name in (["127.0.0.2", "127.0.0.1"] if host == "payi.test" else [host])
            for found in resolve(name, *rest, **options)
        ],
    )
    ingest = Ingest(lambda events: make_reply())
    try:
        port = httpx.URL(ingest.url).port
        sink = PayiSink(PayiAccount(f"http://payi.test:{port}", "payi-key"))
        assert not sink.deliver([event(1)]).retry
        sink.close()
    finally:
        ingest.stop()
