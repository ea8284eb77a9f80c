"""What Pay-i answers to an event, and what it knows of a request. Field names as in Pay-i's API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from payi_transport.types.limits import CostDetails, PayICommonModelsBudgetManagementCostDetailsBase
from payi_transport.types.model import Model

__all__ = [
    "APIError",
    "BulkIngestResponse",
    "Cost",
    "Error",
    "IngestResponse",
    "IngestUnits",
    "Limits",
    "RequestResult",
    "UnknownUnits",
    "XproxyError",
    "XproxyResult",
]


class IngestUnits(Model):
    """How many units went in and out."""

    input: int | None = None
    output: int | None = None


class UnknownUnits(Model):
    """Units that the resource has no price for."""

    input: int | None = None
    output: int | None = None


class Cost(Model):
    """What a request cost."""

    currency: Literal["usd"] | None = None
    input: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    output: PayICommonModelsBudgetManagementCostDetailsBase | None = None
    total: CostDetails | None = None


class Limits(Model):
    """What state a request left a limit in."""

    state: Literal["ok", "blocked", "blocked_external", "exceeded", "overrun", "failed"] | None = None


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


class XproxyError(Model):
    """What Pay-i says is wrong."""

    code: str | None = None
    message: str | None = None


class APIError(Model):
    """Why an item of a bulk call was refused."""

    message: str
    status_code: int = msgspec.field(name="statusCode")
    xproxy_error: XproxyError | None = None


class IngestResponse(Model):
    """An event was taken."""

    event_timestamp: datetime
    ingest_timestamp: datetime
    request_id: str
    xproxy_result: XproxyResult


class Error(Model):
    """An event of a bulk call that was refused, by its index in the call."""

    item_index: int | None = None
    xproxy_result: APIError | None = None


class BulkIngestResponse(Model):
    """How many events of a bulk call were taken, and which were not."""

    ingest_count: int
    ingest_timestamp: datetime
    request_id: str
    error_count: int | None = None
    errors: list[Error] | None = None
    item_error_count: int | None = None
    total_count: int | None = None


class RequestResult(Model):
    """What Pay-i made of a request in the past."""

    xproxy_result: XproxyResult
