"""A store of what a page is not made for: very long names, failures, calls that cost nothing or fortunes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from tests.serve.events import item
from tests.serve.page.test_views import ingest, now

__all__ = ["LONG", "fill"]

LONG = "a-name-that-somebody-made-by-joining-everything-they-knew-" * 3


def fill(address: str) -> None:
    """Store a few odd calls in a service."""
    limits: list[dict[str, Any]] = [
        {"limit_id": "long", "limit_name": LONG, "max": 0.01},
        {"limit_id": "stop", "limit_name": "Blocks calls", "max": 1, "limit_type": "block"},
    ]
    for limit in limits:
        headers = {"xProxy-api-key": "local"}
        assert httpx.post(f"{address}/api/v1/limits", json=limit, headers=headers, timeout=30).is_success
    many = {"text": {"input": 2_000_000_000, "output": 900_000_000}}
    failed = {"system.failure": "provider_error", "system.failure.description": LONG}
    ingest(
        address,
        item(
            now(), resource=LONG, account_name=LONG, user_id=LONG, use_case_name=LONG[:64], limit_ids=["long"]
        ),
        item(now(), units=many, account_name="Fortune", use_case_name="chat", use_case_id=LONG),
        item(now(), units={}, http_status_code=500, properties=failed, account_name="Unlucky"),
        item(now() - timedelta(days=3), units={}, http_status_code=299, account_name="Unlucky"),
        item(now(), units={"text": {"input": 1}}, end_to_end_latency_ms=4_000_000, account_name="Slow"),
        item(now(), resource="unheard-of", account_name="Slow", provider_request_json="x" * 5000),
    )
