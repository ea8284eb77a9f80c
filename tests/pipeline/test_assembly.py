"""A pipeline is built of what the user gave: the sink, the account, the mode of delivery."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Literal

import httpx
import payi
import pytest

from payi_transport import (
    AsyncPayi,
    Event,
    MemorySink,
    Payi,
    PayiConfigError,
    Receipt,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.client.account import PayiAccount
from payi_transport.config.schema import DeliverySettings, Settings
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.assembly import find_account, prepare_settings
from payi_transport.sinks.payi import PayiSink
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_unary")
URL = "https://api.openai.com/v1/chat/completions"


def call() -> None:
    response = httpx.Response(200, headers=CASE.headers, content=CASE.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
        client.post(URL, content=CASE.request)


def fail() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    with httpx.Client(transport=httpx.MockTransport(refuse)) as client:
        client.post(URL, content=CASE.request)


@pytest.mark.parametrize("key", ["", "key"])
@pytest.mark.parametrize("url", [None, "https://pay-i.test"])
def test_the_account_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, key: str, url: str | None
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", key)
    monkeypatch.setenv("PAYI_BASE_URL", url or "")
    assert find_account(None)[:2] == (url or "https://api.pay-i.com", key)


@pytest.mark.parametrize("several", [True, False])
def test_the_account_is_that_of_the_first_client(several: bool) -> None:
    client = SimpleNamespace(api_key="k", base_url=httpx.URL("https://pay-i.test"))
    other = SimpleNamespace(api_key="o", base_url="https://other.test")
    account = find_account([client, other] if several else client)
    assert account == PayiAccount("https://pay-i.test", "k")


CLIENTS = {"ours": (Payi, AsyncPayi), "of Pay-i's SDK": (payi.Payi, payi.AsyncPayi)}


def test_a_header_that_a_client_removes_is_not_sent_with_events(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_CUSTOM_HEADERS", "X-Gateway: g\nX-Tenant: t")
    account = find_account(Payi(api_key="k", base_url=origin.url, default_headers={"x-gateway": None}))
    sink = PayiSink(account)
    origin.responses = [CannedResponse(confirms=True)]
    sink.deliver([Event(category="c", units={}, provider_response_id="id")])
    sink.close()
    assert origin.received[0].headers.get("x-tenant") == "t"
    assert "x-gateway" not in origin.received[0].headers


@pytest.mark.parametrize("kinds", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize("headers", [{}, {"x-gateway": "g", "x-tenant": "t"}], ids=["without", "with"])
def test_the_headers_and_query_that_a_client_was_given_go_with_the_events(
    headers: dict[str, str], kinds: tuple[Any, ...], origin: Origin
) -> None:
    for kind in kinds:
        origin.responses, origin.received = [CannedResponse(confirms=True)], []
        query = {"region": 7} if headers else None
        payi_instrument(kind(api_key="k", base_url=origin.url, default_headers=headers, default_query=query))
        call()
        payi_uninstrument()
        [received] = origin.received
        assert received.headers["xproxy-api-key"] == "k"
        assert received.headers["user-agent"] == "payi_transport"
        assert received.path.partition("?")[2] == ("region=7" if headers else "")
        assert {name: received.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://pay-i.test", True),
        ("http://10.0.0.1:8080", True),
        ("https://pay-i.test", False),
        ("http://localhost:8080", False),
    ],
)
def test_an_unencrypted_address_is_warned_about(
    url: str, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(Payi(api_key="k", base_url=url))
    assert ("unencrypted" in caplog.text) == told


@pytest.mark.parametrize("payi", [3, [3], SimpleNamespace(api_key=None, base_url="x"), "text"])
def test_an_object_that_is_not_a_client_is_an_error(payi: Any) -> None:
    with pytest.raises(PayiConfigError, match="expected a Payi or AsyncPayi client"):
        find_account(payi)


@pytest.mark.parametrize(
    ("given", "config", "logger", "mode"),
    [
        ("bulk", {}, None, "bulk"),
        ("bulk", {"proxy": True}, None, "bulk"),
        ("bulk", {}, print, "inline"),
        ("bulk", {"proxy": True}, print, "inline"),
        ("bulk", {"enforce_limits": True}, print, "inline"),
        ("single", {}, print, "single"),
        ("bulk", {"enforce_limits": True}, None, "single"),
        ("bulk", {"on_limit": print}, None, "single"),
        ("bulk", {"enforce_limits": True, "proxy": True}, None, "bulk"),
        ("single", {"enforce_limits": True}, None, "single"),
        ("inline", {"enforce_limits": True}, None, "inline"),
        ("inline", {}, print, "inline"),
    ],
)
def test_events_are_delivered_one_by_one_where_pay_is_response_to_each_is_needed(
    given: Any, config: Any, logger: object, mode: Any
) -> None:
    settings = Settings(delivery=DeliverySettings(mode=given, max_batch=7), **config)
    prepared = prepare_settings(settings, logger)
    assert prepared == Settings(delivery=DeliverySettings(mode=mode, max_batch=7), **config)


class WholeSink(MemorySink):
    """A sink with parts of other kinds, given by name."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        vars(self).update(parts)


