"""AWS Cost and Usage Reports: the lines of Bedrock, by their usage types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.aws import is_aws, read_aws
from payi_transport.reports.bills.values import ValueReader
from tests.reports.support import exact


def row(usage_type: str, **fields: Any) -> dict[str, Any]:
    return {
        "line_item_usage_start_date": "2026-10-05T00:00:00Z",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": usage_type,
        "line_item_usage_amount": "1.5",
        "line_item_unblended_cost": "0.0045",
        "line_item_usage_account_id": "123456789012",
        "pricing_unit": "1K tokens",
        **fields,
    }


@pytest.mark.parametrize(
    ("usage_type", "model", "kind", "tier"),
    [
        ("USE1-Claude3.5Sonnet-input-tokens", "Claude3.5Sonnet", "input", ""),
        ("USW2-Claude4Sonnet-output-tokens-batch", "Claude4Sonnet", "output", "batch"),
        ("EUC1-Claude4Sonnet-cache-read-input-token-count", "Claude4Sonnet", "cache_read", ""),
        ("USE1-Claude4Sonnet-cache-write-input-token-count", "Claude4Sonnet", "cache_write", ""),
        ("USE1-gpt-oss-120b-mantle-input-tokens-standard", "gpt-oss-120b", "input", ""),
        ("NovaPro-input-tokens", "NovaPro", "input", ""),
    ],
)
def test_a_usage_type_names_model_kind_and_tier(usage_type: str, model: str, kind: str, tier: str) -> None:
    table = [row(usage_type)]
    assert is_aws(table)
    (line,) = read_aws(table, ValueReader())
    assert (line.model, line.kind, line.tier) == (model, kind, tier)
    assert exact(line.quantity, line.cost, line.account) == (1500, Decimal("0.0045"), "123456789012")


def test_models_of_the_marketplace_are_named_by_their_product() -> None:
    fields = {
        "line_item_product_code": "abc123",
        "product_product_name": "Claude Sonnet 4 (Amazon Bedrock Edition)",
        "pricing_unit": "Units",
    }
    lines = [
        *read_aws(
            [row(f"USE1-MP:USE1_{name}TokenCount-Units", **fields) for name in ("Input", "CacheReadInput")],
            ValueReader(),
        )
    ]
    assert [(line.model, line.kind) for line in lines] == [
        ("Claude Sonnet 4", "input"),
        ("Claude Sonnet 4", "cache_read"),
    ]


def test_taxes_and_credits_have_no_model() -> None:
    (line,) = read_aws([row("", line_item_line_item_type="Tax")], ValueReader())
    assert (line.model, line.kind, line.quantity, line.cost) == ("", "", None, Decimal("0.0045"))


def test_other_services_are_left_out_and_so_are_lines_without_a_time() -> None:
    other = row("USE1-BoxUsage:t3.micro", line_item_product_code="AmazonEC2")
    undated = row("USE1-NovaPro-input-tokens", line_item_usage_start_date=None)
    assert [*read_aws([other, undated], ValueReader())] == []


def test_an_unknown_amount_is_no_quantity() -> None:
    (line,) = read_aws([row("USE1-NovaPro-input-tokens", line_item_usage_amount="n/a")], ValueReader())
    assert line.quantity is None


def test_earlier_reports_have_slashes_in_their_columns() -> None:
    table = [
        {
            "lineItem/UsageStartDate": "2026-10-05T00:00:00Z",
            "lineItem/ProductCode": "AmazonBedrock",
            "lineItem/UsageType": "USE1-NovaPro-input-tokens",
            "lineItem/UsageAmount": "2",
            "lineItem/UnblendedCost": "3",
            "pricing/unit": "1K tokens",
        }
    ]
    assert is_aws(table)
    (line,) = read_aws(table, ValueReader())
    assert exact(line.model, line.quantity, line.cost) == ("NovaPro", 2000, 3)


@pytest.mark.parametrize("table", [[], [{"a": "b"}]])
def test_other_tables_are_not_of_aws(table: Any) -> None:
    assert not is_aws(table)
