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


@pytest.mark.parametrize(
    "kind", ["Tax", "Credit", "Refund", "EdpDiscount", "BundledDiscount", "Fee", "RIFee"]
)
def test_taxes_and_credits_have_no_model(kind: str) -> None:
    (line,) = read_aws([row("USE1-NovaPro-input-tokens", line_item_line_item_type=kind)], ValueReader())
    assert (line.model, line.kind, line.quantity, line.cost) == ("", "", None, Decimal("0.0045"))


def test_a_line_has_its_day_its_currency_and_its_provider() -> None:
    fields = {"line_item_usage_end_date": "2026-10-06T00:00:00Z", "line_item_currency_code": "EUR"}
    (line,) = read_aws([row("USE1-NovaPro-input-tokens", **fields)], ValueReader())
    assert (line.provider, line.currency, line.start.day, line.end and line.end.day) == ("aws", "EUR", 5, 6)
    (line,) = read_aws([row("USE1-NovaPro-input-tokens", line_item_unblended_cost="£5")], ValueReader())
    assert exact(line.currency, line.cost, line.end) == ("GBP", 5, None)


@pytest.mark.parametrize(
    "name",
    ["product_servicename", "product_product_name", "product_name", "line_item_line_item_description"],
)
def test_a_product_of_the_marketplace_is_named_in_one_of_these_columns(name: str) -> None:
    fields = {"line_item_product_code": "abc", name: "Claude Opus 4 (Amazon Bedrock Edition)"}
    (line,) = read_aws([row("USE1-MP:USE1_OutputTokenCount-Units", **fields)], ValueReader())
    assert (line.model, line.kind) == ("Claude Opus 4", "output")


@pytest.mark.parametrize(
    "name", ["product/ProductName", "product/servicename", "lineItem/LineItemDescription"]
)
def test_a_product_has_other_columns_in_earlier_reports(name: str) -> None:
    fields = {"line_item_product_code": "abc", name: "Claude Opus 4 (Amazon Bedrock Edition)"}
    (line,) = read_aws([row("USE1-MP:USE1_OutputTokenCount-Units", **fields)], ValueReader())
    assert line.model == "Claude Opus 4"


def test_the_first_column_that_names_a_product_counts() -> None:
    names = {"product_servicename": "", "product_name": "Jamba (Amazon Bedrock Edition)"}
    names["line_item_line_item_description"] = "Other"
    (line,) = read_aws([row("USE1-MP:USE1_OutputTokenCount-Units", **names)], ValueReader())
    assert line.model == "Jamba"


@pytest.mark.parametrize(
    ("name", "earlier"),
    [
        ("line_item_usage_start_date", "lineItem/UsageStartDate"),
        ("line_item_usage_end_date", "lineItem/UsageEndDate"),
        ("line_item_line_item_type", "lineItem/LineItemType"),
        ("line_item_product_code", "lineItem/ProductCode"),
        ("line_item_usage_type", "lineItem/UsageType"),
        ("line_item_usage_amount", "lineItem/UsageAmount"),
        ("line_item_unblended_cost", "lineItem/UnblendedCost"),
        ("line_item_usage_account_id", "lineItem/UsageAccountId"),
        ("line_item_currency_code", "lineItem/CurrencyCode"),
        ("pricing_unit", "pricing/unit"),
    ],
)
def test_a_column_of_earlier_reports_is_the_same(name: str, earlier: str) -> None:
    today = row(
        "USE1-NovaPro-output-tokens-batch",
        line_item_usage_end_date="2026-10-06",
        line_item_currency_code="EUR",
    )
    then = {earlier if column == name else column: value for column, value in today.items()}
    assert earlier in then
    assert [*read_aws([then], ValueReader())] == [*read_aws([today], ValueReader())]
    without = {column: value for column, value in today.items() if column != name}
    if name != "line_item_product_code" and name != "line_item_line_item_type":
        assert [*read_aws([without], ValueReader())] != [*read_aws([today], ValueReader())]


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
