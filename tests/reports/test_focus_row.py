"""Every column of a row: of usage, of usage that nothing is known about, and of a commitment."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from payi_transport.budgets.periods import Period
from payi_transport.prices import Estimate, Line
from payi_transport.reports.focus import FocusOptions, Row, make_commitment_row, make_rows
from payi_transport.reports.priced_calls import PricedCall
from tests.reports.support import NOON, make_event

DAY = Period(NOON.replace(hour=0), NOON.replace(day=6, hour=0))
MONTH = Period(datetime(2026, 11, 1, tzinfo=timezone.utc), datetime(2026, 12, 1, tzinfo=timezone.utc))


def line(**fields: Any) -> Line:
    values = {
        "unit": "text_cache_read",
        "direction": "input",
        "count": 1000,
        "rate": Decimal("0.0025"),
        "amount": Decimal("2.5"),
        "source": "list",
        **fields,
    }
    return Line(**values)


def make(*lines: Line, version: str | None = "genai-prices 1", status: Any = "priced", **fields: Any) -> Any:
    estimate = Estimate(total=Decimal(1), status=status, lines=lines, list_version=version)
    return PricedCall(make_event({}, **fields), estimate)


def only(*calls: PricedCall, **options: Any) -> Row:
    (row,) = make_rows(calls, FocusOptions(**options))
    return row


def test_a_row_of_usage_has_all_that_its_calls_say() -> None:
    fields = {
        "account_name": "acme",
        "use_case_name": "bot",
        "scope": "region.eu-west-1",
        "category": "system.aws.bedrock",
        "resource": "anthropic.claude-x",
    }
    call = make(line(note="assumed"), **fields)
    assert only(call, call, billed=True, billing_account="org", invoice="i-1") == {
        "BilledCost": 5,
        "BillingAccountId": "org",
        "BillingAccountName": "org",
        "BillingAccountType": "Account",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": MONTH.end,
        "BillingPeriodStart": MONTH.start,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "anthropic.claude-x, text_cache_read input",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": DAY.end,
        "ChargePeriodStart": DAY.start,
        "ConsumedQuantity": 2000,
        "ConsumedUnit": "Tokens",
        "ContractedCost": 5,
        "ContractedUnitPrice": Decimal("0.0025"),
        "EffectiveCost": 5,
        "HostProviderName": "AWS",
        "InvoiceId": "i-1",
        "InvoiceIssuerName": "AWS",
        "ListCost": 5,
        "ListUnitPrice": Decimal("0.0025"),
        "PricingCategory": "Standard",
        "PricingQuantity": 2000,
        "PricingUnit": "Tokens",
        "ProviderName": "AWS",
        "PublisherName": "Anthropic",
        "RegionId": "eu-west-1",
        "RegionName": "eu-west-1",
        "ResourceId": "anthropic.claude-x",
        "ResourceName": "anthropic.claude-x",
        "ResourceType": "Model",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Amazon Bedrock",
        "ServiceProviderName": "AWS",
        "ServiceSubcategory": "Generative AI",
        "SkuId": "anthropic.claude-x/text_cache_read/input",
        "SkuMeter": "text_cache_read input",
        "SkuPriceDetails": json.dumps(
            {
                "x_Model": "anthropic.claude-x",
                "x_Direction": "input",
                "x_Unit": "text",
                "x_CacheAction": "read",
            },
            separators=(",", ":"),
        ),
        "SkuPriceId": "anthropic.claude-x/text_cache_read/input/0.0025",
        "SubAccountId": "acme",
        "SubAccountName": "acme",
        "SubAccountType": "Customer",
        "Tags": '{"account_name":"acme","use_case_name":"bot"}',
        "x_CallCount": 2,
        "x_CostBasis": "list price estimate",
        "x_Direction": "input",
        "x_Note": "assumed",
        "x_PriceListVersion": "genai-prices 1",
        "x_PriceStatus": "priced",
        "x_Unit": "text_cache_read",
        "x_UseCaseName": "bot",
    }


def test_a_row_of_usage_that_nothing_is_known_about_has_no_names_and_no_price() -> None:
    unknown = line(unit="text", rate=None, amount=None, source=None)
    row = only(make(unknown, resource=None, category="", scope="global"))
    assert {name for name, value in row.items() if value is None} == {
        *("ChargeClass", "ContractedUnitPrice", "InvoiceId", "ListUnitPrice", "RegionId", "RegionName"),
        *("ResourceId", "ResourceName", "ResourceType", "SkuPriceDetails", "SkuPriceId"),
        *("SubAccountId", "SubAccountName", "SubAccountType", "x_Note", "x_PriceListVersion"),
        "x_UseCaseName",
    }
    assert (row["BilledCost"], row["ContractedCost"], row["EffectiveCost"], row["ListCost"]) == (0, 0, 0, 0)
    assert (row["BillingAccountId"], row["Tags"]) == ("unknown", "{}")
    assert (row["ChargeDescription"], row["SkuId"]) == ("unknown model, text input", "unknown/text/input")
    assert (row["ServiceName"], row["x_CostBasis"], row["x_PriceStatus"]) == ("unknown", "none", "unpriced")


@pytest.mark.parametrize(
    ("unit", "counted"),
    [
        *((unit, "Requests") for unit in ("web_search_request", "file_search_request", "maps_request")),
        *((unit, "Requests") for unit in ("rerank_search", "request", "call", "premium_search_request")),
        *((unit, "Requests") for unit in ("code_interpreter_call", "image_generation_call")),
        ("document_page", "Pages"),
        ("annotated_document_page", "Pages"),
        ("container", "Containers"),
        ("search_source", "Sources"),
        ("classification", "Classifications"),
        ("guardrail_topic", "Units"),
        ("audio_seconds", "Seconds"),
        ("reasoning", "Tokens"),
    ],
)
def test_a_quantity_names_what_it_counts(unit: str, counted: str) -> None:
    row = only(make(line(unit=unit)))
    assert (row["ConsumedUnit"], row["PricingUnit"]) == (counted, counted)


@pytest.mark.parametrize(
    ("source", "basis", "version"),
    [
        ("payi", "Pay-i", None),
        ("config", "own price", None),
        ("provider", "provider's figure", None),
        ("list", "list price estimate", "genai-prices 1"),
        (None, "none", None),
    ],
)
def test_the_basis_of_a_cost_is_named_and_the_list_where_it_is_from_there(
    source: Any, basis: str, version: str | None
) -> None:
    row = only(make(line(source=source)))
    assert (row["x_CostBasis"], row["x_PriceListVersion"]) == (basis, version)


@pytest.mark.parametrize(
    "other",
    [
        {"account_name": "z"},
        {"use_case_name": "z"},
        {"category": "z"},
        {"resource": "z"},
        {"scope": "z"},
        {"version": "z"},
        {"status": "included"},
        {"event_timestamp": NOON.replace(day=6)},
        {"line": {"unit": "z"}},
        {"line": {"direction": "output"}},
        {"line": {"rate": Decimal(3)}},
        {"line": {"source": "config"}},
        {"line": {"note": "z"}},
        {"line": {"amount": None}},
    ],
    ids=lambda other: next(iter(other)) + next(iter(other.get("line", "")), ""),
)
def test_usage_that_differs_in_anything_has_a_row_of_its_own(other: dict[str, Any]) -> None:
    fields = {**other}
    rows = make_rows([make(line()), make(line(**fields.pop("line", {})), **fields)], FocusOptions())
    assert [row["x_CallCount"] for row in rows] == [1, 1]


def test_rows_are_in_the_order_of_periods_and_names() -> None:
    places = [(6, "a", "b"), (5, "z", "a"), (5, "a", "z"), (5, "a", "b")]
    calls = [
        make(line(), event_timestamp=NOON.replace(day=day), account_name=account, use_case_name=use_case)
        for day, account, use_case in places
    ]
    rows = make_rows(calls, FocusOptions())
    found = [(row["ChargePeriodStart"].day, row["SubAccountId"], row["x_UseCaseName"]) for row in rows]
    assert found == sorted(places)


def test_the_tokens_of_another_model_are_a_row_of_that_model() -> None:
    row = only(make(line(model="claude-x")))
    assert (row["ResourceId"], row["PublisherName"]) == ("claude-x", "Anthropic")


@pytest.mark.parametrize(
    ("rate", "price"),
    [
        ("0.0000000000000000000000015", "0.000000000000000000000002"),
        ("0.3333333333333333333333333333", "0.333333333333333333333333"),
        ("0.00125", "0.00125"),
    ],
)
def test_a_price_has_at_most_the_digits_of_files(rate: str, price: str) -> None:
    row = only(make(line(rate=Decimal(rate))))
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (Decimal(price), Decimal(price))
    assert row["SkuPriceId"] == f"gpt-4.1/text_cache_read/input/{Decimal(price):f}"


@pytest.mark.parametrize("is_used", [True, False])
def test_a_row_of_a_commitment_has_its_hours(is_used: bool) -> None:
    row = make_commitment_row(
        *(DAY, "acme", "bot", "system.azureopenai", "ptu-1", Decimal("2.5"), Decimal("1.5")),
        FocusOptions(billed=True),
        is_used=is_used,
    )
    word = "used" if is_used else "unused"
    usage = only(
        make(
            line(unit="commitment", rate=Decimal("2.5"), source="config"),
            account_name="acme",
            use_case_name="bot",
            category="system.azureopenai",
            resource="ptu-1",
        )
    )
    details = {"x_Model": "ptu-1", "x_Direction": word, "x_Unit": "commitment"}
    cost = Decimal("3.75")
    assert row == {
        **usage,
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        "ChargeDescription": f"ptu-1, hours of a commitment, {word}",
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": "ptu-1",
        "CommitmentDiscountName": "ptu-1",
        "CommitmentDiscountQuantity": Decimal("1.5"),
        "CommitmentDiscountStatus": "Used" if is_used else "Unused",
        "CommitmentDiscountType": "Provisioned Throughput",
        "CommitmentDiscountUnit": "Hours",
        "ConsumedQuantity": Decimal("1.5") if is_used else None,
        "ConsumedUnit": "Hours" if is_used else None,
        "PricingCategory": "Committed",
        "PricingQuantity": Decimal("1.5"),
        "PricingUnit": "Hours",
        "SkuId": f"ptu-1/commitment/{word}",
        "SkuMeter": f"commitment {word}",
        "SkuPriceDetails": msgspec.json.encode(details).decode(),
        "SkuPriceId": f"ptu-1/commitment/{word}/2.5",
        "x_CallCount": None,
        "x_Direction": word,
    }


def test_the_cost_of_hours_is_rounded_to_where_sums_are_exact() -> None:
    row = make_commitment_row(
        *(DAY, "", "", "", "ptu", Decimal("0.3333333333333333333333333333"), Decimal("0.000001")),
        FocusOptions(),
        is_used=True,
    )
    assert (row["EffectiveCost"], row["BilledCost"]) == (Decimal("3.33333333E-7"), 0)
    assert row["ListUnitPrice"] == Decimal("0.333333333333333333333333")
