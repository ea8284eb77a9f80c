"""Responses to events, as parsed from the API's JSON."""

from __future__ import annotations

from payi_transport.types.ingest import BulkIngestResponse, IngestResponse, RequestResult
from payi_transport.types.model import convert_leniently
from payi_transport.types.shared import APIError, XproxyError, XproxyResult
from tests.client.response_bodies import RESULT, WHEN, WHEN_TEXT


def test_a_rejected_item_has_its_index_and_its_reason() -> None:
    reason = {"message": "no", "statusCode": 400, "xproxy_error": {"code": "c", "message": "m"}}
    raw = {
        "ingest_count": 1,
        "ingest_timestamp": WHEN_TEXT,
        "request_id": "r1",
        "errors": [{"item_index": 1, "xproxy_result": reason}],
    }
    response = convert_leniently(BulkIngestResponse, raw)
    [error] = response.errors
    assert (response.ingest_count, response.ingest_timestamp, error.item_index) == (1, WHEN, 1)
    assert error.xproxy_result == APIError("no", 400, XproxyError("c", "m"))


def test_an_accepted_event_has_the_result_of_its_request() -> None:
    raw = {
        "event_timestamp": WHEN_TEXT,
        "ingest_timestamp": WHEN_TEXT,
        "request_id": "r1",
        "xproxy_result": RESULT,
    }
    response = convert_leniently(IngestResponse, raw)
    assert (response.event_timestamp, response.request_id) == (WHEN, "r1")
    assert type(response.xproxy_result) is XproxyResult
    assert response.xproxy_result == convert_leniently(RequestResult, raw).xproxy_result
