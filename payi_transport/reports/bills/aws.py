"""AWS Cost and Usage Reports (CUR 2.0, and the earlier ones with slashes in the names of columns).

Source: the columns of the standard data export, and AWS's guide to the entries of Bedrock in it. The type
of tokens and the model are in the usage type: "USE1-Claude3.5Sonnet-input-tokens", "…-cache-read-input-
token-count". Models that are sold through the marketplace have "USE1-MP:USE1_InputTokenCount-Units", and
the model is the name of the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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

__all__ = ["is_aws", "read_aws"]

_USAGE_TYPE = re.compile(
    r"^(?:[A-Z]{2,4}\d?-)?(?P<model>.+?)-(?:mantle-)?"
    r"(?P<kind>(?:cache-(?:read|write)-)?(?:input|output)-token.*)$",
    re.IGNORECASE,
)
_BEDROCK = re.compile(r"bedrock|\(amazon bedrock edition\)", re.IGNORECASE)
_EDITION = re.compile(r"\s*\(amazon bedrock edition\)", re.IGNORECASE)
# Charges that are money for what other lines have the usage of.
_NO_USAGE = {"Tax", "Credit", "Refund", "EdpDiscount", "BundledDiscount", "Fee", "RIFee"}


def is_aws(table: Table) -> bool:
    """Return whether the columns are those of a Cost and Usage Report."""
    return bool(table) and _read(table[0], "line_item_usage_type", default=None) is not None


def read_aws(table: Table, values: ValueReader) -> Iterator[BillLine]:
    """Yield the lines of Bedrock. Other services of AWS are in the same files, and left out."""
    for row in table:
        usage_type = read_text(_read(row, "line_item_usage_type"))
        product = f"{read_text(_read(row, 'line_item_product_code'))} {_find_product(row)}"
        found = _USAGE_TYPE.match(usage_type)
        if found is None and _BEDROCK.search(product) is None:
            continue
        start = values.time(_read(row, "line_item_usage_start_date"))
        if start is None:
            continue
        is_charge = read_text(_read(row, "line_item_line_item_type")) in _NO_USAGE
        quantity = None if is_charge else values.number(_read(row, "line_item_usage_amount"))
        unit, cost = read_text(_read(row, "pricing_unit")), _read(row, "line_item_unblended_cost")
        yield BillLine(
            provider="aws",
            start=start,
            end=values.time(_read(row, "line_item_usage_end_date")),
            model="" if is_charge else found["model"] if found else _EDITION.sub("", _find_product(row)),
            kind="" if is_charge else find_kind(found["kind"] if found else _split_words(usage_type)),
            tier=find_tier(usage_type),
            account=read_text(_read(row, "line_item_usage_account_id")),
            quantity=None if quantity is None else quantity * find_multiplier(unit),
            cost=values.number(cost),
            currency=read_currency(_read(row, "line_item_currency_code"), cost),
        )


def _find_product(row: Mapping[str, Any]) -> str:
    names = ("product_servicename", "product_product_name", "product_name", "line_item_line_item_description")
    return next((text for name in names if (text := read_text(_read(row, name)))), "")


def _split_words(usage_type: str) -> str:
    """Turn "USE1-MP:USE1_CacheReadInputTokenCount-Units" into words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", usage_type)


def _read(row: Mapping[str, Any], name: str, default: Any = "") -> Any:
    """Return a column by its name in CUR 2.0.

    Earlier reports have `lineItem/UsageType`, `pricing/unit`, and `product/ProductName`.
    """
    head, _, rest = name.replace("line_item", "lineItem", 1).partition("_")
    names = (name, f"{head}/{rest}", f"{head}/{_camel(rest)}")
    return next((row[found] for found in names if found in row), default)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
