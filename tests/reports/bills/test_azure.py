"""Azure's cost exports: the lines of its AI services, by their meters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.azure import is_azure, read_azure
from payi_transport.reports.bills.values import ValueReader
from tests.reports.support import exact


def row(meter: str, **fields: Any) -> dict[str, Any]:
    return {
        "Date": "2026-10-05",
        "MeterCategory": "Cognitive Services",
        "MeterSubCategory": "Azure OpenAI",
        "MeterName": meter,
        "Quantity": "1500",
        "UnitOfMeasure": "1K",
        "CostInBillingCurrency": "3.75",
        "SubscriptionName": "Production",
        **fields,
    }


@pytest.mark.parametrize(
    ("meter", "model", "kind", "tier"),
    [
        ("gpt 4o 0806 Inp glbl Tokens", "gpt 4o 0806", "input", ""),
        ("gpt-4o-0806-Outp-glbl Tokens", "gpt-4o-0806", "output", ""),
        ("gpt 4.1 cached Inp glbl Tokens", "gpt 4.1", "cache_read", ""),
        ("gpt 4.1 mini Batch Outp glbl Tokens", "gpt 4.1 mini", "output", "batch"),
    ],
)
def test_a_meter_names_model_kind_and_tier(meter: str, model: str, kind: str, tier: str) -> None:
    table = [row(meter)]
    assert is_azure(table)
    (line,) = read_azure(table, ValueReader())
    assert (line.model, line.kind, line.tier) == (model, kind, tier)
    assert exact(line.quantity, line.cost, line.account) == (1_500_000, Decimal("3.75"), "Production")
    assert (line.start.month, line.start.day) == (10, 5)


def test_columns_of_other_agreements() -> None:
    table = [
        {
            "UsageDateTime": "2026-10-05",
            "meterName": "gpt 4o Inp glbl Tokens",
            "UsageQuantity": "2",
            "Unit Of Measure": "1M",
            "PreTaxCost": "5",
        }
    ]
    assert is_azure(table)
    (line,) = read_azure(table, ValueReader())
    assert exact(line.quantity, line.cost, line.account) == (2_000_000, 5, "")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Date", "UsageDate"),
        ("Date", "UsageDateTime"),
        ("Quantity", "UsageQuantity"),
        ("CostInBillingCurrency", "CostInUsd"),
        ("CostInBillingCurrency", "CostInPricingCurrency"),
        ("CostInBillingCurrency", "PreTaxCost"),
        ("CostInBillingCurrency", "Cost"),
        *(("SubscriptionName", f"Subscription{word}") for word in ("Id", "Guid")),
        *(("SubscriptionName", name) for name in ("ResourceGroup", "Resource Group Name")),
    ],
)
def test_a_column_of_another_agreement_is_the_same(name: str, other: str) -> None:
    usual = row("gpt 4o Inp glbl Tokens")
    table = [{other if column == name else column: value for column, value in usual.items()}]
    assert is_azure(table)
    assert [*read_azure(table, ValueReader())] == [*read_azure([usual], ValueReader())]


@pytest.mark.parametrize(
    ("costs", "currency", "cost"),
    [
        ({"CostInBillingCurrency": "2", "BillingCurrency": "EUR", "CostInPricingCurrency": "3"}, "EUR", "2"),
        ({"CostInPricingCurrency": "3", "PricingCurrency": "GBP", "BillingCurrency": "EUR"}, "GBP", "3"),
        ({"PreTaxCost": "4", "Currency": "CHF", "BillingCurrency": "EUR"}, "CHF", "4"),
        ({"Cost": "5", "Currency": "CHF", "PreTaxCost": "4"}, "CHF", "4"),
        ({"Cost": "5", "Currency": "CHF", "BillingCurrency": "EUR"}, "CHF", "5"),
        ({"Cost": "5", "BillingCurrencyCode": "SEK"}, "SEK", "5"),
        ({"Cost": "5", "CurrencyCode": "NOK"}, "NOK", "5"),
        ({"CostInBillingCurrency": "2", "Currency": "DKK"}, "DKK", "2"),
        ({}, "USD", None),
    ],
)
def test_an_amount_is_in_the_currency_of_its_column(
    costs: dict[str, str], currency: str, cost: str | None
) -> None:
    fields = {**row("gpt 4o Inp"), **costs}
    if "CostInBillingCurrency" not in costs:
        del fields["CostInBillingCurrency"]
    (line,) = read_azure([fields], ValueReader())
    assert (line.currency, line.cost) == (currency, cost and Decimal(cost))
    assert line.provider == "azure"


@pytest.mark.parametrize(
    "fields",
    [
        {"MeterCategory": "Azure OpenAI"},
        {"MeterSubCategory": "Cognitive Services"},
        {"MeterCategory": "Foundry Models"},
        {"ConsumedService": "Azure AI"},
        *({"MeterName": f"{name} Inp"} for name in ("gpt-5", "Claude Opus", "Llama 4", "Mistral Large")),
    ],
)
def test_services_of_ai_are_known_by_any_of_their_names(fields: dict[str, str]) -> None:
    plain = {"MeterCategory": "", "MeterSubCategory": "", "MeterName": "x"}
    assert len([*read_azure([{**row("x"), **plain, **fields}], ValueReader())]) == 1
    assert [*read_azure([{**row("x"), **plain}], ValueReader())] == []


def test_other_services_are_left_out_and_so_are_lines_without_a_time() -> None:
    other = row("Disk Operations", MeterCategory="Storage", MeterSubCategory="Disks")
    assert [*read_azure([other, row("gpt 4o Inp glbl Tokens", Date="")], ValueReader())] == []


def test_an_unknown_quantity_is_none() -> None:
    (line,) = read_azure([row("gpt 4o Inp", Quantity="?")], ValueReader())
    assert line.quantity is None


@pytest.mark.parametrize("table", [[], [{"a": "b"}]])
def test_other_tables_are_not_of_azure(table: Any) -> None:
    assert not is_azure(table)


def test_an_amount_in_us_dollars_wins_over_one_in_the_bills_currency() -> None:
    euros = {"CostInBillingCurrency": "2", "BillingCurrency": "EUR"}
    found = [
        *read_azure(
            [row("gpt 4o Inp", **euros), row("gpt 4o Inp", **{**euros, "CostInUsd": "2.5"})], ValueReader()
        )
    ]
    assert [(line.currency, str(line.cost)) for line in found] == [("EUR", "2"), ("USD", "2.5")]
    (line,) = read_azure([row("gpt 4o Inp", CostInBillingCurrency="", Cost="")], ValueReader())
    assert line.cost is None


def test_an_amount_with_the_sign_of_a_currency_is_in_it_where_no_column_names_one() -> None:
    euros = {"CostInBillingCurrency": "€2.50"}
    named = {**euros, "BillingCurrency": "CHF"}
    in_dollars = {"CostInUsd": "€2.50", "BillingCurrency": "EUR"}
    rows = [row("gpt 4o Inp", **fields) for fields in (euros, named, in_dollars)]
    found = [(line.currency, str(line.cost)) for line in read_azure(rows, ValueReader())]
    assert found == [("EUR", "2.50"), ("CHF", "2.50"), ("USD", "2.50")]


def test_only_what_cannot_be_read_of_ai_services_is_counted() -> None:
    other = row("Disk Operations", MeterCategory="Storage", MeterSubCategory="Disks", Date="soon")
    values = ValueReader()
    lines = [*read_azure([other, row("gpt 4o Inp", Date="never"), row("gpt 4o Inp", Quantity="?")], values)]
    assert [line.quantity for line in lines] == [None]
    assert [(found.kind, found.count, found.first) for found in values.list_unread("bill")] == [
        ("date", 1, "never"),
        ("number", 1, "?"),
    ]
