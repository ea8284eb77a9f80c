"""Bills in the format of FOCUS, 1.0 and later, of any provider.

Source: the columns of the specification. The model is in `SkuPriceDetails` where a provider puts it there,
or else in the names of the meter, the resource, or the SKU. Our own exports are read exactly, by their `x_`
columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.reports.bills.line import (
    BillLine,
    Table,
    find_multiplier,
    read_currency,
    read_text,
)
from payi_transport.reports.bills.names import find_kind, find_tier, split_meter
from payi_transport.reports.bills.values import ValueReader

__all__ = ["is_focus", "read_focus"]

# Clouds come first, since a row of Claude at Google Cloud names Anthropic, too.
_PROVIDERS = {
    "azure": "azure",
    "microsoft": "azure",
    "aws": "aws",
    "amazon": "aws",
    "databricks": "databricks",
    "google": "google",
    "openai": "openai",
    "anthropic": "anthropic",
}
_NO_USAGE = {"tax", "credit", "adjustment", "purchase"}


def is_focus(table: Table) -> bool:
    """Return whether the columns are those of FOCUS."""
    return bool(table) and {"BilledCost", "ChargePeriodStart"} <= set(table[0])


def read_focus(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the charges for AI services; rows of other service categories are left out."""
    for row in table:
        category = read_text(row.get("ServiceCategory")).lower()
        if category and "ai" not in category.split() and "machine" not in category:
            continue
        start = values.time(row.get("ChargePeriodStart"))
        if start is None:
            continue
        is_charge = read_text(row.get("ChargeCategory")).lower() in _NO_USAGE
        words = " ".join(read_text(row.get(name)) for name in ("SkuMeter", "ChargeDescription", "SkuId"))
        yield BillLine(
            provider=_find_provider(row),
            start=start,
            end=values.time(row.get("ChargePeriodEnd")),
            model="" if is_charge else _find_model(row),
            kind="" if is_charge else find_kind(read_text(row.get("SkuMeter")) or words),
            tier=find_tier(words),
            account=read_text(row.get("SubAccountName")) or read_text(row.get("SubAccountId")),
            quantity=None if is_charge else _find_quantity(row, values),
            cost=_find_cost(row, values),
            currency=read_currency(row.get("BillingCurrency"), row.get("BilledCost")),
        )


def _find_provider(row: Mapping[str, Any]) -> str:
    names = ("ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName")
    named = " ".join(read_text(row.get(name)) for name in names).lower()
    return next((provider for word, provider in _PROVIDERS.items() if word in named), "")


def _find_model(row: Mapping[str, Any]) -> str:
    details = _read_details(row.get("SkuPriceDetails"))
    for name in ("x_Model", "Model", "ModelName", "x_ModelName", "ModelId"):
        if read_text(details.get(name)):
            return read_text(details[name])
    # A meter that says no more than a kind of tokens has no model in front of it.
    meter = split_meter(read_text(row.get("SkuMeter")))
    names = ("ResourceName", "SkuId", "ChargeDescription")
    return meter or next((found for name in names if (found := split_meter(read_text(row.get(name))))), "")


def _read_details(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _find_quantity(row: Mapping[str, Any], values: ValueReader) -> Any:
    for name, unit in (("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")):
        quantity = values.number(row.get(name))
        if quantity is not None:
            return quantity * find_multiplier(row.get(unit))
    return None


def _find_cost(row: Mapping[str, Any], values: ValueReader) -> Any:
    billed = values.number(row.get("BilledCost"))
    # Our own exports bill nothing: their estimate is the effective cost.
    return values.number(row.get("EffectiveCost")) if not billed and "x_CostBasis" in row else billed
