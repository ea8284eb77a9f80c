"""Every value of an exported file keeps the rules of the specification, by version.

Source: the content constraints and the requirements of each column in FOCUS 1.2 (tag v1.2 of FOCUS_Spec), and
for 1.3 those of `ServiceProviderName` and `HostProviderName`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.prices import Estimate, Line
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.focus_columns import VERSIONS, FocusVersion, list_columns
from payi_transport.reports.focus_corrections import make_corrections
from payi_transport.reports.focus_files import write_csv
from payi_transport.reports.priced_calls import PricedCall
from tests.reports.support import make_call, make_event, price_with

# By column: whether it is mandatory, may be null, and its format or its allowed values.
TEXT, NUMBER, TIME = r"(?s).+", r"-?\d+(\.\d+)?", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
UNIT = r"(\d+ )?[A-Z][A-Za-z]+s(/[A-Z][a-z]+)?"
RULES: dict[str, tuple[str, bool, str]] = {
    "BilledCost": ("mandatory", False, NUMBER),
    "BillingAccountId": ("mandatory", False, TEXT),
    "BillingAccountName": ("mandatory", True, TEXT),
    "BillingAccountType": ("conditional", False, TEXT),
    "BillingCurrency": ("mandatory", False, r"[A-Z]{3}"),
    "BillingPeriodEnd": ("mandatory", False, TIME),
    "BillingPeriodStart": ("mandatory", False, TIME),
    "ChargeCategory": ("mandatory", False, "Usage|Purchase|Tax|Credit|Adjustment"),
    "ChargeClass": ("mandatory", True, "Correction"),
    "ChargeDescription": ("mandatory", True, TEXT),
    "ChargeFrequency": ("recommended", False, "One-Time|Recurring|Usage-Based"),
    "ChargePeriodEnd": ("mandatory", False, TIME),
    "ChargePeriodStart": ("mandatory", False, TIME),
    "CommitmentDiscountCategory": ("conditional", True, "Spend|Usage"),
    "CommitmentDiscountId": ("conditional", True, TEXT),
    "CommitmentDiscountName": ("conditional", True, TEXT),
    "CommitmentDiscountQuantity": ("conditional", True, NUMBER),
    "CommitmentDiscountStatus": ("conditional", True, "Used|Unused"),
    "CommitmentDiscountType": ("conditional", True, TEXT),
    "CommitmentDiscountUnit": ("conditional", True, UNIT),
    "ConsumedQuantity": ("conditional", True, NUMBER),
    "ConsumedUnit": ("conditional", True, UNIT),
    "ContractedCost": ("mandatory", False, NUMBER),
    "ContractedUnitPrice": ("conditional", True, NUMBER),
    "EffectiveCost": ("mandatory", False, NUMBER),
    "InvoiceId": ("recommended", True, TEXT),
    "InvoiceIssuerName": ("mandatory", False, TEXT),
    "ListCost": ("mandatory", False, NUMBER),
    "ListUnitPrice": ("conditional", True, NUMBER),
    "PricingCategory": ("conditional", True, "Standard|Dynamic|Committed|Other"),
    "PricingQuantity": ("mandatory", True, NUMBER),
    "PricingUnit": ("mandatory", True, UNIT),
    "ProviderName": ("mandatory", False, TEXT),
    "PublisherName": ("mandatory", False, TEXT),
    "RegionId": ("conditional", True, TEXT),
    "RegionName": ("conditional", True, TEXT),
    "ResourceId": ("conditional", True, TEXT),
    "ResourceName": ("conditional", True, TEXT),
    "ResourceType": ("conditional", True, TEXT),
    "ServiceCategory": ("mandatory", False, "AI and Machine Learning"),
    "ServiceName": ("mandatory", False, TEXT),
    "ServiceSubcategory": ("recommended", False, "Generative AI"),
    "SkuId": ("conditional", True, TEXT),
    "SkuMeter": ("conditional", True, TEXT),
    "SkuPriceDetails": ("conditional", True, r"\{.*\}"),
    "SkuPriceId": ("conditional", True, TEXT),
    "SubAccountId": ("conditional", True, TEXT),
    "SubAccountName": ("conditional", True, TEXT),
    "SubAccountType": ("conditional", True, TEXT),
    "Tags": ("conditional", True, r"\{.*\}"),
}
RULES_1_3 = {
    "HostProviderName": ("mandatory", False, TEXT),
    "ServiceProviderName": ("mandatory", False, TEXT),
}
# If the first is null, so is the second.
TOGETHER = [
    *(("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit"), ("SkuId", "SkuMeter")),
    *(("RegionId", "RegionName"), ("SubAccountId", "SubAccountName"), ("SubAccountId", "SubAccountType")),
    *(("SkuPriceId", "SkuPriceDetails"), ("ResourceId", "ResourceName"), ("ResourceId", "ResourceType")),
]
PRODUCTS = [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")]
RATES = {"text input": "0.000002", "text output": "0.000008", "web_search_request output": "0.01"}
USAGE = {"text": (100, 10), "web_search_request": (0, 2), "text_cache_read": (5, 0)}


def make_calls() -> list[PricedCall]:
    calls = [
        make_call(USAGE, RATES, category=category, resource=resource, account_name=account, scope=scope)
        for category in ("system.openai", "system.azureopenai", "system.aws.bedrock", "custom")
        for resource, account, scope in (
            ("gpt-5", "acme", "region.eu-west-1"),
            (None, None, None),
            ("=x", "=1", "global"),
        )
    ]
    whole = Line(unit="call", direction="total", count=1, rate=Decimal(2), amount=Decimal(2), source="payi")
    other = ["document_page", "container", "guardrail_topic", "audio_seconds", "search_source"]
    odd = make_event(dict.fromkeys(other, (3, 1)))
    return [
        *calls,
        PricedCall(odd, price_with({}, odd)),
        PricedCall(odd, Estimate(total=Decimal(2), status="priced", source="payi", lines=(whole,))),
    ]


def make_files(version: FocusVersion, **options: Any) -> list[dict[str, str]]:
    made = make_rows(make_calls(), FocusOptions(**options))
    later = make_rows([make_call({"text": (100, 10)}, {"text input": "0.5"})], FocusOptions(**options))
    corrections = make_corrections(later, made, datetime(2026, 12, 3, tzinfo=timezone.utc), timezone.utc)
    return [*csv.DictReader(io.StringIO(write_csv([*made, *corrections], version)))]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_columns_are_those_of_the_version_and_null_where_it_allows_that(version: FocusVersion) -> None:
    rules = RULES | (RULES_1_3 if version == "1.3" else {})
    names = [column.name for column in list_columns(version) if not column.name.startswith("x_")]
    assert set(names) == set(rules)
    nullable = {column.name for column in list_columns(version) if column.nullable and column.name in rules}
    # A tax may have no host by the specification, but every call has one.
    assert nullable - {"HostProviderName"} == {
        name for name, (_, may_be_null, _) in rules.items() if may_be_null
    }


@pytest.mark.parametrize("billed", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_value_has_its_format(version: FocusVersion, billed: bool) -> None:
    rules = RULES | (RULES_1_3 if version == "1.3" else {})
    rows = make_files(version, billed=billed, invoice="inv-1")
    assert len(rows) > 40
    assert {row["ChargeClass"] for row in rows} == {"", "Correction"}
    for row in rows:
        for name, (_, may_be_null, form) in rules.items():
            value = row[name]
            assert value or may_be_null, (name, row)
            assert not value or re.fullmatch(form, value), (name, value)
        for name in ("Tags", "SkuPriceDetails"):
            pairs = json.loads(row[name] or "{}")
            assert all(isinstance(value, str) for value in pairs.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_columns_that_belong_together_are_null_together(version: FocusVersion) -> None:
    for row in make_files(version):
        for one, other in TOGETHER:
            assert bool(row[one]) == bool(row[other]) or row["ChargeClass"], (one, other, row)
        if row["ChargeClass"]:
            assert bool(row["ConsumedQuantity"]) == bool(row["ConsumedUnit"])
            assert row["PricingCategory"] == ""
        else:
            assert row["ConsumedQuantity"]
            assert row["PricingQuantity"]
            assert row["PricingCategory"]
        assert row["BillingPeriodStart"] < row["BillingPeriodEnd"]
        assert row["ChargePeriodStart"] < row["ChargePeriodEnd"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_price_times_its_quantity_is_its_cost(version: FocusVersion) -> None:
    for row in make_files(version):
        for price, cost in PRODUCTS:
            if row[price]:
                assert Decimal(row[price]) * Decimal(row["PricingQuantity"]) == Decimal(row[cost])
            elif not row["ChargeClass"]:
                # Only what has no price has none here, and then the row says so.
                assert row["x_PriceStatus"] == "unpriced"
                assert Decimal(row[cost]) == 0
