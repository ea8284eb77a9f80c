"""Sums of groups by hand: in which order, over which time, and of which key."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve import sums as module
from payi_transport.serve.periods import Block, in_ms
from payi_transport.serve.rollups import DAY_MS, DIMENSIONS, QUARTER_MS
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.service import Service
from payi_transport.serve.sums import (
    first_groups,
    merge_groups,
    plus,
    rank_groups,
    sum_block,
    sum_groups,
    sum_steps,
    sum_total,
    to_sums,
)
from payi_transport.serve.views import Sums
from tests.serve.events import DAY, NOON, item, make_items, span

CALLS, COST = MEASURES.index("calls"), MEASURES.index("cost")
ACCOUNT = DIMENSIONS["account"]


def row(calls: int, cost: int = 0) -> list[int]:
    made = [0] * len(MEASURES)
    made[CALLS], made[COST] = calls, cost
    return made


def add(service: Service, *calls: dict[str, Any]) -> None:
    service.ingest_bulk(make_items(*calls), updates=False).result()


def test_a_row_becomes_sums_with_dollars() -> None:
    values = dict(zip(MEASURES, range(1, len(MEASURES) + 1), strict=True))
    assert to_sums(list(values.values())) == Sums(
        calls=1,
        errors=2,
        cost=Decimal("3.000004e-9"),
        unpriced=5,
        included=6,
        input=7,
        output=8,
        cache_read=9,
        saved=Decimal("10e-9"),
        wasted=11,
        waste=Decimal("12e-9"),
    )
    assert to_sums([None] * len(MEASURES)) == Sums()


def test_the_dearest_come_first_then_those_with_more_calls_then_the_first() -> None:
    groups = {1: row(1, 5), 2: row(1, 9), 3: row(2, 5), 4: row(1, 5), 5: row(0, 99), 6: row(1)}
    assert list(first_groups(groups, 9)) == [2, 3, 1, 4, 6]
    assert list(first_groups(groups, 2)) == [2, 3]
    assert first_groups(groups, 0) == {}


def test_groups_are_merged_by_their_keys() -> None:
    groups = {1: row(1, 5)}
    merge_groups(groups, {1: row(2, 3), 2: row(4)})
    assert groups == {1: row(3, 8), 2: row(4)}
    assert plus(row(1, 2), row(3, 4)) == row(4, 6)


def test_a_total_is_that_of_one_key_over_a_time(service: Service) -> None:
    add(service, item(NOON - DAY, account_name="a"), item(NOON, account_name="b"), item(NOON + DAY))
    reader = service.store.reader
    times = in_ms(span(NOON - DAY, NOON + DAY))
    assert sum_total(reader, *times)[CALLS] == 2
    assert sum_total(reader, *in_ms(span(NOON - DAY, NOON + 2 * DAY)))[CALLS] == 3
    assert sum_total(reader, *times, ACCOUNT, 0)[CALLS] == 0
    assert sum_total(reader, *times[::-1]) == row(0)
    keys = {key: sums[CALLS] for key, sums in rank_groups(reader, ACCOUNT, *times, 9).items()}
    assert sorted(keys.values()) == [1, 1]
    for key in keys:
        assert sum_total(reader, *times, ACCOUNT, key)[CALLS] == 1


def test_a_block_has_the_buckets_of_its_level_from_its_start_up_to_its_end(service: Service) -> None:
    add(service, item(NOON), item(NOON + timedelta(minutes=15)), item(NOON + DAY))
    reader = service.store.reader
    at, total = in_ms(span(NOON, NOON + DAY))[0], DIMENSIONS["total"]
    quarter = Block(0, at, at + QUARTER_MS)
    assert sum_block(reader, total, quarter, [0])[0][CALLS] == 1
    assert sum_block(reader, total, quarter, [1]) == {}
    assert sum_groups(reader, total, [quarter, Block(0, at + QUARTER_MS, at + 2 * QUARTER_MS)])[0][CALLS] == 2
    day = at // DAY_MS * DAY_MS
    assert sum_groups(reader, total, [Block(1, day, day + DAY_MS)])[0][CALLS] == 2
    assert sum_groups(reader, total, [Block(1, day, day + 2 * DAY_MS)])[0][CALLS] == 3


def test_steps_are_between_each_two_marks(service: Service) -> None:
    add(service, item(NOON), item(NOON + timedelta(minutes=15)), item(NOON + timedelta(minutes=45)))
    at = in_ms(span(NOON, NOON + DAY))[0]
    marks = [at + quarter * QUARTER_MS for quarter in (0, 2, 3, 4)]
    steps = sum_steps(service.store.reader, DIMENSIONS["total"], 0, marks)
    assert [sums[CALLS] for sums in steps] == [2, 0, 1]
    day = at // DAY_MS * DAY_MS
    [whole] = sum_steps(service.store.reader, DIMENSIONS["total"], 0, [day, day + DAY_MS], level=1)
    assert whole[CALLS] == 3


@pytest.mark.parametrize("few", [1, 60_000])
@pytest.mark.parametrize("most", [1, 3, 5, 99])
def test_rankings_are_the_same_however_they_are_found(
    few: int, most: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FEW_ROWS", few)
    monkeypatch.setattr(module, "_FIRST_DEPTH", 2)
    costs = {"a": (1, 9), "b": (8, 1), "c": (5, 5), "d": (4, 7), "e": (1, 1)}
    calls = [
        item(NOON - age * DAY, account_name=name, units={"text": {"input": 1000 * cost}})
        for name, both in costs.items()
        for age, cost in enumerate(both)
    ]
    add(service, *calls)
    found = service.queries.breakdown("account", span(NOON - 2 * DAY, NOON + DAY), most=most).groups
    assert [group.name for group in found[:3]] == ["d", "a", "c"][:most]
    assert len(found) == min(most, 5)
    assert [group.sums.cost for group in found] == sorted((group.sums.cost for group in found), reverse=True)