async def deliver_later(batch: Sequence[Event]) -> Receipt:
    return Receipt()


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        (print, "has no deliver, fork, close, batch_limit;"),
        (SimpleNamespace(deliver=print), "has no fork, close, batch_limit;"),
        (SimpleNamespace(deliver=3, fork=print, close=print, batch_limit=None), "has no deliver;"),
        ([], "has no deliver, fork, close, batch_limit;"),
        (MemorySink, "is a class;"),
        (WholeSink(deliver=deliver_later), "has coroutine functions, deliver;"),
        (WholeSink(batch_limit=0), "has batch_limit 0;"),
        (WholeSink(batch_limit="10"), "has batch_limit '10';"),
    ],
)
def test_an_object_that_is_not_a_sink_is_an_error_that_says_what_it_lacks(sink: Any, told: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        payi_instrument(sink=sink)
    for part in ("sink: ", told, "expected an object with deliver(batch)", "batch_limit, a count or None"):
        assert part in str(error.value)
    assert get_active() is None


@pytest.mark.parametrize("limit", [None, 1, 100])
def test_a_sink_may_have_any_limit_of_events_in_a_batch(limit: int | None) -> None:
    sink = WholeSink(batch_limit=limit)
    payi_instrument(sink=sink)
    call()
    assert payi_flush()
    assert len(sink.events) == 1


def test_a_sink_is_one_whatever_its_truth_is() -> None:
    class Empty(MemorySink):
        def __len__(self) -> int:
            return len(self.events)

    sink = Empty()
    payi_instrument(sink=sink)
    call()
    assert payi_flush()
    assert len(sink) == 1


def test_a_child_reports_inline_as_its_parent_did() -> None:
    sink = MemorySink()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    call()
    pipeline = get_active()
    assert pipeline is not None
    assert (len(sink.events), payi_stats().delivered) == (1, 1)
    pipeline.reset_after_fork()
    assert (len(sink.events), payi_stats().captured) == (0, 0)
    call()
    assert payi_flush()
    assert (len(sink.events), payi_stats().delivered) == (1, 1)


def test_a_sink_that_callers_and_the_worker_share_gets_one_call_at_a_time() -> None:
    class Watched(MemorySink):
        inside = most = 0
        entered, met = threading.Event(), threading.Event()

        def deliver(self, batch: Sequence[Event]) -> Receipt:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside > 1:
                self.met.set()
            self.entered.set()
            self.met.wait(0.3)
            self.inside -= 1
            return super().deliver(batch)

    sink = Watched()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline", "flush_interval": 0.001}})
    waiting = threading.Thread(target=call)
    waiting.start()
    assert sink.entered.wait(10)
    with pytest.raises(httpx.ConnectError):
        fail()
    assert payi_flush(10)
    waiting.join()
    assert (len(sink.events), sink.most) == (2, 1)


@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_a_sink_is_closed_once(mode: Literal["bulk", "inline"]) -> None:
    class Closing(MemorySink):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    sink = Closing()
    payi_instrument(sink=sink, config={"delivery": {"mode": mode}})
    payi_uninstrument()
    assert sink.closed == 1


def test_after_shutdown_no_call_waits_for_its_report() -> None:
    sink = MemorySink()
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    assert payi_shutdown()
    call()
    assert (sink.events, payi_stats().lost) == ([], {"shutdown": 1})


@pytest.mark.parametrize("name", ["a file", "a file/below"])
def test_a_spool_that_cannot_be_written_is_an_error_at_start(tmp_path: Any, name: str) -> None:
    (tmp_path / "a file").write_bytes(b"")
    directory = str(tmp_path / name)
    with pytest.raises(PayiConfigError, match=r"config\.delivery\.spool_directory: .*a file"):
        payi_instrument(sink=MemorySink(), config={"delivery": {"spool_directory": directory}})


@pytest.mark.usefixtures("without_locks")
def test_a_spool_whose_files_cannot_be_locked_is_an_error_at_start(tmp_path: Any) -> None:
    with pytest.raises(PayiConfigError, match=r"config\.delivery\.spool_directory: .*No locks available"):
        payi_instrument(sink=MemorySink(), config={"delivery": {"spool_directory": str(tmp_path)}})
