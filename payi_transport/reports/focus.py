"""Cost and usage rows in the format of FOCUS, for the FinOps tool that an organization already has.

There is a row for each period, account, use case, model, unit, and direction, because input and output have
prices of their own. Rows with another rate, source, or status are apart, so that in each row the price
times the quantity is the cost. What an invoice says is not known here: `BilledCost` is 0 unless it is asked
for, and the estimate is in the other costs. Data that is loaded next to a provider's bill does not double
it then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from payi_transport.budgets.periods import Period, find_period
from payi_transport.prices import Estimate
from payi_transport.prices.estimates import settle
from payi_transport.reports.focus_columns import SCALES
from payi_transport.reports.focus_services import find_publisher, find_service
from payi_transport.reports.priced_calls import PricedCall, find_model

__all__ = ["FocusOptions", "Row", "make_commitment_row", "make_rows"]

Row = dict[str, Any]
_ZERO = Decimal(0)
_LEAST_PRICE = Decimal(1).scaleb(-SCALES["price"])
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
# Units that are not counted in tokens, and FOCUS's word for what they count.
_COUNTED = {
    **dict.fromkeys(("web_search_request", "file_search_request", "maps_request"), "Requests"),
    **dict.fromkeys(("rerank_search", "request", "call"), "Requests"),
    **dict.fromkeys(("premium_search_request", "code_interpreter_call", "image_generation_call"), "Requests"),
    "document_page": "Pages",
    "annotated_document_page": "Pages",
    "container": "Containers",
    "search_source": "Sources",
    "classification": "Classifications",
}
_BASIS = {
    "payi": "Pay-i",
    "config": "own price",
    "provider": "provider's figure",
    "list": "list price estimate",
}


class FocusOptions(NamedTuple):
    """`billed` puts the estimate into `BilledCost` as well; `invoice` is the id of the invoice, if known."""

    grain: Literal["day", "hour"] = "day"
    zone: tzinfo = timezone.utc
    billing_account: str = "unknown"
    billed: bool = False
    invoice: str | None = None


class _Key(NamedTuple):
    """What a row is for."""

    start: datetime
    end: datetime
    account: str
    use_case: str
    category: str
    resource: str
    scope: str
    unit: str
    direction: str
    rate: Decimal | None
    source: str
    status: str
    note: str
    list_version: str


class _Sum:
    """What a row adds up to."""

    __slots__ = ("amount", "calls", "quantity")

    def __init__(self) -> None:
        self.amount = _ZERO
        self.quantity = 0
        self.calls = 0


def make_rows(calls: Iterable[PricedCall], options: FocusOptions) -> list[Row]:
    """Return the rows of these calls, which all have a time, in the order of their periods and names."""
    sums: dict[_Key, _Sum] = {}
    periods = _Periods(options)
    for call in calls:
        for key, quantity, amount in _list_parts(call.event, call.estimate, periods):
            total = sums.setdefault(key, _Sum())
            total.quantity += quantity
            total.amount += amount
            total.calls += 1
    ordered = sorted(sums.items(), key=lambda item: [str(part) for part in item[0]])
    return [_make_row(key, total, options) for key, total in ordered]


class _Periods:
    """Find the charge period of a moment. Neighboring calls are nearly always in the same one."""

    def __init__(self, options: FocusOptions) -> None:
        self._options = options
        self._last: Period | None = None

    def find(self, moment: datetime) -> Period:
        if self._last is None or moment not in self._last:
            self._last = find_period(self._options.grain, moment, self._options.zone)
        return self._last


def _list_parts(event: Any, estimate: Estimate, periods: _Periods) -> Iterable[tuple[_Key, int, Decimal]]:
    period = periods.find(event.event_timestamp)
    for line in estimate.lines:
        is_priced = line.amount is not None
        status = estimate.status if estimate.status == "included" else "priced" if is_priced else "unpriced"
        key = _Key(
            period.start,
            period.end,
            event.account_name or "",
            event.use_case_name or "",
            event.category or "",
            find_model(event, line),
            event.scope or "",
            line.unit,
            line.direction,
            _round_price(line.rate),
            line.source or "",
            status,
            line.note or "",
            (estimate.list_version or "") if line.source == "list" else "",
        )
        yield key, line.count, _ZERO if line.amount is None else line.amount


def _round_price(rate: Decimal | None) -> Decimal | None:
    """Return a price with the digits that files have; one that was divided may have more, or no end."""
    if rate is None:
        return None
    rounded = rate.quantize(_LEAST_PRICE, context=_EXACT)
    return rate if rounded == rate else rounded.normalize(_EXACT)


def _make_row(key: _Key, total: _Sum, options: FocusOptions) -> Row:
    return {
        **_make_billing_columns(key, options),
        **_make_service_columns(key),
        **_make_charge_columns(key, total, options),
        **_make_own_columns(key, total),
    }


def _make_billing_columns(key: _Key, options: FocusOptions) -> Row:
    month = find_period("month", key.start, options.zone)
    return {
        "BillingAccountId": options.billing_account,
        "BillingAccountName": options.billing_account,
        "BillingAccountType": "Account",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": month.end,
        "BillingPeriodStart": month.start,
        "InvoiceId": options.invoice,
        "SubAccountId": key.account or None,
        "SubAccountName": key.account or None,
        "SubAccountType": "Customer" if key.account else None,
        "Tags": _encode({"account_name": key.account, "use_case_name": key.use_case}),
    }


def _make_service_columns(key: _Key) -> Row:
    service = find_service(key.category)
    region = key.scope.partition(".")[2] or None
    return {
        "HostProviderName": service.provider,
        "InvoiceIssuerName": service.provider,
        "ProviderName": service.provider,
        "PublisherName": find_publisher(key.resource, service),
        "RegionId": region,
        "RegionName": region,
        "ResourceId": key.resource or None,
        "ResourceName": key.resource or None,
        "ResourceType": "Model" if key.resource else None,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": service.name,
        "ServiceProviderName": service.provider,
        "ServiceSubcategory": "Generative AI",
    }


def _make_charge_columns(key: _Key, total: _Sum, options: FocusOptions) -> Row:
    meter = f"{key.unit} {key.direction}"
    sku = f"{key.resource or 'unknown'}/{key.unit}/{key.direction}"
    unit = _find_unit(key.unit)
    is_priced = key.rate is not None
    return {
        "BilledCost": total.amount if options.billed else _ZERO,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"{key.resource or 'unknown model'}, {meter}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": key.end,
        "ChargePeriodStart": key.start,
        "ConsumedQuantity": Decimal(total.quantity),
        "ConsumedUnit": unit,
        "ContractedCost": total.amount,
        "ContractedUnitPrice": key.rate,
        "EffectiveCost": total.amount,
        "ListCost": total.amount,
        "ListUnitPrice": key.rate,
        "PricingCategory": "Standard",
        "PricingQuantity": Decimal(total.quantity),
        "PricingUnit": unit,
        "SkuId": sku,
        "SkuMeter": meter,
        "SkuPriceDetails": _make_details(key) if is_priced else None,
        "SkuPriceId": f"{sku}/{key.rate:f}" if is_priced else None,
    }


def make_commitment_row(
    period: Period,
    account: str,
    use_case: str,
    category: str,
    name: str,
    rate: Decimal,
    hours: Decimal,
    options: FocusOptions,
    *,
    is_used: bool,
) -> Row:
    """Return the row of a commitment's hours in a period; `rate` is what an hour costs."""
    unit, direction = "commitment", "used" if is_used else "unused"
    key = _Key(
        *(period.start, period.end, account, use_case, category, name, "", unit, direction),
        *(_round_price(rate), "config", "priced", "", ""),
    )
    total = _Sum()
    total.amount = settle(rate * hours)
    return {
        **_make_row(key, total, options),
        "ChargeDescription": f"{name}, hours of a commitment, {direction}",
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": name,
        "CommitmentDiscountName": name,
        "CommitmentDiscountQuantity": hours,
        "CommitmentDiscountStatus": direction.capitalize(),
        "CommitmentDiscountType": "Provisioned Throughput",
        "CommitmentDiscountUnit": "Hours",
        "ConsumedQuantity": hours if is_used else None,
        "ConsumedUnit": "Hours" if is_used else None,
        "PricingCategory": "Committed",
        "PricingQuantity": hours,
        "PricingUnit": "Hours",
        "x_CallCount": None,
    }


def _find_unit(unit: str) -> str:
    """Return what a unit counts, in the words of FOCUS."""
    if unit.startswith("guardrail_"):
        return "Units"
    return "Seconds" if unit.endswith("_seconds") else _COUNTED.get(unit, "Tokens")


def _make_own_columns(key: _Key, total: _Sum) -> Row:
    return {
        "x_CallCount": Decimal(total.calls),
        "x_CostBasis": _BASIS.get(key.source, "none"),
        "x_Direction": key.direction,
        "x_Note": key.note or None,
        "x_PriceListVersion": key.list_version or None,
        "x_PriceStatus": key.status,
        "x_Unit": key.unit,
        "x_UseCaseName": key.use_case or None,
    }


def _make_details(key: _Key) -> str:
    """Return the details of a price. A key that FOCUS does not define starts with `x_`."""
    name, found, action = key.unit.partition("_cache_")
    details = {"x_Model": key.resource, "x_Direction": key.direction, "x_Unit": name}
    return _encode({**details, "x_CacheAction": action if found else ""})


def _encode(pairs: dict[str, str]) -> str:
    return msgspec.json.encode({name: value for name, value in pairs.items() if value}).decode()
