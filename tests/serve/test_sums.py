"""Ranking by the largest values of each day finds the same as adding up everything."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payi_transport.serve import sums
from payi_transport.serve.periods import in_ms, split_into_blocks
from payi_transport.serve.rollups import DAY_MS, DIMENSIONS, QUARTER_MS
from payi_transport.serve.service import Service
from payi_transport.serve.sums import first_groups, rank_groups, sum_groups
from tests.serve.events import DAY, NOON, item, make_items, span


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a few groups as many as would take too long to add up."""
    monkeypatch.setattr(sums, "_FEW_ROWS", 1)
    monkeypatch.setattr(sums, "_FIRST_DEPTH", 2)
    monkeypatch.setattr(sums, "_MAX_DEPTH", 8)


def compare(connection: sqlite3.Connection, start: int, end: int, most: int) -> None:
    ranked = rank_groups(connection, DIMENSIONS["account"], start, end, most)
    expected = first_groups(
        sum_groups(connection, DIMENSIONS["account"], split_into_blocks(start, end)), most
    )
    costs = [[row[2] for row in found.values()] for found in (ranked, expected)]
    assert costs[0] == costs[1]


def test_the_most_expensive_of_many_are_found_over_days(service: Service, many: None) -> None:
    chance = random.Random(5)
    calls = [
        item(
            NOON - timedelta(hours=chance.uniform(0, 120)),
            account_name=f"a{int(chance.paretovariate(0.6)) % 60}",
            units={"text": {"input": chance.randrange(1, 10_000)}},
        )
        for _ in range(400)
    ]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    for hours in (5, 30, 100, 130):
        for most in (1, 2, 5, 40, 100):
            start, end = in_ms(span(NOON - timedelta(hours=hours), NOON))
            compare(service.store.reader, start, end, most)


Rows = st.lists(
    st.tuples(st.integers(0, 4 * 96), st.integers(1, 12), st.integers(0, 50)),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=Rows, most=st.integers(1, 6))
def test_rankings_are_those_of_the_full_sums(
    service: Service, many: None, rows: list[tuple[int, int, int]], most: int
) -> None:
    """Rows are a quarter of an hour, an account, and a cost."""
    begin = in_ms(span(NOON - DAY / 2, NOON))[0]

    def store(writing: Any) -> None:
        writing.connection.execute("DELETE FROM rollups")
        for quarter, key, cost in rows:
            at = begin + quarter * QUARTER_MS
            for level, length in ((0, QUARTER_MS), (1, DAY_MS)):
                writing.connection.execute(
                    "INSERT INTO rollups (level, dimension, bucket, key, calls, cost)"
                    " VALUES (?, ?, ?, ?, 1, ?)"
                    " ON CONFLICT DO UPDATE SET calls = calls + 1, cost = cost + excluded.cost",
                    (level, DIMENSIONS["account"], at // length * length, key, cost),
                )

    service.store.write(store)
    compare(service.store.reader, begin, begin + 4 * DAY_MS + QUARTER_MS, most)
    compare(service.store.reader, begin + 7 * QUARTER_MS, begin + 3 * DAY_MS, most)
