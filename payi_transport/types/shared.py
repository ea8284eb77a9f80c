"""What several parts of the Pay-i API answer. Field names as in Pay-i's API."""

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
    """How many units went in and out."""

    input: int | None = None
    output: int | None = None


class PropertiesRequest(Model):
    """Properties to set; None removes one."""

    properties: dict[str, str | None]


class PropertiesResponse(Model):
    """Properties were set."""

    request_id: str | None = None


class PayICommonModelsBudgetManagementCostDetailsBase(Model):
    """A cost, in US dollars."""

    base: float


class CostDetails(Model):
    """A cost, in US dollars, and how much of it came after the limit."""

    base: float
    overrun_base: float | None = None


class PayICommonModelsBudgetManagementCreateLimitBase(Model):
    """The limit that each instance of a use case gets."""

    max: float
    limit_type: LimitType | None = None
    properties: dict[str, str | None] | None = None
    threshold: float | None = None


class XproxyError(Model):
    """What Pay-i says is wrong."""

    code: str | None = None
    message: str | None = None


class APIError(Model):
    """Why an item of a bulk call was refused."""

    message: str
    status_code: int = msgspec.field(name="statusCode")
    xproxy_error: XproxyError | None = None


class Cost(Model):
    """What a request cost."""

    currency: Literal["usd"] | None = None
    input: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    output: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    total: CostDetails | None = None


class Limits(Model):
    """What state a request left a limit in."""

    state: Literal["ok", "blocked", "blocked_external", "exceeded", "overrun", "failed"] | None = None


class UnknownUnits(Model):
    """Units that the resource has no price for."""

    input: int | None = None
    output: int | None = None


class XproxyResult(Model):
    """What Pay-i made of a request: its cost, its limits (by id) and whom it was for."""

    account_name: str | None = None
    actions: list[str] | None = None
    blocked_limit_ids: list[str] | None = None
    cost: Cost | None = None
    duplicate_request: bool | None = None
    limits: dict[str, Limits] | None = None
    request_id: str | None = None
    request_tags: list[str] | None = None
    resource_id: str | None = None
    unknown_units: dict[str, UnknownUnits] | None = None
    use_case_id: str | None = None
    use_case_name: str | None = None
    use_case_step: str | None = None
    user_id: str | None = None
    warnings: list[str] | None = None
