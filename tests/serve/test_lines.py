"""Lines over time: those that are read from events are those of the rollups, whatever the clocks do."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters, Series, Span, StepName
from tests.serve.events import item, make_items

ZONES = ["UTC", "Asia/Kathmandu", "America/Los_Angeles", "Europe/Berlin"]
# Clocks go forward in Los Angeles on March 8 and in Berlin on March 29, and back there on October 25.
TIMES = [
    (datetime(2026, 3, 6, 5, tzinfo=timezone.utc), timedelta(days=4)),
    (datetime(2026, 3, 28, 23, 15, tzinfo=timezone.utc), timedelta(days=2)),
    (datetime(2026, 10, 24, 22, tzinfo=timezone.utc), timedelta(days=3)),
    (datetime(2026, 6, 1, 7, 45, tzinfo=timezone.utc), timedelta(hours=20)),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("start", "length"), TIMES)
def test_lines_of_events_are_those_of_rollups(
    zone: str, start: datetime, length: timedelta, service: Service
) -> None:
    chance = random.Random(1)
    calls: list[dict[str, Any]] = [
        item(
            start + length * chance.random(),
            account_name=f"a{chance.randrange(3)}",
            resource=f"m{chance.randrange(3)}",
            request_tags=["t"],
        )
        for _ in range(200)
    ]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    span = Span(start, start + length, zone)
    for step in get_args(StepName):
        # Every call has the tag, and no rollup is of a tag's customers.
        by_account = service.queries.series(span, "account", step=step)
        assert read(service.queries.series(span, "account", Filters(tag="t"), step=step)) == read(by_account)
        both = Filters(tag="t", account="a1")
        alone = service.queries.series(span, None, Filters(account="a1"), step=step)
        assert sums_of(service.queries.series(span, None, both, step=step)) == sums_of(alone)


def read(series: Series) -> dict[str | None, Any]:
    return {line.name: line.sums for line in series.lines if any(sums.calls for sums in line.sums)}


def sums_of(series: Series) -> Any:
    return [line.sums for line in series.lines if any(sums.calls for sums in line.sums)]
