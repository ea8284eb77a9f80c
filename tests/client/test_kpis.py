"""Incrementing a KPI: read, add, write."""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
import pytest

from payi_transport import AsyncPayi, Payi, increment_kpi_score, increment_kpi_score_async
from tests.support.origin import CannedResponse, Origin

SCORED = b'{"items":[{"kpi_name":"solved-other","score":9},{"kpi_name":"solved","score":2.5}]}'
NAMES = {"kpi_name": "solved", "use_case_name": "bot", "use_case_id": "u1"}


def increment(origin: Origin, surface: str, **arguments: Any) -> bool:
    if surface == "sync":
        with Payi(api_key="k", base_url=origin.url, max_retries=0) as payi:
            return increment_kpi_score(payi, **arguments)

    async def main() -> bool:
        async with AsyncPayi(api_key="k", base_url=origin.url, max_retries=0) as payi:
            return await increment_kpi_score_async(payi, **arguments)

    return anyio.run(main)


@pytest.mark.parametrize("surface", ["sync", "async"])
@pytest.mark.parametrize(
    ("scores", "by", "written"),
    [
        (SCORED, {}, 3.5),
        (SCORED, {"increment": -2}, 0.5),
        (b'{"items":[]}', {"increment": 5}, 5.0),
        (b'{"items":[{"kpi_name":"solved","score":null}]}', {}, 1.0),
    ],
)
def test_the_score_is_read_incremented_and_written(
    surface: str, scores: bytes, by: dict[str, int], written: float, origin: Origin
) -> None:
    origin.responses = [CannedResponse([scores]), CannedResponse([b""])]
    assert increment(origin, surface, **NAMES, **by) is True
    read, wrote = origin.received
    assert (read.method, read.path) == ("GET", "/api/v1/use_cases/instances/bot/u1/kpis?kpi_name=solved")
    assert (wrote.method, wrote.path) == ("PUT", "/api/v1/use_cases/instances/bot/u1/kpis/solved")
    assert json.loads(wrote.body) == {"score": written}


@pytest.mark.parametrize("surface", ["sync", "async"])
@pytest.mark.parametrize("names", [NAMES, {**NAMES, "use_case_id": ""}])
def test_a_failure_returns_false_and_is_logged_at_debug_level(
    surface: str, names: dict[str, str], origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.responses = [CannedResponse([b"{}"], status=404)]
    with caplog.at_level(logging.DEBUG, "payi.instrument"):
        assert increment(origin, surface, **names) is False
    [record] = [record for record in caplog.records if record.name == "payi.instrument"]
    name = names["use_case_id"]
    assert record.getMessage().startswith(f"payi_transport: could not increment KPI solved of bot {name}: ")
    assert record.levelno == logging.DEBUG
