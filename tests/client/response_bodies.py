"""Parts of the Pay-i API's responses that several endpoints share."""

from __future__ import annotations

from datetime import datetime, timezone

__all__ = ["COST", "LIMIT", "RESOURCE", "RESULT", "TOTALS", "WHEN", "WHEN_TEXT"]

WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc)
WHEN_TEXT = "2026-05-04T03:02:01Z"
COST = {"input": {"base": 0.5}, "output": {"base": 1.0}, "total": {"base": 1.5, "overrun_base": 0.25}}
_STATES = ("blocked", "blocked_external", "exceeded", "failed", "ok", "overrun", "total")
TOTALS = {"cost": COST, "requests": dict.fromkeys(_STATES, 1)}
LIMIT = {
    "limit_creation_timestamp": WHEN_TEXT,
    "limit_id": "L1",
    "limit_name": "monthly",
    "limit_type": "block",
    "limit_update_timestamp": WHEN_TEXT,
    "max": 100.0,
    "totals": TOTALS,
    "threshold": 0.9,
}
RESOURCE = {
    "active": True,
    "category": "my.category",
    "proxy_allowed": False,
    "resource": "gpt",
    "resource_id": "v1",
    "start_timestamp": WHEN_TEXT,
    "units": {"text": {"input_price": 0.001, "output_price": 0.002}},
    "aliased_resource": None,
    "aws_bedrock_resource": {"model_units": 3},
    "azure_resource": {"ptus": 1},
    "cost_per_hour": 2.5,
    "google_vertex_resource": {"gsus": 2},
    "large_context_threshold": 200000,
    "mapped_resource": {"category": "system.openai", "scope": "region", "sub_scope": "eu"},
    "max_total_units": 10,
}
RESULT = {
    "account_name": "acme",
    "blocked_limit_ids": ["L2"],
    "cost": {"currency": "usd", **COST},
    "duplicate_request": False,
    "limits": {"L1": {"state": "ok"}, "L2": {"state": "blocked"}},
    "queued": False,
    "request_id": "r1",
    "request_tags": ["t"],
    "unknown_units": {"odd": {"input": 1, "output": 2}},
    "warnings": ["w"],
}
