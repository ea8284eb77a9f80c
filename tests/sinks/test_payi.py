"""Bulk delivery to the Pay-i API, against a server on loopback that responds in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import ACCEPTED, JSON, event
from tests.support.origin import CannedResponse, Origin


def test_a_batch_is_one_bulk_request_with_an_array_as_its_body(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [ACCEPTED]
    receipt = bulk.deliver([event(1, user_id="ü", limit_ids=("a", "b"), scope="region.eu"), event(2)])
    [received] = origin.received
    assert (received.method, received.path) == ("POST", "/api/v1/ingest/bulk")
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["content-type"] == "application/json"
    first, second = json.loads(received.body)
    assert (first["user_id"], first["limit_ids"], first["scope"]) == ("ü", ["a", "b"], "region.eu")
    assert second["units"] == {"text": {"input": 2}}
    assert (list(receipt.retry), receipt.rejected, receipt.bytes_sent) == ([], {}, len(received.body))


def test_a_batch_too_large_for_one_body_is_sent_in_several_requests(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [ACCEPTED]
    receipt = bulk.deliver([event(number, provider_request_json="x" * 3_000_000) for number in range(3)])
    sizes = [len(json.loads(received.body)) for received in origin.received]
    assert sizes == [1, 1, 1]
    assert not receipt.retry


@pytest.mark.parametrize(("over", "sizes"), [(0, [2]), (1, [1, 1])])
def test_a_body_has_4_mib_of_events_at_most(
    over: int, sizes: list[int], bulk: PayiSink, origin: Origin
) -> None:
    origin.responses = [ACCEPTED]
    empty = event(1, provider_request_json="")
    # Two events, each with what separates it from the next.
    room = 4 * 1024 * 1024 - 2 * (len(msgspec.json.encode(empty)) + 1)
    texts = ("x" * (room // 2), "x" * (room - room // 2 + over))
    receipt = bulk.deliver([msgspec.structs.replace(empty, provider_request_json=text) for text in texts])
    assert [len(json.loads(received.body)) for received in origin.received] == sizes
    assert not receipt.retry


def test_a_batch_has_256_events_at_most_unless_another_limit_is_set() -> None:
    account = PayiAccount("https://payi.test", "payi-key")
    assert PayiSink(account).batch_limit == 256
    assert PayiSink(account, batch_limit=7).batch_limit == 7


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_status_that_may_be_temporary_is_retried(status: int, bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [CannedResponse([b"<html>"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected) == ([0, 1], {})
    assert receipt.problem == f"Pay-i responded with HTTP {status}"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_status_that_refuses_the_body_rejects_its_events(
    status: int, bulk: PayiSink, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected) == ([], {0: f"status_{status}", 1: f"status_{status}"})
    assert [len(json.loads(received.body)) for received in origin.received] == [2, 1, 1]


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405, 451])
def test_a_status_that_refuses_key_or_url_keeps_all_events_and_probes_once_a_minute(
    status: int, bulk: PayiSink, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected, receipt.wait) == ([0, 1], {}, 60)
    assert receipt.denied and receipt.problem
    assert receipt.problem.startswith(f"Pay-i responded with HTTP {status}: it does not accept this API key")


def refuse_poison(origin: Origin, poison: set[int]) -> None:
    """Respond with 400 to each request that contains one of the events in `poison`."""

    def respond() -> CannedResponse:
        ids = {item["provider_response_id"] for item in json.loads(origin.received[-1].body)}
        bad = ids & {f"id-{number}" for number in poison}
        return CannedResponse([b"{}"], status=400) if bad else ACCEPTED

    origin.next_response = respond  # type: ignore[method-assign]


@pytest.mark.parametrize("poison", [{0}, {99}, {41}, {0, 99}, {40, 41, 42}, set(range(100))], ids=len)
def test_a_refused_batch_is_halved_until_the_bad_event_is_alone(
    poison: set[int], bulk: PayiSink, origin: Origin
) -> None:
    refuse_poison(origin, poison)
    receipt = bulk.deliver([event(number) for number in range(100)])
    assert receipt.rejected == dict.fromkeys(poison, "status_400")
    assert not receipt.retry
    assert len(origin.received) <= 1 + 20 * len(poison)
    assert receipt.bytes_sent == sum(len(received.body) for received in origin.received)


def test_a_failure_during_halving_keeps_the_rejections_found_so_far(bulk: PayiSink, origin: Origin) -> None:
    bad, down = CannedResponse([b"{}"], status=400), CannedResponse([b"{}"], status=503)
    origin.responses = [bad, bad, bad, ACCEPTED, down]
    receipt = bulk.deliver([event(number) for number in range(4)])
    sizes = [len(json.loads(received.body)) for received in origin.received]
    assert sizes == [4, 2, 1, 3]
    assert (list(receipt.retry), receipt.rejected) == ([], {0: "status_400"})


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": format_datetime(datetime.now(timezone.utc) + timedelta(hours=2))}, 3600, 7200),
        ({"retry-after": format_datetime(datetime.now(timezone.utc) - timedelta(hours=2))}, 0, 0),
    ],
)
def test_the_receipt_has_the_wait_that_the_server_asks_for(
    headers: dict[str, str], low: float, high: float, bulk: PayiSink, origin: Origin
) -> None:
    origin.responses = [CannedResponse([b"{}"], status=429, headers=headers)]
    wait = bulk.deliver([event(1)]).wait
    assert wait is not None and low <= wait <= high


@pytest.mark.parametrize("value", ["soon", "", "Mon, 99 Foo"])
def test_a_malformed_retry_after_is_ignored(value: str, bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [CannedResponse([b"{}"], status=503, headers={"retry-after": value})]
    assert bulk.deliver([event(1)]).wait is None


def test_rejected_items_of_a_bulk_request_are_reported_one_by_one(bulk: PayiSink, origin: Origin) -> None:
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
    origin.responses = [
        CannedResponse([json.dumps({"ingest_count": 1, "errors": errors}).encode()], headers=JSON)
    ]
    receipt = bulk.deliver([event(number) for number in range(4)])
    assert list(receipt.retry) == [2]
    assert receipt.rejected == {0: "item_400", 1: "item_refused", 3: "item_refused"}
    assert receipt.problem == "Pay-i rejected 7 of 4 events"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors":7}', b'{"errors":null}', b"\xff", b"[" * 100_000])
def test_an_unreadable_response_confirms_and_rejects_nothing(
    body: bytes, bulk: PayiSink, origin: Origin
) -> None:
    origin.responses = [CannedResponse([body] if body else [])]
    receipt = bulk.deliver([event(1)])
    assert (list(receipt.retry), list(receipt.uncertain), receipt.rejected) == ([0], [0], {})


def test_an_html_page_is_not_a_response_of_pay_i(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [CannedResponse([b"\n<html>log in</html>"], headers={"content-type": "text/html"})]
    receipt = bulk.deliver([event(1), event(2)])
    assert list(receipt.retry) == [0, 1]
    assert receipt.problem == (
        "Pay-i responded with HTTP 200 and an HTML page, which is not from Pay-i and confirms no event: "
        "check proxies and the base URL"
    )


def test_an_event_too_large_for_a_body_is_sent_alone(bulk: PayiSink, origin: Origin) -> None:
    origin.responses = [ACCEPTED]
    receipt = bulk.deliver([event(1, provider_request_json="x" * 5_000_000), event(2)])
    assert [len(json.loads(received.body)) for received in origin.received] == [1, 1]
    assert not receipt.retry


def test_a_later_part_without_a_wait_or_a_problem_keeps_those_of_an_earlier_part(
    bulk: PayiSink, origin: Origin
) -> None:
    busy = {"item_index": 0, "xproxy_result": {"message": "busy", "statusCode": 503}}
    body = json.dumps({"ingest_count": 1, "errors": [busy]}).encode()
    origin.responses = [CannedResponse([body], headers={**JSON, "retry-after": "7"}), ACCEPTED]
    small, large = event(1), event(2, provider_request_json="x" * 3_000_000)
    receipt = bulk.deliver([small, large, large])
    assert [len(json.loads(received.body)) for received in origin.received] == [2, 1]
    assert (list(receipt.retry), receipt.wait) == ([0], 7.0)
    assert receipt.problem == "Pay-i rejected 1 of 2 events"


def test_what_becomes_of_an_event_counts_at_its_place_in_the_batch(bulk: PayiSink, origin: Origin) -> None:
    refused = {"item_index": 0, "xproxy_result": {"message": "bad", "statusCode": 400}}
    body = json.dumps({"ingest_count": 0, "errors": [refused]}).encode()
    origin.responses = [ACCEPTED, CannedResponse([body]), CannedResponse([b"<html>"], status=502)]
    receipt = bulk.deliver([event(number, provider_request_json="x" * 3_000_000) for number in range(4)])
    assert (list(receipt.retry), list(receipt.uncertain)) == ([2, 3], [2])
    assert receipt.rejected == {1: "item_400"}
    assert receipt.bytes_sent == sum(len(received.body) for received in origin.received)


def test_an_event_of_a_later_part_is_degraded_by_its_own_code(bulk: PayiSink, origin: Origin) -> None:
    result = {"statusCode": 400, "xproxy_error": {"code": "invalid_user_id"}}
    body = json.dumps({"ingest_count": 0, "errors": [{"item_index": 0, "xproxy_result": result}]}).encode()
    origin.responses = [ACCEPTED, CannedResponse([body]), ACCEPTED]
    large = [event(number, user_id="Jo Do", provider_request_json="x" * 3_000_000) for number in range(2)]
    assert not bulk.deliver(large).rejected
    users = [json.loads(received.body)[0]["user_id"] for received in origin.received]
    names = [json.loads(received.body)[0]["provider_response_id"] for received in origin.received]
    assert (users, names) == (["Jo Do", "Jo Do", "Jo_Do"], ["id-0", "id-1", "id-1"])


@pytest.mark.parametrize(("count", "retry"), [(1, [0]), (2, [])])
def test_all_requests_of_one_event_share_one_deadline(
    count: int,
    retry: list[int],
    bulk: PayiSink,
    origin: Origin,
    end_deadlines: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    degrade = bulk._refusals.degrade

    def degrade_late(*arguments: Any) -> Any:
        end_deadlines()
        return degrade(*arguments)

    monkeypatch.setattr(bulk._refusals, "degrade", degrade_late)
    result = {"statusCode": 400, "xproxy_error": {"code": "invalid_user_id"}}
    body = {"ingest_count": count - 1, "errors": [{"item_index": 0, "xproxy_result": result}]}
    origin.responses = [CannedResponse([json.dumps(body).encode()]), ACCEPTED]
    receipt = bulk.deliver([event(number, user_id="Jo Do") for number in range(count)])
    # A call may wait for its one event. Nobody waits for several.
    assert list(receipt.retry) == retry
    assert not receipt.rejected
