"""Types that several parts of the API share. Fields are named as in the API."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from payi_transport.types.model import Model

__all__ = [
    "APIError",
    "Cost",
    "CostDetails",
    "IngestUnits",
    "LimitType",
    "Limits",
    "PayICommonModelsBudgetManagementCostDetailsBase",
    "PayICommonModelsBudgetManagementCreateLimitBase",
    "PropertiesRequest",
    "PropertiesResponse",
    "UnknownUnits",
    "XproxyError",
    "XproxyResult",
]

LimitType: TypeAlias = Literal["block", "allow"]


class IngestUnits(Model):
    """Numbers of input and output units."""

    input: int | None = None
    output: int | None = None


class PropertiesRequest(Model):
    """Properties to set. None removes a property."""

    properties: dict[str, str | None]


class PropertiesResponse(Model):
    """Confirmation that properties were set."""

    request_id: str | None = None


class PayICommonModelsBudgetManagementCostDetailsBase(Model):
    """A cost, in US dollars."""

    base: float


class CostDetails(Model):
    """A cost in US dollars, and how much of it was spent beyond a limit."""

    base: float
    overrun_base: float | None = None


class PayICommonModelsBudgetManagementCreateLimitBase(Model):
    """The limit that each instance of a use case gets."""

    max: float
    limit_type: LimitType | None = None
    properties: dict[str, str | None] | None = None
    threshold: float | None = None


class XproxyError(Model):
    """Pay-i's description of an error."""

    code: str | None = None
    message: str | None = None


class APIError(Model):
    """Why an item of a bulk request was rejected."""

    message: str
    status_code: int = msgspec.field(name="statusCode")
    xproxy_error: XproxyError | None = None


class Cost(Model):
    """The cost of a request."""

    currency: Literal["usd"] | None = None
    input: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    output: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    total: CostDetails | None = None


class Limits(Model):
    """The state in which a request left a limit."""

    state: Literal["ok", "blocked", "blocked_external", "exceeded", "overrun", "failed"] | None = None


class UnknownUnits(Model):
    """Numbers of units that the resource has no price for."""

    input: int | None = None
    output: int | None = None


class XproxyResult(Model):
    """Pay-i's result for a request: its cost, its limits by id, and its context."""

    account_name: str | None = None
    actions: list[str] | None = None
    blocked_limit_ids: list[str] | None = None
    cost: Cost | None = None
    duplicate_request: bool | None = None
    limits: dict[str, Limits] | None = None
    queued: bool | None = None
    request_id: str | None = None
    request_tags: list[str] | None = None
    resource_id: str | None = None
    unknown_units: dict[str, UnknownUnits] | None = None
    use_case_id: str | None = None
    use_case_name: str | None = None
    use_case_step: str | None = None
    user_id: str | None = None
    warnings: list[str] | None = None
