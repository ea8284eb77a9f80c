"""The column tables agree with the specification."""

from __future__ import annotations

import re

from payi_transport.reports.focus_columns import OWN_PREFIX, SCALES, list_columns

# The columns that a file must have: mandatory by their content constraints.
MANDATORY = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
]
RECOMMENDED = {"ChargeFrequency", "InvoiceId", "ServiceSubcategory"}


def test_every_mandatory_and_recommended_column_is_there() -> None:
    names = {column.name for column in list_columns("1.2")}
    assert {*MANDATORY, *RECOMMENDED} <= names
    assert not {"ServiceProviderName", "HostProviderName"} & names


def test_1_3_names_the_provider_in_two_new_columns_and_keeps_the_deprecated_ones() -> None:
    added = {column.name for column in list_columns("1.3")} - {column.name for column in list_columns("1.2")}
    assert added == {"ServiceProviderName", "HostProviderName"}


def test_names_are_pascal_case_unique_and_our_own_are_marked() -> None:
    names = [column.name for column in list_columns("1.3")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z][A-Za-z]+", name.removeprefix(OWN_PREFIX)) for name in names)


def test_times_amounts_prices_and_pairs_have_types_of_their_own() -> None:
    columns = {column.name: column for column in list_columns("1.3")}
    by_type = {
        kind: {name for name, column in columns.items() if column.type == kind}
        for kind in ("time", "decimal", "price", "json")
    }
    assert by_type == {
        "time": {f"{period}Period{end}" for period in ("Billing", "Charge") for end in ("Start", "End")},
        "decimal": {
            *("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "CommitmentDiscountQuantity"),
            *("ConsumedQuantity", "PricingQuantity", "x_CallCount"),
        },
        "price": {"ContractedUnitPrice", "ListUnitPrice"},
        "json": {"SkuPriceDetails", "Tags"},
    }
    assert SCALES == {"decimal": 15, "price": 24}


def test_of_our_own_columns_two_always_have_a_value() -> None:
    own = [column for column in list_columns("1.2") if column.name.startswith(OWN_PREFIX)]
    assert [column.name for column in own] == [
        *("x_CallCount", "x_CostBasis", "x_Direction", "x_Note", "x_PriceListVersion", "x_PriceStatus"),
        *("x_Unit", "x_UseCaseName"),
    ]
    assert {column.name for column in own if not column.nullable} == {"x_CostBasis", "x_PriceStatus"}
