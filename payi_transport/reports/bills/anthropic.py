"""Anthropic's reports of its organization: the cost report, and the usage report of messages.

Source: the API reference of `GET /v1/organizations/cost_report` and `GET
/v1/organizations/usage_report/messages`. A page is an object with `data`, a list of buckets, each with
`starting_at` (RFC 3339) and `results`. Amounts are decimal text in cents. Cache counts stand beside the
uncached input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from payi_transport.providers.shared.counts import section
from payi_transport.reports.bills.line import BillLine, read_decimal, read_text, read_time
from payi_transport.reports.bills.names import find_kind, find_tier, split_meter

__all__ = ["is_anthropic", "read_anthropic"]

_COUNTS = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "output_tokens": "output",
}
_CREATION = {
    "ephemeral_5m_input_tokens": "cache_write",
    "ephemeral_1h_input_tokens": "cache_write_1h",
}


def is_anthropic(document: Any) -> bool:
    """Return whether a JSON document has buckets of Anthropic."""
    buckets = document.get("data") if isinstance(document, dict) else None
    return isinstance(buckets, list) and any(
        isinstance(row, dict) and "starting_at" in row for row in buckets
    )


def read_anthropic(document: Mapping[str, Any]) -> Iterator[BillLine]:
    """Yield the lines of a page of costs or usage."""
    for bucket in document["data"]:
        start = read_time(bucket.get("starting_at")) if isinstance(bucket, dict) else None
        results = bucket.get("results") if isinstance(bucket, dict) else None
        for result in results if isinstance(results, list) else ():
            if start is not None and isinstance(result, dict):
                yield from _read_result(start, result)


def _read_result(start: datetime, result: Mapping[str, Any]) -> Iterator[BillLine]:
    account = read_text(result.get("workspace_id"))
    tier = find_tier(read_text(result.get("service_tier")))
    description = read_text(result.get("description"))
    if "amount" in result:
        cents = read_decimal(result.get("amount"))
        told = read_text(result.get("token_type")) or read_text(result.get("cost_type")) or description
        yield BillLine(
            provider="anthropic",
            start=start,
            model=read_text(result.get("model")) or split_meter(description.split(" Usage")[0]),
            kind=find_kind(told) if told else "",
            tier=tier or find_tier(description),
            account=account,
            cost=None if cents is None else cents / 100,
        )
        return
    counts = {kind: result.get(name) for name, kind in _COUNTS.items()}
    counts.update({kind: section(result, "cache_creation").get(name) for name, kind in _CREATION.items()})
    counts["web_search"] = section(result, "server_tool_use").get("web_search_requests")
    for kind, value in counts.items():
        quantity = read_decimal(value)
        if quantity:
            yield BillLine(
                provider="anthropic",
                start=start,
                model=read_text(result.get("model")),
                kind=kind,
                tier=tier,
                account=account,
                quantity=quantity,
            )
