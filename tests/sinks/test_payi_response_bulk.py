"""What a bulk response says of each of its events, and which of the refused ones may pass with less."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.sinks.payi_response import PayiResponse, find_refusals
from payi_transport.sinks.protocol import Receipt
from tests.sinks.payi_responses import NOT_PAYI, error, read, respond


def item(index: Any, status: Any = 400, code: str = "") -> dict[str, Any]:
    return {"item_index": index, "xproxy_result": {"statusCode": status, **error(code)}}


@pytest.mark.parametrize(
    ("body", "retry", "uncertain", "rejected", "problem"),
    [
        ({"ingest_count": 3}, [], [], {}, None),
        ({"ingest_count": 4}, [], [], {}, None),
        ({"ingest_count": 3, "error_count": 0, "item_error_count": 0, "errors": []}, [], [], {}, None),
        ({"ingest_count": 3, "error_count": True, "item_error_count": -1}, [], [], {}, None),
        (
            {"ingest_count": 2},
            [0, 1, 2],
            [0, 1, 2],
            {},
            "Pay-i confirmed 2 of 3 events and named 0 errors, so 3 events are not confirmed",
        ),
        (
            {"ingest_count": 3, "error_count": 1},
            [0, 1, 2],
            [0, 1, 2],
            {},
            "Pay-i confirmed 3 of 3 events and named 0 errors, so 3 events are not confirmed",
        ),
        (
            {"ingest_count": 2, "item_error_count": 2, "errors": [item(1)]},
            [0, 2],
            [0, 2],
            {1: "item_400"},
            "Pay-i confirmed 2 of 3 events and named 1 errors, so 2 events are not confirmed",
        ),
        (
            {"ingest_count": 2, "error_count": 1, "item_error_count": 1, "errors": [item(2, 422)]},
            [],
            [],
            {2: "item_422"},
            "Pay-i rejected 1 of 3 events",
        ),
        (
            {"ingest_count": 1, "error_count": 2, "errors": [item(0, 503), item(2)]},
            [0],
            [],
            {2: "item_400"},
            "Pay-i rejected 2 of 3 events",
        ),
        (
            {"ingest_count": 0, "error_count": 3, "errors": [item(0), item(1, 500), item(2, 429)]},
            [1, 2],
            [],
            {0: "item_400"},
            "Pay-i rejected 3 of 3 events",
        ),
        # Indexes that are no event's.
        (
            {"ingest_count": 3, "errors": [item(-1), item(3), item("1"), item(None)]},
            [],
            [],
            {},
            "Pay-i rejected 4 of 3 events",
        ),
        # One event, two outcomes.
        (
            {"ingest_count": 2, "errors": [item(1, 503), item(1, 400)]},
            [],
            [],
            {1: "item_400"},
            "Pay-i rejected 2 of 3 events",
        ),
    ],
)
def test_a_bulk_response_settles_each_event(
    body: Any, retry: list[int], uncertain: list[int], rejected: dict[int, str], problem: str | None
) -> None:
    receipt = read(respond(200, body, wait=7.0))
    assert (list(receipt.retry), list(receipt.uncertain)) == (retry, uncertain)
    assert (receipt.rejected, receipt.problem, receipt.wait) == (rejected, problem, 7.0)


@pytest.mark.parametrize("count", [True, -1, "3", 3.0, None])
def test_a_count_that_is_none_confirms_nothing(count: Any) -> None:
    receipt = read(respond(200, {"ingest_count": count}))
    assert list(receipt.uncertain) == [0, 1, 2]
    assert receipt.problem == f"Pay-i responded with HTTP 200 and a body, {NOT_PAYI}"


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "", "item_400"),
        ("odd", "", "item_refused"),
        (None, "", "item_refused"),
        (503, "", None),
        (409, "", None),
        (400, "unexpected_error", None),
        (400, "invalid_api_key", None),
        (400, "header_is_missing", None),
        (503, "invalid_user_id", "item_503"),
        (503, "request_processing_error", "item_503"),
    ],
)
def test_an_item_may_pass_later_or_is_lost(status: Any, code: str, reason: str | None) -> None:
    receipt = read(respond(200, {"ingest_count": 2, "errors": [item(1, status, code)]}))
    assert list(receipt.retry) == ([1] if reason is None else [])
    assert receipt.rejected == ({} if reason is None else {1: reason})


def refusals(response: PayiResponse, rejected: dict[int, str]) -> dict[int, str]:
    return find_refusals(response, Receipt(rejected=rejected))


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (400, "invalid_user_id", {0: "invalid_user_id", 1: "invalid_user_id"}),
        (422, "", {0: "", 1: ""}),
        (400, "request_processing_error", {}),
        (413, "", {}),
        (414, "", {}),
        (431, "", {0: "", 1: ""}),
    ],
)
def test_a_refused_request_may_pass_without_a_part_of_its_context(
    status: int, code: str, found: dict[int, str]
) -> None:
    body = error(code) if code else b""
    assert refusals(respond(status, body), {0: "x", 1: "x"}) == found


def test_refused_items_may_pass_without_a_part_of_their_context() -> None:
    errors = [
        item(0, 400, "invalid_user_id"),
        item(1, 400, "request_processing_error"),
        item(2, 503, "invalid_tags"),
        item([], 400, "invalid_tags"),
        7,
    ]
    body = {"ingest_count": 1, "errors": errors}
    rejected = {0: "item_400", 1: "item_400", 3: "item_400"}
    assert refusals(respond(200, body), rejected) == {0: "invalid_user_id", 3: ""}
    assert refusals(respond(200, body), {}) == {}
    assert refusals(respond(200, {"errors": 7}), {0: "item_400"}) == {0: ""}
    assert refusals(PayiResponse(None), {0: "x"}) == {0: ""}
