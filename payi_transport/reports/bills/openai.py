"""OpenAI's reports of its organization: costs by line item, and usage of completions and embeddings.

Source: the API reference of `GET /v1/organization/costs` and `GET /v1/organization/usage/…`. A page is an
object with `data`, a list of buckets, each with `start_time` (Unix seconds) and `results`. Costs name
amounts and no quantities, usage names quantities and no amounts; given both, they complete each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from payi_transport.providers.shared.counts import section
from payi_transport.reports.bills.line import BillLine, read_decimal, read_text, read_time
from payi_transport.reports.bills.names import find_kind, find_tier, split_meter

__all__ = ["is_openai", "read_openai"]

# The details of a total, and their kind. What is left of the total is text.
_INPUT_PARTS = {"input_cached_tokens": "cache_read", "input_audio_tokens": "audio_input"}
_OUTPUT_PARTS = {"output_audio_tokens": "audio_output"}


def is_openai(document: Any) -> bool:
    """Return whether a JSON document has buckets of OpenAI."""
    buckets = document.get("data") if isinstance(document, dict) else None
    return isinstance(buckets, list) and any(
        isinstance(item, dict) and "start_time" in item for item in buckets
    )


def read_openai(document: Mapping[str, Any]) -> Iterator[BillLine]:
    """Yield the lines of a page of costs or usage."""
    for bucket in document["data"]:
        start = read_time(bucket.get("start_time")) if isinstance(bucket, dict) else None
        results = bucket.get("results") if isinstance(bucket, dict) else None
        for result in results if isinstance(results, list) else ():
            if start is not None and isinstance(result, dict):
                yield from _read_result(start, result)


def _read_result(start: datetime, result: Mapping[str, Any]) -> Iterator[BillLine]:
    account = read_text(result.get("project_id"))
    if "amount" in result:
        item = read_text(result.get("line_item"))
        yield BillLine(
            provider="openai",
            start=start,
            model=split_meter(item),
            kind=find_kind(item) if item else "",
            tier=find_tier(item),
            account=account,
            cost=read_decimal(section(result, "amount").get("value")),
        )
        return
    tier = "batch" if result.get("batch") is True else find_tier(read_text(result.get("service_tier")))
    requests = read_decimal(result.get("num_model_requests")) or Decimal(0)
    counts = {**_split(result, "input_tokens", _INPUT_PARTS, "input")}
    counts.update(_split(result, "output_tokens", _OUTPUT_PARTS, "output"))
    for kind, quantity in counts.items():
        yield BillLine(
            provider="openai",
            start=start,
            model=read_text(result.get("model")),
            kind=kind,
            tier=tier,
            account=account,
            quantity=quantity,
            # Once for each result, not for each kind of tokens.
            requests=int(requests) if kind == "input" else 0,
        )


def _split(result: Mapping[str, Any], total: str, parts: Mapping[str, str], rest: str) -> dict[str, Decimal]:
    found = {kind: read_decimal(result.get(name)) or Decimal(0) for name, kind in parts.items()}
    left = max(Decimal(0), (read_decimal(result.get(total)) or Decimal(0)) - sum(found.values()))
    return {rest: left, **{kind: quantity for kind, quantity in found.items() if quantity}}
