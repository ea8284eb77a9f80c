"""Azure's cost exports: actual and amortized costs, of enterprise and of customer agreements.

Source: the schema of Cost Management exports. Their columns differ in case and by agreement:
`CostInBillingCurrency`, `costInBillingCurrency`, `PreTaxCost`. Model and type of tokens are in the meter:
"gpt 4o 0806 Inp glbl Tokens", "gpt-4.1 cached Inp glbl Tokens", and the quantity counts thousands or
millions of tokens, as the unit of measure says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from payi_transport.reports.bills.line import (
    USD,
    BillLine,
    Table,
    find_multiplier,
    read_currency,
    read_text,
)
from payi_transport.reports.bills.names import find_kind, find_tier, split_meter
from payi_transport.reports.bills.values import ValueReader

__all__ = ["is_azure", "read_azure"]

# The columns of costs, and the column that has the currency of each.
_COSTS = {
    "costinusd": "",
    "costinbillingcurrency": "billingcurrency",
    "costinpricingcurrency": "pricingcurrency",
    "pretaxcost": "currency",
    "cost": "currency",
}
_CURRENCIES = ("billingcurrency", "billingcurrencycode", "currency", "currencycode")
_ACCOUNTS = ("subscriptionname", "subscriptionid", "subscriptionguid", "resourcegroup", "resourcegroupname")
_OURS = re.compile(r"openai|cognitive|foundry|azure ai|gpt|claude|llama|mistral", re.IGNORECASE)


def is_azure(table: Table) -> bool:
    """Return whether the columns are those of a cost export."""
    names = {name.lower() for name in table[0]} if table else set()
    return {"metername", "quantity"} <= names or {"metername", "usagequantity"} <= names


def read_azure(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of Azure's AI services. Other services are in the same files, and left out."""
    for original in table:
        row = {name.lower().replace(" ", ""): value for name, value in original.items()}
        meter = read_text(row.get("metername"))
        category = f"{read_text(row.get('metercategory'))} {read_text(row.get('metersubcategory'))}"
        if not _OURS.search(f"{category} {meter} {read_text(row.get('consumedservice'))}"):
            continue
        start = values.time(_first(row, ("date", "usagedate", "usagedatetime")))
        if start is None:
            continue
        quantity = values.number(_first(row, ("quantity", "usagequantity")))
        cost, currency = _read_cost(row, values)
        yield BillLine(
            provider="azure",
            start=start,
            model=split_meter(meter),
            kind=find_kind(meter),
            tier=find_tier(meter),
            account=read_text(_first(row, _ACCOUNTS)),
            quantity=None if quantity is None else quantity * find_multiplier(row.get("unitofmeasure")),
            cost=cost,
            currency=currency,
        )


def _read_cost(row: Mapping[str, Any], values: ValueReader) -> tuple[Decimal | None, str]:
    for name, currency in _COSTS.items():
        cost = values.number(row.get(name))
        if cost is not None:
            # The column in US dollars has no currency beside it.
            return cost, read_currency(_first(row, (currency, *_CURRENCIES)), row[name]) if currency else USD
    return None, USD


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)
