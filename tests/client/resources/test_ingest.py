"""The endpoints of ingest."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import Event, Payi, Units
from payi_transport.client.resources.ingest import IngestUnitsParams
from payi_transport.types import BulkIngestResponse, IngestResponse, IngestUnits
from tests.client.endpoint_cases import EndpointCase, EndpointTests, check_request_and_response
from tests.client.response_bodies import RESULT, WHEN, WHEN_TEXT
from tests.support.origin import Origin

__all__ = ["CASES"]

_BODY = {
    "event_timestamp": WHEN_TEXT,
    "ingest_timestamp": WHEN_TEXT,
    "request_id": "r1",
    "xproxy_result": RESULT,
}
_BULK = {
    "ingest_count": 1,
    "ingest_timestamp": WHEN_TEXT,
    "request_id": "r1",
    "error_count": 1,
    "errors": [
        {
            "item_index": 1,
            "xproxy_result": {
                "message": "no",
                "statusCode": 400,
                "xproxy_error": {"code": "c", "message": "m"},
            },
        }
    ],
    "item_error_count": 1,
    "total_count": 2,
}
_LEAST = {"category": "system.openai", "units": {"text": {"input": 10, "output": 50}}}
_REST = {
    "end_to_end_latency_ms": 12,
    "http_status_code": 200,
    "provider_request_headers": [{"name": "a", "value": "b"}],
    "provider_request_json": "{}",
    "provider_request_reasoning_json": "[]",
    "provider_response_function_calls": [{"name": "f", "arguments": "{}"}],
    "provider_response_headers": [{"name": "c"}],
    "provider_response_id": "p/1",
    "provider_response_json": ["a", "b"],
    "provider_uri": "/v1",
    "resource": "gpt",
    "time_to_first_completion_token_ms": 2,
    "time_to_first_token_ms": 1,
}
_CONTEXT = {
    "limit_ids": ["L1", " L2 ", ""],
    "request_tags": ("t1", "t2"),
    "use_case_id": "u1",
    "use_case_name": "Café",
    "use_case_step": "s",
    "use_case_version": 3,
    "user_id": "zoë\n",
    "resource_scope": "region.eu",
    "account_name": "acme",
    "disable_logging": True,
}
_CONTEXT_HEADERS = {
    "xproxy-limit-ids": "L1,L2",
    "xproxy-request-tags": "t1,t2",
    "xproxy-usecase-id": "u1",
    "xproxy-usecase-name": "Café",
    "xproxy-usecase-step": "s",
    "xproxy-usecase-version": "3",
    "xproxy-user-id": "zoë",
    "xproxy-resource-scope": "region.eu",
    "xproxy-account-name": "acme",
    "xproxy-logging-disable": "True",
}

CASES = [
    EndpointCase("ingest.bulk", "POST /api/v1/ingest/bulk", BulkIngestResponse, _BULK),
    EndpointCase(
        "ingest.bulk",
        "POST /api/v1/ingest/bulk",
        BulkIngestResponse,
        _BULK,
        {"events": [{**_LEAST, "properties": {"n": 1}, "event_timestamp": WHEN, "scope": "global"}, _LEAST]},
        body=[
            {**_LEAST, "properties": {"n": "1"}, "event_timestamp": WHEN_TEXT, "scope": "global"},
            _LEAST,
        ],
    ),
    EndpointCase("ingest.bulk_upsert", "POST /api/v1/ingest/bulk-upsert", BulkIngestResponse, _BULK),
    EndpointCase(
        "ingest.bulk_upsert",
        "POST /api/v1/ingest/bulk-upsert",
        BulkIngestResponse,
        _BULK,
        {"events": [{**_LEAST, "properties": {"n": 1}, "provider_response_id": "p/1"}]},
        body=[{**_LEAST, "properties": {"n": "1"}, "provider_response_id": "p/1"}],
    ),
    EndpointCase("ingest.units", "POST /api/v1/ingest", IngestResponse, _BODY, _LEAST, body=_LEAST),
    EndpointCase(
        "ingest.units",
        "POST /api/v1/ingest?id=p%2F1",
        IngestResponse,
        _BODY,
        {
            **_LEAST,
            **_REST,
            **_CONTEXT,
            "event_timestamp": WHEN,
            "properties": {"n": 1, "gone": None},
            "use_case_properties": {"tier": "gold", "level": 2},
        },
        body={
            **_LEAST,
            **_REST,
            "event_timestamp": WHEN_TEXT,
            "properties": {"n": "1", "gone": None},
            "use_case_properties": {"tier": "gold", "level": "2"},
        },
        headers=_CONTEXT_HEADERS,
    ),
    EndpointCase(
        "ingest.units",
        "POST /api/v1/ingest",
        IngestResponse,
        _BODY,
        {**_LEAST, **dict.fromkeys(_CONTEXT), "event_timestamp": "2026-05-04"},
        body={**_LEAST, "event_timestamp": "2026-05-04"},
    ),
    EndpointCase(
        "ingest.units",
        "POST /api/v1/ingest",
        IngestResponse,
        _BODY,
        {"category": "c", "units": {"text": IngestUnits(input=1)}, "limit_ids": [], "disable_logging": False},
        body={"category": "c", "units": {"text": {"input": 1}}},
        headers={"xproxy-logging-disable": "False"},
    ),
]


class TestIngestEndpoints(EndpointTests):
    cases = CASES


def test_events_of_a_sink_can_be_sent_in_bulk(origin: Origin) -> None:
    event = Event(category="system.openai", units={"text": Units(10, 50)}, provider_response_id="p")
    case = EndpointCase(
        "ingest.bulk",
        "POST /api/v1/ingest/bulk",
        BulkIngestResponse,
        _BULK,
        {"events": (event for _ in range(1))},
        body=[{**_LEAST, "provider_response_id": "p"}],
    )
    check_request_and_response(case, "sync", origin)


def test_every_field_of_an_event_is_a_parameter_of_units() -> None:
    parameters = {"category", "units", "scope", *IngestUnitsParams.__annotations__}
    assert set(Event.__struct_fields__) <= parameters


@pytest.mark.parametrize("name", ["limit_ids", "request_tags"])
def test_a_string_is_rejected_where_a_list_of_strings_is_expected(name: str, origin: Origin) -> None:
    wrong: Any = {name: "L1"}
    with Payi(api_key="k", base_url=origin.url) as client:
        with pytest.raises(TypeError, match=f"{name}: expected a list of strings, got 'L1'"):
            client.ingest.units(category="c", units={}, **wrong)
    assert not origin.received
