"""The connection to Pay-i: broken, slow, forked, closed, and never without a valid certificate."""

from __future__ import annotations

import itertools
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import ACCEPTED, event
from tests.support.origin import CannedResponse, Origin


def test_an_endless_response_is_cut_off(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [CannedResponse([b" " * 1_000_000] * 100)]
    assert list(bulk.deliver([event(1)]).uncertain) == [0]


def test_a_response_that_does_not_start_times_out(origin: Origin) -> None:
    hold = threading.Event()
    origin.responses = [ACCEPTED, CannedResponse(hold=hold)]
    sink = PayiSink(PayiAccount(origin.url, "payi-key"), response_seconds=1)
    # The second request has a connection already, so that it waits for nothing but its response.
    assert not sink.deliver([event(1)]).retry
    receipt = sink.deliver([event(2)])
    hold.set()
    sink.close()
    assert list(receipt.retry) == [0]
    assert receipt.problem == "Could not reach Pay-i (ReadTimeout: the response took longer than 1 s)"


@pytest.mark.parametrize(
    ("account", "described"),
    [
        (PayiAccount("http://127.0.0.1:1", "payi-key"), "ConnectError: "),
        (PayiAccount("http://[::1", "payi-key"), "InvalidURL)"),
        (PayiAccount("nowhere", "payi-key"), "UnsupportedProtocol)"),
    ],
)
def test_a_request_that_cannot_be_sent_is_described_without_the_key(
    account: PayiAccount, described: str, origin: Origin
) -> None:
    sink = PayiSink(account._replace(base_url=account.base_url.replace("{origin}", origin.url)))
    receipt = sink.deliver([event(1)])
    sink.close()
    # It was certainly not sent.
    assert (list(receipt.retry), list(receipt.uncertain)) == ([0], [])
    assert receipt.problem and described in receipt.problem
    assert "payi-key" not in receipt.problem


def test_a_redirect_names_where_it_leads_without_secrets(bulk: PayiSink, origin: Origin) -> None:
    location = {"location": "https://user:pw@payi.test/api?token=secret#x"}
    origin.responses = [CannedResponse([b""], status=301, headers=location)]
    receipt = bulk.deliver([event(1)])
    assert receipt.denied
    assert receipt.problem and "redirects to https://payi.test/api;" in receipt.problem
    assert "pw" not in receipt.problem and "secret" not in receipt.problem


@pytest.mark.parametrize("end", ["reset", "cut"])
def test_a_broken_connection_is_retried(end: str, bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [CannedResponse(end=end)]
    receipt = bulk.deliver([event(1)])
    assert list(receipt.retry) == [0]
    assert receipt.problem and "Could not reach Pay-i" in receipt.problem


def test_a_forked_child_opens_a_connection_of_its_own(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [ACCEPTED]
    bulk.deliver([event(1)])
    before = bulk.connection.http
    bulk.fork()
    bulk.deliver([event(2)])
    assert bulk.connection.http is not before and before is not None
    # A session of TLS would end for the parent, too.
    assert not before.is_closed
    assert len(origin.received) == 2
    before.close()


def test_close_works_before_first_use_and_twice(bulk: PayiSink, origin: Origin) -> None:
    bulk.close()
    origin.responses = [ACCEPTED]
    bulk.deliver([event(1)])
    used = bulk.connection.http
    bulk.close()
    bulk.close()
    assert used is not None and used.is_closed


CERTIFICATES = Path(__file__).parent.parent / "tls"


@pytest.fixture
def secure(origin: Origin) -> str:
    """The URL of a server with a certificate that no authority signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "cert.pem", CERTIFICATES / "key.pem")
    origin.socket = context.wrap_socket(origin.socket, server_side=True)
    origin.responses = [ACCEPTED]
    return f"https://localhost:{origin.server_port}"


@pytest.mark.parametrize("variable", ["PYTHONHTTPSVERIFY", "SSL_NO_VERIFY", "CURL_INSECURE"])
def test_an_unknown_certificate_is_never_accepted(
    variable: str, secure: str, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "0" if variable == "PYTHONHTTPSVERIFY" else "1")
    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
    sink = PayiSink(PayiAccount(secure, "payi-key"))
    receipt = sink.deliver([event(1)])
    sink.close()
    assert list(receipt.retry) == [0]
    assert receipt.problem and "CERTIFICATE_VERIFY_FAILED" in receipt.problem
    assert origin.received == []


def test_a_certificate_named_in_the_environment_is_accepted(
    secure: str, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "cert.pem"))
    sink = PayiSink(PayiAccount(secure, "payi-key"))
    assert not sink.deliver([event(1)]).retry
    sink.close()
    assert len(origin.received) == 1


class EndlessBody(httpx.SyncByteStream):
    """A body that counts the chunks taken from it and knows whether it was closed."""

    def __init__(self, first: int, later: int) -> None:
        self._sizes = itertools.chain([first], itertools.repeat(later))
        self.chunks = 0
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for size in self._sizes:
            self.chunks += 1
            yield b" " * size

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("first", "later", "chunks"),
    [(1_000_000, 1_000_000, 5), (4 * 1024 * 1024, 1, 2), (4 * 1024 * 1024 + 1, 1, 1)],
)
def test_an_endless_response_is_read_up_to_4_mib_and_then_closed(
    first: int, later: int, chunks: int, bulk: PayiSink
) -> None:
    body = EndlessBody(first, later)
    bulk.connection.http = httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=body))
    )
    assert list(bulk.deliver([event(1)]).uncertain) == [0]
    assert (body.chunks, body.is_closed) == (chunks, True)


@pytest.mark.parametrize(("options", "seconds"), [({}, 60.0), ({"response_seconds": 90.0}, 90.0)])
def test_connecting_may_take_5_seconds_however_long_a_response_may_take(
    options: dict[str, float], seconds: float
) -> None:
    timeouts: list[dict[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    sink = PayiSink(PayiAccount("https://api.pay-i.com", "payi-key"), **options)  # type: ignore[arg-type]
    sink.connection.http = httpx.Client(transport=httpx.MockTransport(respond))
    sink.deliver([event(1)])
    sink.close()
    assert timeouts == [{"connect": 5.0, "read": seconds, "write": seconds, "pool": seconds}]


def test_what_delivers_is_imported_at_once_where_forks_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "payi_transport.sinks.bounded_client"
    monkeypatch.delitem(sys.modules, module, raising=False)
    for name in ("gevent", "eventlet"):
        monkeypatch.setitem(sys.modules, name, None)
    PayiSink(PayiAccount("https://payi.test", "payi-key"))
    assert module not in sys.modules
    monkeypatch.setitem(sys.modules, "uwsgi", sys)
    PayiSink(PayiAccount("https://payi.test", "payi-key"))
    assert module in sys.modules
