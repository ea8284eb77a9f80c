"""The Pay-i API as a destination, against a real server that answers in every way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from payi_transport import Event, Units
from payi_transport.sinks.payi import PayiAccount, PayiSink
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


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_status_that_stays_rejects_with_its_reason(status: int, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([b"{}"], status=status)]
    receipt = bulk.deliver([event(1), event(2)])
    assert (list(receipt.retry), receipt.rejected) == ([], {0: f"status_{status}", 1: f"status_{status}"})


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=2))}, 7000, 7200),
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
    ]
    origin.answers = [Answer([json.dumps({"ingest_count": 1, "errors": errors}).encode()], headers=JSON)]
    receipt = bulk.deliver([event(number) for number in range(4)])
    assert list(receipt.retry) == [2]
    assert receipt.rejected == {0: "item_400", 3: "item_refused"}
    assert receipt.problem == "Pay-i refused 5 of 4 events"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors":7}', b'{"errors":null}', b"\xff"])
def test_an_answer_that_can_not_be_read_refuses_nothing(body: bytes, bulk: PayiSink, origin: Origin) -> None:
    origin.answers = [Answer([body] if body else [])]
    receipt = bulk.deliver([event(1)])
    assert (list(receipt.retry), receipt.rejected) == ([], {})


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
    before = bulk._client
    bulk.fork()
    bulk.deliver([event(2)])
    assert bulk._client is not before and before is not None
    assert len(origin.received) == 2
    before.close()


def test_closing_twice_and_closing_what_was_never_used_is_fine(bulk: PayiSink, origin: Origin) -> None:
    bulk.close()
    origin.answers = [TAKEN]
    bulk.deliver([event(1)])
    bulk.close()
    bulk.close()
