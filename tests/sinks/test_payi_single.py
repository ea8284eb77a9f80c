"""Single delivery to the Pay-i API: one request for each event, its context in headers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import ACCEPTED, event
from tests.support.origin import CannedResponse, Origin


@pytest.fixture
def single(origin: Origin) -> Iterator[PayiSink]:
    sink = PayiSink(PayiAccount(origin.url + "/", "payi-key"), single=True)
    yield sink
    sink.close()


def test_a_single_event_is_a_request_with_its_context_in_headers(single: PayiSink, origin: Origin) -> None:
    origin.responses = [ACCEPTED]
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


def test_the_receipt_has_the_result_of_each_accepted_event(single: PayiSink, origin: Origin) -> None:
    results = [{"request_id": str(number), "xproxy_result": {"limits": {}}} for number in range(2)]
    origin.responses = [
        CannedResponse([json.dumps(results[0]).encode()]),
        CannedResponse([b"{}"], status=400),
        CannedResponse([json.dumps(results[1]).encode()]),
    ]
    assert single.deliver([event(number) for number in range(3)]).results == {0: results[0], 2: results[1]}


def test_after_a_failed_request_the_remaining_events_are_not_sent(single: PayiSink, origin: Origin) -> None:
    origin.responses = [
        ACCEPTED,
        CannedResponse([b"{}"], status=422),
        CannedResponse([b"{}"], status=503, headers={"retry-after": "2"}),
    ]
    receipt = single.deliver([event(number) for number in range(5)])
    assert len(origin.received) == 3
    assert (list(receipt.retry), receipt.rejected, receipt.wait) == ([2, 3, 4], {1: "status_422"}, 2)
