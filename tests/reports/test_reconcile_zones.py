"""The zone of a bill's days is found, and UTC is believed unless another zone is far closer."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.reconcile_cells import OurCalls, add_bill
from payi_transport.reports.reconcile_zones import find_offset
from tests.reports.support import NOON, make_call


def make(days: int) -> list[Any]:
    chance = random.Random(1)
    return [
        make_call(
            {"text": (chance.randint(1, 9999), 0)},
            {"text input": "2"},
            event_timestamp=NOON + timedelta(days=chance.random() * days),
        )
        for _ in range(400)
    ]


def bill(calls: list[Any], minutes: int, *, costs: bool = False, factor: str = "1") -> list[BillLine]:
    days: Counter[Any] = Counter()
    for call in calls:
        days[(call.event.event_timestamp + timedelta(minutes=minutes)).date()] += call.event.units[
            "text"
        ].input
    return [
        BillLine(
            provider="openai",
            start=NOON.replace(month=day.month, day=day.day, hour=0),
            model="gpt-4.1",
            kind="input",
            quantity=None if costs else Decimal(factor) * count,
            cost=Decimal(2 * count),
        )
        for day, count in days.items()
    ]


@pytest.mark.parametrize("minutes", [0, 60, -480, 330, 345, 540, -210, 765])
@pytest.mark.parametrize("costs", [False, True])
def test_the_zone_is_found(minutes: int, costs: bool) -> None:
    calls = make(12)
    cells = add_bill(bill(calls, minutes, costs=costs), {})
    assert find_offset(cells, OurCalls(calls, {"openai"})) == timedelta(minutes=minutes)


def test_another_quantity_is_no_other_zone() -> None:
    calls = make(12)
    cells = add_bill(bill(calls, 0, factor="1.3"), {})
    assert find_offset(cells, OurCalls(calls, {"openai"})) == timedelta()


def test_days_without_a_pattern_are_utc() -> None:
    calls = make(12)
    shuffled = bill(calls, 0)
    costs = [line.quantity for line in shuffled]
    random.Random(3).shuffle(costs)
    lines = [
        BillLine(
            provider="openai",
            start=line.start,
            model="gpt-4.1",
            kind="input",
            quantity=quantity,
            cost=line.cost,
        )
        for line, quantity in zip(shuffled, costs, strict=True)
    ]
    assert find_offset(add_bill(lines, {}), OurCalls(calls, {"openai"})) == timedelta()


def test_few_days_and_bills_of_other_models_say_nothing() -> None:
    calls = make(1)
    assert find_offset(add_bill(bill(calls, 480), {}), OurCalls(calls, {"openai"})) == timedelta()
    calls = make(12)
    assert find_offset(add_bill(bill(calls, 480), {}), OurCalls([], {"openai"})) == timedelta()


def test_a_model_without_usage_in_the_period_says_nothing() -> None:
    calls = make(12)
    later = [
        make_call({"text": (5, 0)}, {"text input": "2"}, event_timestamp=NOON + timedelta(days=90))
        for _ in range(3)
    ]
    assert find_offset(add_bill(bill(calls, 480), {}), OurCalls(later, {"openai"})) == timedelta()
