"""Google Cloud's costs: the billing export of BigQuery, and the console's cost table and reports as CSV.

Source: the schema of the standard and detailed usage cost export, and the columns that the console
downloads. The model and the kind of tokens are in the description of the SKU: "Gemini 2.5 Flash GA Text
Input - Predictions", "Generate content output token count gemini 3 flash text flex". Credits are rows, or
are listed in the row that they reduce.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from payi_transport.reports.bills.line import (
    BillLine,
    Table,
    find_multiplier,
    read_currency,
    read_text,
)
from payi_transport.reports.bills.names import find_kind, find_tier
from payi_transport.reports.bills.values import ValueReader

__all__ = ["is_google", "read_google"]

_SKUS = ("sku.description", "sku_description", "sku description")
_SERVICES = ("service.description", "service_description", "service description")
_STARTS = ("usage_start_time", "usage start date", "date", "month", "start date")
_ENDS = ("usage_end_time", "usage end date", "end date")
_PROJECTS = ("project.id", "project_id", "project id", "project.name", "project name")
_QUANTITIES = ("usage.amount", "usage_amount", "usage amount")
_UNITS = ("usage.unit", "usage_unit", "usage unit")
# The console names the currency in the heading, and rounds one of two columns.
_MONEY = re.compile(r"(unrounded )?(cost|subtotal) \((.+)\)")
# A number before a word of time is how long something was kept or committed to.
_MODEL = re.compile(
    r"\b(?:gemini|gemma|imagen|veo|claude|llama|mistral|codestral|deepseek|qwen|jamba|gpt[ -]oss)\b"
    r"(?:[ -]+(?!\d+ (?:hour|day|week|month|year))"
    r"(?:v?\d[\d.]*[a-z]?|pro|flash|lite|ultra|nano|opus|sonnet|haiku|large|medium|small|embedding"
    r"|instruct|maverick|scout|coder|fast)\b)*",
    re.IGNORECASE,
)
_GENERATE = re.compile(r"generate[ _]?content", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-?(\d{2})")
# What is billed by time or by month, and has nothing to do with tokens.
_NO_TOKENS = re.compile(r"storage|provisioned throughput|tuning|training", re.IGNORECASE)


def is_google(table: Table) -> bool:
    """Return whether the columns are those of Google Cloud."""
    return bool(table) and bool(_find(_lower(table[0]), _SKUS, default=None) is not None)


def read_google(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of models. Everything else that a project uses is in the same files, and left out."""
    for original in table:
        row = _lower(original)
        sku = _GENERATE.sub(" ", read_text(_find(row, _SKUS)))
        found = _MODEL.search(f"{sku}  {read_text(_find(row, _SERVICES))}")
        if found is None:
            continue
        start, end = _read_period(row, values)
        if start is None:
            continue
        is_credit = bool(read_text(row.get("credit type")))
        cost, currency = _read_cost(row, values)
        quantity = None if is_credit else values.number(_find(row, _QUANTITIES))
        rest = sku.replace(found[0], " ")
        yield BillLine(
            provider="google",
            start=start,
            end=end,
            model=found[0],
            kind="other" if _NO_TOKENS.search(rest) else find_kind(rest),
            tier=find_tier(rest),
            account=read_text(_find(row, _PROJECTS)),
            quantity=None if quantity is None else quantity * find_multiplier(_find(row, _UNITS)),
            cost=cost,
            currency=currency,
        )


def _lower(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with nested fields by their path, as BigQuery names them in CSV."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        key = str(name).lower().strip()
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": item for inner, item in value.items()})
        else:
            flat[key] = value
    return flat


def _find(row: Mapping[str, Any], names: tuple[str, ...], default: Any = "") -> Any:
    return next((row[name] for name in names if row.get(name) is not None), default)


def _read_period(row: Mapping[str, Any], values: ValueReader) -> tuple[datetime | None, datetime | None]:
    first, last = _find(row, _STARTS), _find(row, _ENDS)
    month = _MONTH.fullmatch(read_text(first))
    if month is not None and 1 <= int(month[2]) <= 12 and int(month[1]) > 0:
        year, number = int(month[1]), int(month[2])
        after = (year + 1, 1) if number == 12 else (year, number + 1)
        return _midnight(year, number), _midnight(*after) if after[0] < 10_000 else None
    start, end = values.time(first), values.time(last)
    # The console's last day is part of the period.
    return start, end if ":" in str(last) else _next_day(end)


def _midnight(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=timezone.utc)


def _next_day(moment: datetime | None) -> datetime | None:
    return None if moment is None or moment.year == MAXYEAR else moment + timedelta(days=1)


def _read_cost(row: Mapping[str, Any], values: ValueReader) -> tuple[Decimal | None, str]:
    columns = sorted(
        (not found[1], found[2] != "subtotal", name, found[3])
        for name in row
        if (found := _MONEY.fullmatch(name)) is not None
    )
    for *_, name, symbol in columns[:1]:
        return values.number(row[name]), read_currency(symbol)
    cost = values.number(row.get("cost"))
    currency = read_currency(row.get("currency"), row.get("cost"))
    return None if cost is None else cost + _add_credits(row.get("credits"), values), currency


def _add_credits(credits: Any, values: ValueReader) -> Decimal:
    amounts = (
        values.number(credit.get("amount")) if isinstance(credit, dict) else None
        for credit in (credits if isinstance(credits, list) else ())
    )
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
