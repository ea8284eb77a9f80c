"""Use cases: definitions, instances and KPI scores. Fields are named as in the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from payi_transport.types.model import Model
from payi_transport.types.shared import PayICommonModelsBudgetManagementCreateLimitBase

__all__ = [
    "KpiListResponse",
    "KpiType",
    "UseCaseDefinitionResponse",
    "UseCaseInstanceResponse",
    "UseCaseValueResponse",
]

KpiType: TypeAlias = Literal["boolean", "number", "percentage", "likert5", "likert7", "likert10"]


class UseCaseInstanceResponse(Model):
    """One run of a use case, and the version of the definition it started with."""

    use_case_id: str
    use_case_name: str
    limit_id: str | None = None
    type_version: int | None = None


class UseCaseValueResponse(Model):
    """What an instance was worth, in money and in time.

    Pay-i publishes the call but not the names of the response's fields, so none is declared here. All that
    the API sends are attributes, and in `to_dict()`.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class UseCaseDefinitionResponse(Model):
    """A use case."""

    description: str
    name: str
    request_id: str
    limit_config: PayICommonModelsBudgetManagementCreateLimitBase | None = None
    logging_enabled: bool | None = None
    type_version: int | None = None


class KpiListResponse(Model):
    """The score of an instance for one KPI."""

    kpi_name: str | None = None
    create_timestamp: datetime | None = None
    kpi_type: KpiType | None = None
    score: float | None = None
    update_timestamp: datetime | None = None
