"""OpenAI's reports of its organization: costs by line item, and usage of completions and embeddings.

Source: the API reference of `GET /v1/organization/costs` and `GET /v1/organization/usage/…`. A page is an
object with `data`, a list of buckets, each with `start_time` (Unix seconds) and `results`. Costs name
amounts, and quantities only where they are grouped by line item; usage names quantities and no amounts.
Given both, they complete each other. The dashboard exports the same fields as CSV, where an amount is two
columns: `amount_value` and `amount_currency`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
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
from payi_transport.reports.bills.numbers import read_decimal
from payi_transport.reports.bills.times import read_time
from payi_transport.reports.bills.values import ValueReader

__all__ = ["is_openai", "is_openai_table", "read_openai", "read_openai_table"]

# The details of a total, and their kind. What is left of the total is text.
_INPUT_PARTS = {"input_cached_tokens": "cache_read", "input_audio_tokens": "audio_input"}
_OUTPUT_PARTS = {"output_audio_tokens": "audio_output"}


def is_openai(document: Any) -> bool:
    """Return whether a JSON document has buckets of OpenAI."""
    return has_buckets(document, "start_time")


def is_openai_table(table: Table) -> bool:
    """Return whether the columns are those of the dashboard's export."""
    return bool(table) and "start_time" in table[0] and bool({"amount_value", "input_tokens"} & set(table[0]))


def read_openai(document: Mapping[str, Any], values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of a page of costs or usage."""
    for result in read_buckets(document, "start_time", "end_time", values):
        yield from _read_result(result, values)


def read_openai_table(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of an export of the dashboard. Days on which nothing was used have empty rows."""
    for row in table:
        if not any(row.get(name) for name in ("amount_value", "model", "input_tokens")):
            continue
        start, end = (_read_time(row, name, values) for name in ("start_time", "end_time"))
        fields = dict(row)
        if "amount_value" in row:
            fields["amount"] = {"value": row["amount_value"], "currency": row.get("amount_currency")}
        if start is not None:
            yield from _read_result(Result(start, end, fields), values)


def _read_time(row: Mapping[str, Any], name: str, values: ValueReader) -> datetime | None:
    text, seconds = row.get(f"{name}_iso"), read_decimal(row.get(name))
    if seconds is not None and read_time(text) is None:
        return values.time(float(seconds))
    return values.time(text or row.get(name))


def _read_result(result: Result, values: ValueReader) -> Iterator[BillLine]:
    fields = result.fields
    account = read_text(fields.get("project_id"))
    if "amount" in fields:
        item = read_text(fields.get("line_item"))
        model = split_meter(item)
        # The names of models have such words, too: "gpt-4o-audio-preview, input".
        rest = item.replace(model, "") if model else item
        amount = section(fields, "amount")
        yield BillLine(
            provider="openai",
            start=result.start,
            end=result.end,
            model=model,
            kind=find_kind(rest) if item else "",
            tier=find_tier(rest),
            account=account,
            quantity=values.number(fields.get("quantity")) if item else None,
            cost=values.number(amount.get("value")),
            currency=read_currency(amount.get("currency"), amount.get("value")),
        )
        return
    is_batch = str(fields.get("batch")).lower() == "true"
    requests = values.number(fields.get("num_model_requests")) or Decimal(0)
    counts = {**_split(fields, "input_tokens", _INPUT_PARTS, "input", values)}
    counts.update(_split(fields, "output_tokens", _OUTPUT_PARTS, "output", values))
    for kind, quantity in counts.items():
        yield BillLine(
            provider="openai",
            start=result.start,
            end=result.end,
            model=read_text(fields.get("model")),
            kind=kind,
            tier="batch" if is_batch else find_tier(read_text(fields.get("service_tier"))),
            account=account,
            quantity=quantity,
            # Once for each result, not for each kind of tokens.
            requests=int(requests) if kind == "input" else 0,
        )


def _split(
    fields: Mapping[str, Any], total: str, parts: Mapping[str, str], rest: str, values: ValueReader
) -> dict[str, Decimal]:
    found = {kind: values.number(fields.get(name)) or Decimal(0) for name, kind in parts.items()}
    left = max(Decimal(0), (values.number(fields.get(total)) or Decimal(0)) - sum(found.values()))
    return {rest: left, **{kind: quantity for kind, quantity in found.items() if quantity}}
