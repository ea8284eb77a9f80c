"""The endpoints of limits."""

from __future__ import annotations

from payi_transport.types import DefaultResponse, Limit, LimitHistoryResponse, LimitResponse
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import LIMIT, TOTALS, WHEN, WHEN_TEXT

__all__ = ["CASES"]

_ID = {"limit_id": "L/1 ä"}
_LIMIT = "/api/v1/limits/L%2F1%20%C3%A4"
_BODY = {"limit": LIMIT, "request_id": "r1", "message": "done"}
_HISTORY = {
    "limit_history": {
        "totals": TOTALS,
        "limit_id": "L1",
        "limit_name": "monthly",
        "limit_reset_timestamp": WHEN_TEXT,
        "limit_tags": ["a"],
        "limit_type": "allow",
        "max": 5.0,
    },
    "request_id": "r1",
}

CASES = [
    EndpointCase(
        "limits.create",
        "POST /api/v1/limits",
        LimitResponse,
        _BODY,
        {"limit_name": "monthly", "max": 100},
        body={"limit_name": "monthly", "max": 100},
    ),
    EndpointCase(
        "limits.create",
        "POST /api/v1/limits",
        LimitResponse,
        _BODY,
        {
            "limit_name": "monthly",
            "max": 100,
            "limit_id": "L1",
            "limit_type": "block",
            "properties": {"env": "prod", "shard": 3, "gone": None},
            "threshold": None,
        },
        body={
            "limit_name": "monthly",
            "max": 100,
            "limit_id": "L1",
            "limit_type": "block",
            "properties": {"env": "prod", "shard": "3", "gone": None},
            "threshold": None,
        },
    ),
    EndpointCase("limits.retrieve", f"GET {_LIMIT}", LimitResponse, _BODY, _ID, first="limit_id"),
    EndpointCase("limits.update", f"PUT {_LIMIT}", LimitResponse, _BODY, _ID, first="limit_id", body={}),
    EndpointCase(
        "limits.update",
        f"PUT {_LIMIT}",
        LimitResponse,
        _BODY,
        {**_ID, "limit_name": None, "max": 2.5},
        first="limit_id",
        body={"limit_name": None, "max": 2.5},
    ),
    EndpointCase("limits.list", "GET /api/v1/limits", Limit, {"items": [LIMIT, LIMIT]}),
    EndpointCase(
        "limits.list",
        "GET /api/v1/limits?cursor=a%26b&limit=10&limit_name=monthly&sort_ascending=true",
        Limit,
        {"items": [LIMIT], "cursor": "c", "has_more": True},
        {"cursor": "a&b", "limit": 10, "limit_name": "monthly", "sort_ascending": True},
    ),
    EndpointCase(
        "limits.list",
        "GET /api/v1/limits",
        Limit,
        {"items": [], "has_more": False},
        {"cursor": None, "limit": None, "limit_name": None, "sort_ascending": None},
    ),
    EndpointCase(
        "limits.delete", f"DELETE {_LIMIT}", DefaultResponse, {"request_id": "r1"}, _ID, first="limit_id"
    ),
    EndpointCase(
        "limits.reset", f"POST {_LIMIT}/reset", LimitHistoryResponse, _HISTORY, _ID, first="limit_id"
    ),
    EndpointCase(
        "limits.reset",
        f"POST {_LIMIT}/reset?resetDate=2026-05-04T03%3A02%3A01%2B00%3A00",
        LimitHistoryResponse,
        _HISTORY,
        {**_ID, "reset_date": WHEN},
        first="limit_id",
    ),
    EndpointCase(
        "limits.properties.update",
        f"PUT {_LIMIT}/properties",
        LimitResponse,
        [_BODY],
        {**_ID, "properties": {"a": 1}},
        first="limit_id",
        body={"properties": {"a": "1"}},
    ),
]


class TestLimitsEndpoints(EndpointTests):
    cases = CASES
