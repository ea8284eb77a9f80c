"""KPIs of a use case's definition: one type, under the five names that Pay-i's own SDK has for it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from payi_transport.types.model import Model
from payi_transport.types.use_cases import KpiType

__all__ = [
    "KpiCreateResponse",
    "KpiDeleteResponse",
    "KpiListResponse",
    "KpiResponse",
    "KpiRetrieveResponse",
    "KpiUpdateResponse",
]


class KpiResponse(Model):
    """A KPI that instances of a use case are scored by."""

    description: str
    name: str
    request_id: str
    created_timestamp: datetime | None = None
    goal: float | None = None
    kpi_type: KpiType | None = None
    updated_timestamp: datetime | None = None


KpiCreateResponse: TypeAlias = KpiResponse
KpiRetrieveResponse: TypeAlias = KpiResponse
KpiUpdateResponse: TypeAlias = KpiResponse
KpiListResponse: TypeAlias = KpiResponse
KpiDeleteResponse: TypeAlias = KpiResponse
