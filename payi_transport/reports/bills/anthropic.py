"""Anthropic's reports of its organization: the cost report, and the usage report of messages.

Source: the API reference of `GET /v1/organizations/cost_report` and `GET
/v1/organizations/usage_report/messages`. A page is an object with `data`, a list of buckets, each with
`starting_at` (RFC 3339) and `results`. Amounts are decimal text in cents. Cache counts stand beside the
uncached input. The console exports both as CSV, with columns of other names and amounts in dollars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payi_transport.providers.shared.counts import section
from payi_transport.reports.bills.buckets import Result, has_buckets, read_buckets
from payi_transport.reports.bills.line import (
    BillLine,
    Table,
    read_currency,
    read_text,
)
from payi_transport.reports.bills.names import find_kind, find_tier, split_meter
from payi_transport.reports.bills.values import ValueReader

__all__ = ["is_anthropic", "is_anthropic_table", "read_anthropic", "read_anthropic_table"]

_COUNTS = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "output_tokens": "output",
}
_CREATION = {
    "ephemeral_5m_input_tokens": "cache_write",
    "ephemeral_1h_input_tokens": "cache_write_1h",
}
# The columns of the console's export of tokens.
_COLUMNS = {
    "usage_input_tokens_no_cache": "input",
    "usage_input_tokens_cache_read": "cache_read",
    "usage_input_tokens_cache_write_5m": "cache_write",
    "usage_input_tokens_cache_write_1h": "cache_write_1h",
    "usage_output_tokens": "output",
    "web_search_count": "web_search",
}


def is_anthropic(document: Any) -> bool:
    """Return whether a JSON document has buckets of Anthropic."""
    return has_buckets(document, "starting_at")


def is_anthropic_table(table: Table) -> bool:
    """Return whether the columns are those of the console's exports."""
    return bool(table) and "usage_date_utc" in table[0]


def read_anthropic(document: Mapping[str, Any], values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of a page of costs or usage."""
    for result in read_buckets(document, "starting_at", "ending_at", values):
        yield from _read_result(result, values)


def read_anthropic_table(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of an export of costs or tokens."""
    for row in table:
        start = values.time(row.get("usage_date_utc"))
        if start is None:
            continue
        model = read_text(row.get("model_version")) or read_text(row.get("model"))
        tier, account = find_tier(read_text(row.get("usage_type"))), read_text(row.get("workspace"))
        if "cost_usd" in row:
            token_type = read_text(row.get("token_type")) or read_text(row.get("cost_type"))
            cost = values.number(row["cost_usd"])
            kind = find_kind(token_type) if token_type else ""
            yield BillLine(
                provider="anthropic",
                start=start,
                model=model,
                kind=kind,
                tier=tier,
                account=account,
                cost=cost,
            )
        else:
            counts = {kind: row.get(name) for name, kind in _COLUMNS.items()}
            yield from _read_counts(Result(start, None, row), counts, model, tier, account, values)


def _read_result(result: Result, values: ValueReader) -> Iterator[BillLine]:
    fields = result.fields
    model, account = read_text(fields.get("model")), read_text(fields.get("workspace_id"))
    tier = find_tier(read_text(fields.get("service_tier")))
    if "amount" in fields:
        description = read_text(fields.get("description"))
        cents = values.number(fields.get("amount"))
        token_type = read_text(fields.get("token_type")) or read_text(fields.get("cost_type")) or description
        yield BillLine(
            provider="anthropic",
            start=result.start,
            end=result.end,
            model=model or split_meter(description.split(" Usage")[0]),
            kind=find_kind(token_type) if token_type else "",
            tier=tier or find_tier(description),
            account=account,
            cost=None if cents is None else cents / 100,
            currency=read_currency(fields.get("currency")),
        )
        return
    counts = {kind: fields.get(name) for name, kind in _COUNTS.items()}
    counts.update({kind: section(fields, "cache_creation").get(name) for name, kind in _CREATION.items()})
    counts["web_search"] = section(fields, "server_tool_use").get("web_search_requests")
    yield from _read_counts(result, counts, model, tier, account, values)


def _read_counts(
    result: Result, counts: Mapping[str, Any], model: str, tier: str, account: str, values: ValueReader
) -> Iterator[BillLine]:
    for kind, value in counts.items():
        quantity = values.number(value)
        if quantity:
            yield BillLine(
                provider="anthropic",
                start=result.start,
                end=result.end,
                model=model,
                kind=kind,
                tier=tier,
                account=account,
                quantity=quantity,
            )
