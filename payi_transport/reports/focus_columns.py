"""The columns of a FOCUS file, by version of the specification.

Source: the content constraints of each column in FOCUS 1.2 and 1.3 (FinOps Open Cost and Usage
Specification). Columns for capacity reservations and allocations are left out. They are conditional, and
none of our rows would have a value there. 1.3 deprecates `ProviderName` and
`PublisherName`, but a file of 1.3 must still have them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["OWN_PREFIX", "SCALES", "VERSIONS", "Column", "ColumnType", "FocusVersion", "list_columns"]

FocusVersion = Literal["1.2", "1.3"]
ColumnType = Literal["text", "decimal", "price", "time", "json"]
VERSIONS: tuple[FocusVersion, ...] = ("1.2", "1.3")
# Digits after the point. Amounts have no more, and unit prices are rounded: the price times a billion tokens
# is still right in the last digit of an amount.
SCALES: dict[ColumnType, int] = {"decimal": 15, "price": 24}
# What marks a column that is not of the specification.
OWN_PREFIX = "x_"


class Column(NamedTuple):
    """A column: its name, its type, whether a row may leave it empty, and the version that introduced it."""

    name: str
    type: ColumnType = "text"
    nullable: bool = True
    since: FocusVersion = "1.2"


_COLUMNS = (
    Column("BilledCost", "decimal", False),
    Column("BillingAccountId", nullable=False),
    Column("BillingAccountName"),
    Column("BillingAccountType", nullable=False),
    Column("BillingCurrency", nullable=False),
    Column("BillingPeriodEnd", "time", False),
    Column("BillingPeriodStart", "time", False),
    Column("ChargeCategory", nullable=False),
    Column("ChargeClass"),
    Column("ChargeDescription"),
    Column("ChargeFrequency", nullable=False),
    Column("ChargePeriodEnd", "time", False),
    Column("ChargePeriodStart", "time", False),
    Column("CommitmentDiscountCategory"),
    Column("CommitmentDiscountId"),
    Column("CommitmentDiscountName"),
    Column("CommitmentDiscountQuantity", "decimal"),
    Column("CommitmentDiscountStatus"),
    Column("CommitmentDiscountType"),
    Column("CommitmentDiscountUnit"),
    Column("ConsumedQuantity", "decimal"),
    Column("ConsumedUnit"),
    Column("ContractedCost", "decimal", False),
    Column("ContractedUnitPrice", "price"),
    Column("EffectiveCost", "decimal", False),
    Column("HostProviderName", since="1.3"),
    Column("InvoiceId"),
    Column("InvoiceIssuerName", nullable=False),
    Column("ListCost", "decimal", False),
    Column("ListUnitPrice", "price"),
    Column("PricingCategory"),
    Column("PricingQuantity", "decimal"),
    Column("PricingUnit"),
    Column("ProviderName", nullable=False),
    Column("PublisherName", nullable=False),
    Column("RegionId"),
    Column("RegionName"),
    Column("ResourceId"),
    Column("ResourceName"),
    Column("ResourceType"),
    Column("ServiceCategory", nullable=False),
    Column("ServiceName", nullable=False),
    Column("ServiceProviderName", nullable=False, since="1.3"),
    Column("ServiceSubcategory", nullable=False),
    Column("SkuId"),
    Column("SkuMeter"),
    Column("SkuPriceDetails", "json"),
    Column("SkuPriceId"),
    Column("SubAccountId"),
    Column("SubAccountName"),
    Column("SubAccountType"),
    Column("Tags", "json"),
    Column("x_CallCount", "decimal"),
    Column("x_CostBasis", nullable=False),
    Column("x_Direction"),
    Column("x_Note"),
    Column("x_PriceListVersion"),
    Column("x_PriceStatus", nullable=False),
    Column("x_Unit"),
    Column("x_UseCaseName"),
)


def list_columns(version: FocusVersion) -> tuple[Column, ...]:
    """Return the columns of a version in the order of their names, those of our own last."""
    return tuple(column for column in _COLUMNS if column.since <= version)
