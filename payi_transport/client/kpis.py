"""Counting up a KPI of a use case."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from payi_transport.client.payi import AsyncPayi, Payi
from payi_transport.errors import PayiError
from payi_transport.types.use_cases import KpiListResponse

__all__ = ["increment_kpi_score", "increment_kpi_score_async"]

_logger = logging.getLogger("payi.instrument")


def increment_kpi_score(
    payi: Payi, kpi_name: str, use_case_name: str, use_case_id: str, increment: int = 1
) -> bool:
    """Add to the score of a KPI, 0 at first; False and a debug message where Pay-i did not take it.

    Reads and writes, so that of two at the same time one may be lost.
    """
    kpis = payi.use_cases.kpis
    try:
        scores = kpis.list(use_case_id, use_case_name=use_case_name, kpi_name=kpi_name)
        score = _find_score(scores.items, kpi_name) + increment
        kpis.update(kpi_name, use_case_name=use_case_name, use_case_id=use_case_id, score=score)
    except (PayiError, ValueError) as exc:
        _tell(kpi_name, use_case_name, use_case_id, exc)
        return False
    return True


async def increment_kpi_score_async(
    payi: AsyncPayi, kpi_name: str, use_case_name: str, use_case_id: str, increment: int = 1
) -> bool:
    """`increment_kpi_score` for `AsyncPayi`."""
    kpis = payi.use_cases.kpis
    try:
        scores = await kpis.list(use_case_id, use_case_name=use_case_name, kpi_name=kpi_name)
        score = _find_score(scores.items, kpi_name) + increment
        await kpis.update(kpi_name, use_case_name=use_case_name, use_case_id=use_case_id, score=score)
    except (PayiError, ValueError) as exc:
        _tell(kpi_name, use_case_name, use_case_id, exc)
        return False
    return True


def _find_score(scores: Iterable[KpiListResponse], kpi_name: str) -> float:
    return next((float(kpi.score or 0) for kpi in scores if kpi.kpi_name == kpi_name), 0.0)


def _tell(kpi_name: str, use_case_name: str, use_case_id: str, exc: Exception) -> None:
    _logger.debug(
        "payi_transport: KPI %s of %s %s is as it was: %s", kpi_name, use_case_name, use_case_id, exc
    )
