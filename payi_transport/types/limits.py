"""Limits, and what was spent of them. Fields are named as in the API."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from payi_transport.types.model import Model
from payi_transport.types.shared import (
    CostDetails,
    LimitType,
    PayICommonModelsBudgetManagementCostDetailsBase,
)

__all__ = [
    "CostData",
    "DefaultResponse",
    "Limit",
    "LimitHistory",
    "LimitHistoryResponse",
    "LimitResponse",
    "PropertyUpdateResponse",
    "RequestsData",
    "TotalCostData",
]


class DefaultResponse(Model):
    """Confirmation of a request that has nothing else to return."""

    request_id: str
    message: str | None = None


class CostData(Model):
    """Costs, in US dollars."""

    input: PayICommonModelsBudgetManagementCostDetailsBase
    output: PayICommonModelsBudgetManagementCostDetailsBase
    total: CostDetails


class RequestsData(Model):
    """Numbers of requests by the state in which they left a limit."""

    blocked: int
    blocked_external: int
    exceeded: int
    failed: int
    ok: int
    overrun: int
    total: int


class TotalCostData(Model):
    """What was spent of a limit, and in how many requests."""

    cost: CostData
    requests: RequestsData


class Limit(Model):
    """A budget: `max` in US dollars, `threshold` the share of it that counts as exceeded."""

    limit_creation_timestamp: datetime
    limit_id: str
    limit_name: str
    limit_type: LimitType
    limit_update_timestamp: datetime
    max: float
    totals: TotalCostData
    threshold: float | None = None


class LimitResponse(Model):
    """A limit as it is now."""

    limit: Limit
    request_id: str
    message: str | None = None


class LimitHistory(Model):
    """What was spent of a limit until it was reset."""

    totals: TotalCostData
    limit_id: str | None = None
    limit_name: str | None = None
    limit_reset_timestamp: datetime | None = None
    limit_tags: list[str] | None = None
    limit_type: LimitType | None = None
    max: float | None = None


class LimitHistoryResponse(Model):
    """Confirmation of the reset of a limit."""

    limit_history: LimitHistory
    request_id: str
    message: str | None = None


PropertyUpdateResponse: TypeAlias = list[LimitResponse]
