"""Use cases: their definitions, instances and KPIs. Field names as in Pay-i's API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from payi_transport.types.model import Model
from payi_transport.types.shared import PayICommonModelsBudgetManagementCreateLimitBase

__all__ = ["KpiListResponse", "KpiType", "UseCaseDefinitionResponse", "UseCaseInstanceResponse"]

KpiType: TypeAlias = Literal["boolean", "number", "percentage", "likert5", "likert7", "likert10"]


class UseCaseInstanceResponse(Model):
    """One run of a use case, and the version of the definition it began with."""

    use_case_id: str
    use_case_name: str
    limit_id: str | None = None
    type_version: int | None = None


class UseCaseDefinitionResponse(Model):
    """What a use case is."""

    description: str
    name: str
    request_id: str
    limit_config: PayICommonModelsBudgetManagementCreateLimitBase | None = None
    logging_enabled: bool | None = None
    type_version: int | None = None


class KpiListResponse(Model):
    """How an instance of a use case scored."""

    kpi_name: str | None = None
    create_timestamp: datetime | None = None
    kpi_type: KpiType | None = None
    score: float | None = None
    update_timestamp: datetime | None = None
