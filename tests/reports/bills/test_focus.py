"""FOCUS bills of every provider, and our own exports read back."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.focus import is_focus, read_focus
from payi_transport.reports.bills.values import ValueReader
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS, FocusVersion
from payi_transport.reports.focus_files import write_csv
from payi_transport.reports.reconcile_cells import is_covered
from tests.reports.support import exact, make_call


def row(**fields: Any) -> dict[str, Any]:
    return {
        "BilledCost": "1.5",
        "ChargePeriodStart": "2026-10-05T00:00:00Z",
        "ChargeCategory": "Usage",
        "ServiceCategory": "AI and Machine Learning",
        "ProviderName": "Microsoft",
        "SkuMeter": "gpt 4o 0806 Inp glbl Tokens",
        "ConsumedQuantity": "3",
        "ConsumedUnit": "1K Tokens",
        **fields,
    }


def test_a_meter_names_model_and_kind() -> None:
    (line,) = read_focus([row(SubAccountName="Production")], ValueReader())
    assert (line.provider, line.model, line.kind) == ("azure", "gpt 4o 0806", "input")
    assert exact(line.quantity, line.cost, line.account) == (3000, Decimal("1.5"), "Production")


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({"SkuPriceDetails": '{"x_Model": "gpt-5"}'}, "gpt-5"),
        ({"SkuPriceDetails": {"ModelName": "gpt-5"}}, "gpt-5"),
        ({"SkuPriceDetails": "{broken"}, "gpt 4o 0806"),
        ({"SkuPriceDetails": "[1]"}, "gpt 4o 0806"),
        ({"SkuMeter": "Input tokens", "ResourceName": "gpt-5"}, "gpt-5"),
        ({"SkuMeter": "Input tokens", "SkuId": "gpt-5 input"}, "gpt-5"),
        ({"SkuMeter": "Input tokens"}, ""),
    ],
)
def test_the_model_is_wherever_a_provider_puts_it(fields: dict[str, Any], model: str) -> None:
    (line,) = read_focus([row(**fields)], ValueReader())
    assert line.model == model


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", "aws"),
        ("OpenAI", "openai"),
        ("Anthropic", "anthropic"),
        ("Google Cloud", "google"),
        ("Acme", ""),
    ],
)
def test_providers(name: str, provider: str) -> None:
    (line,) = read_focus([row(ProviderName="", ServiceProviderName=name)], ValueReader())
    assert line.provider == provider


def test_taxes_and_credits_have_no_model_and_other_services_are_left_out() -> None:
    rows = [
        row(ChargeCategory="Tax"),
        row(ServiceCategory="Storage"),
        row(ChargePeriodStart=None),
        row(ServiceCategory=None, PricingQuantity="5", ConsumedQuantity=None, PricingUnit="Tokens"),
        row(ConsumedQuantity=None),
    ]
    found = [(line.model, line.quantity) for line in read_focus(rows, ValueReader())]
    assert found == [("", None), ("gpt 4o 0806", 5), ("gpt 4o 0806", None)]


@pytest.mark.parametrize("category", ["Tax", "Credit", "Adjustment", "purchase"])
def test_charges_that_are_no_usage_have_an_amount_alone(category: str) -> None:
    (line,) = read_focus([row(ChargeCategory=category)], ValueReader())
    assert exact(line.model, line.kind, line.quantity, line.cost) == ("", "", None, Decimal("1.5"))


@pytest.mark.parametrize(
    ("category", "is_read"),
    [
        ("AI and Machine Learning", True),
        ("Machine Learning", True),
        ("AI", True),
        ("", True),
        ("Maintenance", False),
    ],
)
def test_services_of_ai_are_read(category: str, is_read: bool) -> None:
    assert bool([*read_focus([row(ServiceCategory=category)], ValueReader())]) is is_read


@pytest.mark.parametrize(
    "name", ["ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName"]
)
@pytest.mark.parametrize(
    ("seller", "provider"),
    [
        ("Microsoft", "azure"),
        ("Azure", "azure"),
        ("Amazon Web Services", "aws"),
        ("Databricks", "databricks"),
    ],
)
def test_the_provider_is_in_one_of_these_columns(name: str, seller: str, provider: str) -> None:
    (line,) = read_focus([{**row(ProviderName=""), name: seller}], ValueReader())
    assert line.provider == provider


@pytest.mark.parametrize("name", ["x_Model", "Model", "ModelName", "x_ModelName", "ModelId"])
def test_details_of_a_price_name_the_model(name: str) -> None:
    (line,) = read_focus([row(SkuPriceDetails=json.dumps({name: "gpt-5"}))], ValueReader())
    assert line.model == "gpt-5"


def test_a_charge_has_its_period_its_tier_its_account_and_its_currency() -> None:
    fields = {
        "ChargePeriodEnd": "2026-10-06T00:00:00Z",
        "ChargeDescription": "Batch",
        "SubAccountId": "1",
        "BillingCurrency": "EUR",
        "SkuMeter": "",
        "SkuId": "gpt-5 cached input",
    }
    (line,) = read_focus([row(**fields)], ValueReader())
    assert (line.start.day, line.end and line.end.day, line.tier, line.account) == (5, 6, "batch", "1")
    assert (line.currency, line.kind, line.model) == ("EUR", "cache_read", "gpt-5")
    (line,) = read_focus([row(BilledCost="£5", SkuMeter="", ChargeDescription="gpt-5 output")], ValueReader())
    assert exact(line.currency, line.cost, line.kind, line.model) == ("GBP", 5, "output", "gpt-5")


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"BilledCost": "0", "EffectiveCost": "2", "x_CostBasis": "list"}, 2),
        ({"BilledCost": "3", "EffectiveCost": "2", "x_CostBasis": "list"}, 3),
        ({"BilledCost": "0", "EffectiveCost": "2"}, 0),
        ({"BilledCost": "", "EffectiveCost": "2"}, None),
    ],
)
def test_only_our_own_export_is_read_by_its_estimate(fields: dict[str, str], cost: int | None) -> None:
    (line,) = read_focus([row(**fields)], ValueReader())
    assert line.cost == cost


def test_a_quantity_that_was_priced_counts_where_none_was_consumed() -> None:
    priced = {"PricingQuantity": "2", "PricingUnit": "1M Tokens"}
    found = [
        line.quantity
        for line in read_focus([row(**priced), row(**priced, ConsumedQuantity=None)], ValueReader())
    ]
    assert found == [3000, 2_000_000]


def test_our_own_export_is_read_back_exactly() -> None:
    rates = {"text input": "0.000002", "text_cache_read input": "0.0000005", "text output": "0.000008"}
    calls = [make_call({"text": (100, 10), "text_cache_read": (30, 0)}, rates)]
    text = write_csv(make_rows(calls, FocusOptions()), "1.3")
    table: Any = list(csv.DictReader(io.StringIO(text)))
    assert is_focus(table)
    lines: Any = {
        line.kind: (line.model, line.quantity, line.cost) for line in read_focus(table, ValueReader())
    }
    assert lines == {
        "input": ("gpt-4.1", 100, Decimal("0.0002")),
        "output": ("gpt-4.1", 10, Decimal("0.00008")),
        "cache_read": ("gpt-4.1", 30, Decimal("0.000015")),
    }


@pytest.mark.parametrize("table", [[], [{"BilledCost": "1"}]])
def test_other_tables_are_not_focus(table: Any) -> None:
    assert not is_focus(table)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "gpt-5", "gemini-3-pro", "llama-4"])
@pytest.mark.parametrize(
    ("category", "provider"),
    [
        ("system.openai", "openai"),
        ("system.anthropic", "anthropic"),
        ("system.azure", "azure"),
        ("system.azureopenai", "azure"),
        ("system.aws.bedrock", "aws"),
        ("system.google.vertex", "google"),
        ("system.databricks.google", "databricks"),
    ],
)
def test_the_provider_of_our_own_export_is_the_seller_whoever_made_the_model(
    category: str, provider: str, model: str, version: FocusVersion
) -> None:
    is_own = provider in ("openai", "anthropic")
    resource = {"openai": "gpt-5", "anthropic": "claude-x"}[provider] if is_own else model
    call = make_call({"text": (1, 0)}, {"text input": "1"}, category=category, resource=resource)
    table: Any = list(csv.DictReader(io.StringIO(write_csv(make_rows([call], FocusOptions()), version))))
    (line,) = read_focus(table, ValueReader())
    assert (line.provider, line.model) == (provider, resource)
    assert is_covered(category, {line.provider})
