"""Incrementing the score of a KPI.

The API can only set a score, so an increment reads it first and then writes the sum. Two increments of one
KPI at the same time may therefore count as one.
"""

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
    """Add `increment` to the score of a KPI, which starts at 0.

    Returns False, and logs at debug level, if Pay-i could not be reached or rejected the change. Increments
    that run at the same time may overwrite each other.
    """
    kpis = payi.use_cases.kpis
    try:
        scores = kpis.list(use_case_id, use_case_name=use_case_name, kpi_name=kpi_name)
        score = _find_score(scores.items, kpi_name) + increment
        kpis.update(kpi_name, use_case_name=use_case_name, use_case_id=use_case_id, score=score)
    # ValueError is for a name that can't be part of a path, such as an empty one. Everything else is a
    # mistake in the program and raises.
    except (PayiError, ValueError) as exc:
        _log_failure(kpi_name, use_case_name, use_case_id, exc)
        return False
    return True


async def increment_kpi_score_async(
    payi: AsyncPayi, kpi_name: str, use_case_name: str, use_case_id: str, increment: int = 1
) -> bool:
    """Do the same as `increment_kpi_score` with an `AsyncPayi`."""
    kpis = payi.use_cases.kpis
    try:
        scores = await kpis.list(use_case_id, use_case_name=use_case_name, kpi_name=kpi_name)
        score = _find_score(scores.items, kpi_name) + increment
        await kpis.update(kpi_name, use_case_name=use_case_name, use_case_id=use_case_id, score=score)
    except (PayiError, ValueError) as exc:
        _log_failure(kpi_name, use_case_name, use_case_id, exc)
        return False
    return True


def _find_score(scores: Iterable[KpiListResponse], kpi_name: str) -> float:
    # Compare names here as well: the API's filter may return more than the KPI that was named.
    return next((float(kpi.score or 0) for kpi in scores if kpi.kpi_name == kpi_name), 0.0)


def _log_failure(kpi_name: str, use_case_name: str, use_case_id: str, exc: Exception) -> None:
    _logger.debug(
        "payi_transport: could not increment KPI %s of %s %s: %s", kpi_name, use_case_name, use_case_id, exc
    )
