"""The made-up month's bill as each provider would export it."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.reports.made_up_month import NAMES, OPENAI, ROLES, Month, Seller

__all__ = ["BILLS", "EURO", "MadeUpBill"]

# What one EUR is in US dollars. Amounts in EUR need no rounding.
EURO = Decimal("1.25")
CLAUDE = Seller(
    "system.anthropic", {role: f"claude-{name}" for role, name in NAMES.items()}, "claude-unseen-5"
)
BEDROCK = Seller(
    "system.aws.bedrock", {role: f"anthropic.claude-{name}" for role, name in NAMES.items()}, "NovaUnseen"
)
AZURE = Seller(
    "system.azureopenai", {role: f"gpt-{name}" for role, name in NAMES.items()}, "gpt unseen 9", EURO
)
GEMINIS = ("2.5-pro", "2.5-flash", "2.5-flash-lite", "3-pro", "3-flash", "2.0-flash", "2.0-flash-lite")
VERTEX = Seller(
    "system.google.vertex",
    {role: f"google.gemini-{name}" for role, name in zip(ROLES, GEMINIS, strict=True)},
    "Gemini 1.5 Pro",
)


class MadeUpBill(NamedTuple):
    """A seller, and how it writes its bill."""

    seller: Seller
    write: Callable[[Path, Month], list[Path]]

    @property
    def rates(self) -> dict[str, Decimal]:
        return {} if self.seller.rate == 1 else {"EUR": self.seller.rate}


def _unix(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())


def _sheet(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    above: str = "",
    delimiter: str = ",",
) -> list[Path]:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([columns, *rows])
    path.write_text(above + text.getvalue(), encoding="utf-8-sig")
    return [path]


ITEM = {"input": "input", "output": "output", "cache_read": "cached input"}


def write_openai_pages(folder: Path, month: Month) -> list[Path]:
    """Costs with quantities by line item, and the usage that says the same once more."""
    costs: defaultdict[int, list[Any]] = defaultdict(list)
    usage: defaultdict[int, list[Any]] = defaultdict(list)
    for day, model, kind, tier, quantity, cost in month.bill:
        item = f"{model}-2026-01-31{' batch' if tier else ''}, {ITEM[kind]}"
        amount = {"value": str(cost), "currency": "usd"}
        costs[_unix(day)].append({"amount": amount, "line_item": item, "quantity": quantity})
        counts = {"output_tokens": quantity} if kind == "output" else {"input_tokens": quantity}
        cached = {"input_cached_tokens": quantity} if kind == "cache_read" else {}
        usage[_unix(day)].append({"model": model, "batch": bool(tier), **counts, **cached})
    paths = []
    for name, buckets in (("costs", costs), ("usage", usage)):
        data = [
            {"start_time": start, "end_time": start + 86400, "results": results}
            for start, results in buckets.items()
        ]
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps({"object": "page", "data": data}))
    return paths


def write_openai_sheet(folder: Path, month: Month) -> list[Path]:
    columns = (
        "start_time,end_time,start_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item"
    )
    rows = []
    for day, model, kind, tier, quantity, cost in month.bill:
        item = f"{model}{' batch' if tier else ''}, {kind.replace('cache_read', 'cached_input')}_tokens"
        start = _unix(day)
        rows.append(
            (start, start + 86400, f"{day}T00:00:00+00:00", f"{cost:f}", "usd", quantity, "tokens", item)
        )
    return _sheet(
        folder / "cost.csv", columns.split(","), [*rows, (1, 2, "2026-11-01T00:00:00", "", "", "", "", "")]
    )


ANTHROPIC = {
    "input": ("uncached_input_tokens", "input_no_cache", "usage_input_tokens_no_cache"),
    "output": ("output_tokens", "output", "usage_output_tokens"),
    "cache_read": ("cache_read_input_tokens", "input_cache_read", "usage_input_tokens_cache_read"),
}


def write_anthropic_pages(folder: Path, month: Month) -> list[Path]:
    buckets: defaultdict[Any, list[Any]] = defaultdict(list)
    usage: defaultdict[Any, list[Any]] = defaultdict(list)
    for day, model, kind, tier, quantity, cost in month.bill:
        token_type = ANTHROPIC[kind][0]
        tiered = {"model": f"{model}-20260131", "service_tier": tier or "standard"}
        buckets[day].append(
            {"currency": "USD", "amount": f"{cost * 100:f}", "token_type": token_type, **tiered}
        )
        usage[day].append({token_type: quantity, **tiered})
    paths = []
    for name, found in (("cost", buckets), ("usage", usage)):
        data = [
            {
                "starting_at": f"{day}T00:00:00Z",
                "ending_at": f"{day + timedelta(days=1)}T00:00:00Z",
                "results": each,
            }
            for day, each in found.items()
        ]
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps({"data": data}))
    return paths


def write_anthropic_sheets(folder: Path, month: Month) -> list[Path]:
    costs, tokens = [], []
    for day, model, kind, tier, quantity, cost in month.bill:
        name = model.replace("-", " ").title()
        costs.append(
            (day, name, "Default", tier or "standard", "≤ 200k", ANTHROPIC[kind][1], f"{cost:f}", "token")
        )
        counts = [quantity if kind == column else 0 for column in ANTHROPIC]
        tokens.append((day, f"{model}-20260131", "Default", tier or "standard", *counts))
    columns = [
        *("usage_date_utc", "model", "workspace", "usage_type"),
        *("context_window", "token_type", "cost_usd", "cost_type"),
    ]
    usage = [
        "usage_date_utc",
        "model_version",
        "workspace",
        "usage_type",
        *(row[2] for row in ANTHROPIC.values()),
    ]
    return _sheet(folder / "cost.csv", columns, costs) + _sheet(folder / "tokens.csv", usage, tokens)


def write_aws(folder: Path, month: Month) -> list[Path]:
    columns = [
        *("line_item_usage_start_date", "line_item_usage_end_date", "line_item_product_code"),
        *("line_item_usage_type", "line_item_line_item_type", "line_item_usage_amount"),
        *("pricing_unit", "line_item_unblended_cost", "line_item_currency_code"),
        *("line_item_usage_account_id",),
    ]
    words = {"input": "input-tokens", "output": "output-tokens", "cache_read": "cache-read-input-token-count"}
    rows = []
    for day, model, kind, tier, quantity, cost in month.bill:
        usage_type = (
            f"USE1-{model.removeprefix('anthropic.').title()}-{words[kind]}{'-batch' if tier else ''}"
        )
        end = f"{day + timedelta(days=1)}T00:00:00Z"
        thousands = Decimal(quantity) / 1000
        rows.append(
            (
                f"{day}T00:00:00Z",
                end,
                "AmazonBedrock",
                usage_type,
                "Usage",
                thousands,
                "1K tokens",
                f"{cost:f}",
                "USD",
                "1",
            )
        )
    return _sheet(folder / "cur.csv", columns, rows)


def write_azure(folder: Path, month: Month) -> list[Path]:
    """In EUR, and saved by a spreadsheet whose numbers have decimal commas."""
    columns = [
        *("date", "meterName", "meterCategory"),
        *("quantity", "unitOfMeasure", "costInBillingCurrency"),
        *("billingCurrency",),
    ]
    words = {"input": "Inp", "output": "Outp", "cache_read": "cached Inp"}
    rows = []
    for day, model, kind, tier, quantity, cost in month.bill:
        meter = f"{model.replace('-', ' ')} {'Batch ' if tier else ''}{words[kind]} glbl Tokens"
        numbers = [f"{number:f}".replace(".", ",") for number in (Decimal(quantity) / 1000, cost / EURO)]
        rows.append((f"{day:%m/%d/%Y}", meter, "Azure OpenAI", numbers[0], "1K", numbers[1], "EUR"))
    return _sheet(folder / "azure.csv", columns, rows, delimiter=";")


def _sku(model: str, kind: str, tier: str) -> str:
    words = {"input": "Text Input", "output": "Text Output", "cache_read": "Text Input Caching"}
    name = model.removeprefix("google.").replace("-", " ").title()
    return f"{name} GA {words[kind]}{' Batch' if tier else ''} - Predictions"


def write_bigquery(folder: Path, month: Month) -> list[Path]:
    """JSON lines, each for a day, with a credit that is a part of the price."""
    lines = []
    for day, model, kind, tier, quantity, cost in month.bill:
        row = {
            "service": {"description": "Vertex AI"},
            "sku": {"description": _sku(model, kind, tier)},
            "usage_start_time": f"{day} 00:00:00 UTC",
            "usage_end_time": f"{day + timedelta(days=1)} 00:00:00 UTC",
            "project": {"id": "prod"},
            "cost": str(cost + 1),
            "credits": [{"name": "promotion", "amount": -1}],
            "currency": "USD",
            "usage": {"amount": quantity, "unit": "count"},
        }
        lines.append(json.dumps(row))
    path = folder / "bigquery.jsonl"
    path.write_text("\n".join(lines))
    return [path]


def write_google_sheet(folder: Path, month: Month) -> list[Path]:
    above = "Invoice number,1234567890,\nCurrency,EUR,\n\n"
    columns = [
        *("Project ID", "Service description", "SKU description"),
        *("Credit type", "Cost type", "Usage start date"),
        *("Usage end date", "Usage amount", "Usage unit"),
        *("Unrounded Cost (€)", "Cost (€)"),
    ]
    rows = [
        [
            *("prod", "Gemini API", _sku(model, kind, tier), "", "Usage", day, day, f"{quantity:,}", "count"),
            *(f"{cost / EURO:f}", f"{cost / EURO:.2f}"),
        ]
        for day, model, kind, tier, quantity, cost in month.bill
    ]
    rows.append(["", "", "", "", "Total", "", "", "", "", "100", "100"])
    return _sheet(folder / "google.csv", columns, rows, above=above)


BILLS = {
    "openai-pages": MadeUpBill(OPENAI, write_openai_pages),
    "openai-sheet": MadeUpBill(OPENAI, write_openai_sheet),
    "anthropic-pages": MadeUpBill(CLAUDE, write_anthropic_pages),
    "anthropic-sheets": MadeUpBill(CLAUDE, write_anthropic_sheets),
    "aws": MadeUpBill(BEDROCK, write_aws),
    "azure": MadeUpBill(AZURE, write_azure),
    "bigquery": MadeUpBill(VERTEX, write_bigquery),
    "google-sheet": MadeUpBill(VERTEX._replace(rate=EURO), write_google_sheet),
}
