"""The Pay-i API as a destination, against a real server that answers in every way."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from payi_transport import Event, Units
from payi_transport.sinks.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.origin import Answer, Origin

JSON = {"content-type": "application/json"}
TAKEN = Answer(
    [b'{"ingest_count":1,"ingest_timestamp":"2026-01-01T00:00:00Z","request_id":"r"}'], headers=JSON
)


def event(number: int, **fields: Any) -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        **fields,
    )


@pytest.fixture
def bulk(origin: Origin) -> Any:
    sink = PayiSink(PayiAccount(origin.url, "payi-key"))
    yield sink
    sink.close()


@pytest.fixture
def single(origin: Origin) -> Any:
    sink = PayiSink(PayiAccount(origin.url + "/", "payi-key"), single=True)
    yield sink
    sink.close()


def test_a_batch_is_one_bulk_call_with_the_array_as_its_body(bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [TAKEN]
    receipt = bulk.deliver([event(1, user_id="ü", limit_ids=("a", "b"), scope="region.eu"), event(2)])
    [received] = origin.received
    assert (received.method, received.path) == ("POST", "/api/v1/ingest/bulk")
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["content-type"] == "application/json"
    first, second = json.loads(received.body)
    assert (first["user_id"], first["limit_ids"], first["scope"]) == ("ü", ["a", "b"], "region.eu")
    assert second["units"] == {"text": {"input": 2}}
    assert (list(receipt.retry), receipt.rejected, receipt.bytes_sent) == ([], {}, len(received.body))


def test_a_batch_too_large_for_one_body_is_sent_in_several(bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [TAKEN]
    receipt = bulk.deliver([event(number, provider_request_json="x" * 3_000_000) for number in range(3)])
    sizes = [len(json.loads(received.body)) for received in origin.received]
    assert sizes == [1, 1, 1]
    assert not receipt.retry


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_status_that_may_go_away_is_retried(status: int, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([b"<html>"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected) == ([0, 1], {})
    assert receipt.problem == f"Pay-i answered {status}"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_status_that_blames_the_body_rejects_what_is_in_it(
    status: int, bulk: PayiSink, origin: Origin
) -> None:
    origin.answers = [Answer([b"{}"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected) == ([], {0: f"status_{status}", 1: f"status_{status}"})
    assert [len(json.loads(received.body)) for received in origin.received] == [2, 1, 1]


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405, 451])
def test_a_status_that_blames_key_or_address_keeps_all_and_asks_once_a_minute(
    status: int, bulk: PayiSink, origin: Origin
) -> None:
    origin.answers = [Answer([b"{}"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected, receipt.wait) == ([0, 1], {}, 60)
    assert receipt.denied and receipt.problem
    assert receipt.problem.startswith(f"Pay-i answered {status}, so it does not accept this key")


def refuse_poison(origin: Origin, poison: set[int]) -> None:
    """Answer 400 to whatever holds one of the events that are `poison`."""

    def answer() -> Answer:
        ids = {item["provider_response_id"] for item in json.loads(origin.received[-1].body)}
        bad = ids & {f"id-{number}" for number in poison}
        return Answer([b"{}"], status=400) if bad else TAKEN

    origin.next_answer = answer  # type: ignore[method-assign]


@pytest.mark.parametrize("poison", [{0}, {99}, {41}, {0, 99}, {40, 41, 42}, set(range(100))], ids=len)
def test_a_refused_batch_is_halved_until_the_poison_is_alone(
    poison: set[int], bulk: PayiSink, origin: Origin
) -> None:
    refuse_poison(origin, poison)
    receipt = bulk.deliver([event(number) for number in range(100)])
    assert receipt.rejected == dict.fromkeys(poison, "status_400")
    assert not receipt.retry
    assert len(origin.received) <= 1 + 20 * len(poison)
    assert receipt.bytes_sent == sum(len(received.body) for received in origin.received)


def test_a_failure_in_the_middle_of_halving_keeps_what_was_found_until_then(
    bulk: PayiSink, origin: Origin
) -> None:
    bad, down = Answer([b"{}"], status=400), Answer([b"{}"], status=503)
    origin.answers = [bad, bad, bad, TAKEN, down]
    receipt = bulk.deliver([event(number) for number in range(4)])
    sizes = [len(json.loads(received.body)) for received in origin.received]
    assert sizes == [4, 2, 1, 3]
    assert (list(receipt.retry), receipt.rejected) == ([], {0: "status_400"})


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=2))}, 3600, 7200),
        ({"retry-after": format_datetime(datetime.now(UTC) - timedelta(hours=2))}, 0, 0),
    ],
)
def test_the_wait_that_is_asked_for_is_passed_on(
    headers: dict[str, str], low: float, high: float, bulk: PayiSink, origin: Origin
) -> None:
    origin.answers = [Answer([b"{}"], status=429, headers=headers)]
    wait = bulk.deliver([event(1)]).wait
    assert wait is not None and low <= wait <= high


@pytest.mark.parametrize("value", ["soon", "", "Mon, 99 Foo"])
def test_a_wait_that_can_not_be_read_is_none(value: str, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([b"{}"], status=503, headers={"retry-after": value})]
    assert bulk.deliver([event(1)]).wait is None


def test_the_refused_items_of_a_bulk_call_are_told_one_by_one(bulk: PayiSink, origin: Origin) -> None:
    errors = [
        {"item_index": 0, "xproxy_result": {"message": "bad", "statusCode": 400}},
        {"item_index": 2, "xproxy_result": {"message": "busy", "statusCode": 503}},
        {"item_index": 3, "xproxy_result": None},
        {"item_index": 99, "xproxy_result": {"statusCode": 400}},
        {"item_index": "x"},
        None,
        7,
        {"item_index": 0, "xproxy_result": {"message": "bad again", "statusCode": 503}},
        {"item_index": 1, "xproxy_result": {"statusCode": "a long story"}},
    ]
    origin.answers = [Answer([json.dumps({"ingest_count": 1, "errors": errors}).encode()], headers=JSON)]
    receipt = bulk.deliver([event(number) for number in range(4)])
    assert list(receipt.retry) == [2]
    assert receipt.rejected == {0: "item_400", 1: "item_refused", 3: "item_refused"}
    assert receipt.problem == "Pay-i refused 7 of 4 events"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors":7}', b'{"errors":null}', b"\xff", b"[" * 100_000])
def test_an_answer_that_can_not_be_read_refuses_nothing(body: bytes, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([body] if body else [])]
    receipt = bulk.deliver([event(1)])
    assert (list(receipt.retry), receipt.rejected) == ([], {})


def test_a_page_in_the_place_of_an_answer_is_not_pay_i(bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([b"\n<html>log in</html>"], headers={"content-type": "text/html"})]
    receipt = bulk.deliver([event(1), event(2)])
    assert list(receipt.retry) == [0, 1]
    assert receipt.problem == "Pay-i answered 200 with a page that is not its own"


def test_an_answer_without_end_is_left_behind(bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([b" " * 1_000_000] * 100)]
    assert not bulk.deliver([event(1)]).retry


def test_an_answer_that_drips_is_given_up(origin: Origin) -> None:
    origin.answers = [Answer([b" "] * 1_000_000)]
    sink = PayiSink(PayiAccount(origin.url, "payi-key"), answer_seconds=0.2)
    receipt = sink.deliver([event(1)])
    sink.close()
    assert list(receipt.retry) == [0]
    assert receipt.problem == "Pay-i can not be reached (ReadTimeout: the answer takes too long)"


def test_an_answer_that_does_not_begin_is_given_up(origin: Origin) -> None:
    hold = threading.Event()
    origin.answers = [Answer(hold=hold)]
    sink = PayiSink(PayiAccount(origin.url, "payi-key"), answer_seconds=0.05)
    receipt = sink.deliver([event(1)])
    hold.set()
    sink.close()
    assert list(receipt.retry) == [0]
    assert receipt.problem == "Pay-i can not be reached (ReadTimeout: timed out)"


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (PayiAccount("http://127.0.0.1:1", "payi-key"), "ConnectError: "),
        (PayiAccount("http://[::1", "payi-key"), "InvalidURL)"),
        (PayiAccount("nowhere", "payi-key"), "UnsupportedProtocol)"),
    ],
)
def test_what_can_not_be_sent_is_told_without_the_key(
    account: PayiAccount, told: str, origin: Origin
) -> None:
    sink = PayiSink(account._replace(base_url=account.base_url.replace("{origin}", origin.url)))
    receipt = sink.deliver([event(1)])
    sink.close()
    assert list(receipt.retry) == [0]
    assert receipt.problem and told in receipt.problem
    assert "payi-key" not in receipt.problem


@pytest.mark.parametrize("end", ["reset", "cut"])
def test_a_broken_connection_is_retried(end: str, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer(end=end)]
    receipt = bulk.deliver([event(1)])
    assert list(receipt.retry) == [0]
    assert receipt.problem and "can not be reached" in receipt.problem


def test_a_single_event_is_a_call_with_its_context_in_headers(single: PayiSink, origin: Origin) -> None:
    origin.answers = [TAKEN]
    single.deliver(
        [
            event(
                1,
                limit_ids=("a", "b"),
                request_tags=("t",),
                use_case_id="7",
                use_case_name="grüße\nzwei",
                use_case_step="plan",
                use_case_version=3,
                user_id="日本",
                account_name="acme",
                scope="global",
                resource="gpt",
            )
        ]
    )
    [received] = origin.received
    assert received.path == "/api/v1/ingest?id=id-1"
    sent = {name: value.encode("latin-1").decode() for name, value in received.headers.items()}
    assert {name: value for name, value in sent.items() if name.startswith("xproxy-")} == {
        "xproxy-api-key": "payi-key",
        "xproxy-limit-ids": "a,b",
        "xproxy-request-tags": "t",
        "xproxy-usecase-id": "7",
        "xproxy-usecase-name": "grüße zwei",
        "xproxy-usecase-step": "plan",
        "xproxy-usecase-version": "3",
        "xproxy-user-id": "日本",
        "xproxy-account-name": "acme",
        "xproxy-resource-scope": "global",
    }
    assert json.loads(received.body) == {
        "category": "system.openai",
        "units": {"text": {"input": 1}},
        "provider_response_id": "id-1",
        "resource": "gpt",
    }


def test_what_pay_i_says_of_a_single_event_is_part_of_the_receipt(single: PayiSink, origin: Origin) -> None:
    results = [{"request_id": str(number), "xproxy_result": {"limits": {}}} for number in range(2)]
    origin.answers = [
        Answer([json.dumps(results[0]).encode()]),
        Answer([b"{}"], status=400),
        Answer([b"no json"]),
        Answer([json.dumps(results[1]).encode()]),
    ]
    assert single.deliver([event(number) for number in range(4)]).results == {0: results[0], 3: results[1]}


def test_after_a_failed_single_call_the_rest_waits(single: PayiSink, origin: Origin) -> None:
    origin.answers = [
        TAKEN,
        Answer([b"{}"], status=422),
        Answer([b"{}"], status=503, headers={"retry-after": "2"}),
    ]
    receipt = single.deliver([event(number) for number in range(5)])
    assert len(origin.received) == 3
    assert (list(receipt.retry), receipt.rejected, receipt.wait) == ([2, 3, 4], {1: "status_422"}, 2)


def test_a_forked_child_uses_no_connection_of_its_parent(bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [TAKEN]
    bulk.deliver([event(1)])
    before = bulk._http
    bulk.fork()
    bulk.deliver([event(2)])
    assert bulk._http is not before and before is not None
    assert len(origin.received) == 2
    before.close()


def test_closing_twice_and_closing_what_was_never_used_is_fine(bulk: PayiSink, origin: Origin) -> None:
    bulk.close()
    origin.answers = [TAKEN]
    bulk.deliver([event(1)])
    bulk.close()
    bulk.close()


CERTIFICATES = Path(__file__).parent.parent / "tls"


@pytest.fixture
def secure(origin: Origin) -> str:
    """The address of a server with a certificate that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "cert.pem", CERTIFICATES / "key.pem")
    origin.socket = context.wrap_socket(origin.socket, server_side=True)
    origin.answers = [TAKEN]
    return f"https://localhost:{origin.server_port}"


@pytest.mark.parametrize("variable", ["PYTHONHTTPSVERIFY", "SSL_NO_VERIFY", "CURL_INSECURE"])
def test_a_certificate_that_nobody_vouches_for_is_never_accepted(
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


def test_a_certificate_that_the_environment_vouches_for_is_accepted(
    secure: str, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "cert.pem"))
    sink = PayiSink(PayiAccount(secure, "payi-key"))
    assert not sink.deliver([event(1)]).retry
    sink.close()
    assert len(origin.received) == 1
