"""A bill by the month is compared with our days of that month."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.reconcile import Parts, compare
from payi_transport.reports.reconcile_cells import CellKey
from payi_transport.reports.reconcile_periods import find_periods
from tests.reports.support import exact, make_call

OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=timezone.utc) for month in (10, 11))
RATES = {"text input": "2", "text output": "8"}


def line(start: datetime, end: datetime | None, quantity: int, cost: int, model: str = "gpt-4.1") -> BillLine:
    return BillLine(
        provider="openai",
        start=start,
        end=end,
        model=model,
        kind="input",
        quantity=Decimal(quantity),
        cost=Decimal(cost),
    )


def call(day: int, tokens: int, model: str = "gpt-4.1", month: int = 10) -> Any:
    return make_call(
        {"text": (tokens, 0)},
        RATES,
        resource=model,
        event_timestamp=datetime(2026, month, day, 9, tzinfo=timezone.utc),
    )


def test_a_month_has_the_calls_of_all_its_days() -> None:
    made = compare(
        Bill([line(OCTOBER, NOVEMBER, 60, 90)], []),
        [call(1, 10), call(15, 20), call(31, 30), call(1, 5, month=11)],
    )
    assert exact(made.billed, made.estimated) == (90, 120)
    assert made.parts == Parts(price=Decimal(-30))
    assert (made.first.isoformat(), made.last.isoformat(), len(made.rows)) == ("2026-10-01", "2026-10-31", 1)


def test_models_by_day_and_by_month_may_be_in_one_bill() -> None:
    day = OCTOBER + timedelta(days=4)
    lines = [line(OCTOBER, NOVEMBER, 30, 60), line(day, day + timedelta(days=1), 7, 14, "o3")]
    made = compare(Bill(lines, []), [call(1, 10), call(15, 20), call(5, 7, "o3")])
    assert made.parts == Parts()
    assert len(made.rows) == 2


def test_lines_that_overlap_are_one_period() -> None:
    week = timedelta(days=7)
    periods = find_periods(
        [
            line(OCTOBER, OCTOBER + 2 * week, 1, 1),
            line(OCTOBER + week, OCTOBER + 3 * week, 1, 1),
            line(OCTOBER + 3 * week, OCTOBER + 4 * week, 1, 1),
            line(OCTOBER, None, 1, 1),
        ]
    )

    def first(day: int) -> int:
        return periods.find_first(CellKey((OCTOBER + timedelta(days=day)).date(), "1 4 gpt", "input")).day.day

    assert [first(day) for day in (0, 8, 20, 21, 27, 29)] == [1, 1, 1, 22, 22, 30]


@pytest.mark.parametrize(("hours", "is_long"), [(23, False), (25, False), (26, True), (48, True)])
def test_a_line_is_for_longer_than_a_day_where_it_has_more_than_25_hours(hours: int, is_long: bool) -> None:
    periods = find_periods([line(OCTOBER, OCTOBER + timedelta(hours=hours), 1, 1)])
    second = CellKey((OCTOBER + timedelta(days=1)).date(), "1 4 gpt", "input")
    assert periods.find_first(second).day.day == (1 if is_long else 2)
    assert (periods.last is not None) is is_long


def test_the_last_day_of_a_period_is_the_one_before_its_end_in_the_zone_of_the_bill() -> None:
    zone = timezone(timedelta(hours=-8))
    start = OCTOBER + timedelta(hours=8)
    periods = find_periods([line(start, start + timedelta(days=3), 1, 1)], zone)
    assert periods.last == (OCTOBER + timedelta(days=2)).date()
    assert (
        find_periods([line(start, start + timedelta(days=3), 1, 1)]).last
        == (OCTOBER + timedelta(days=3)).date()
    )
    other = CellKey((OCTOBER + timedelta(days=1)).date(), "another model", "input")
    assert periods.find_first(other) == other


def test_of_periods_in_one_another_the_longest_counts() -> None:
    week = timedelta(days=7)
    lines = [line(OCTOBER, NOVEMBER, 1, 1), line(OCTOBER + week, OCTOBER + 2 * week, 1, 1)]
    assert find_periods(lines).last == (NOVEMBER - timedelta(days=1)).date()
    made = compare(Bill([*lines, line(OCTOBER + 3 * week, None, 1, 1)], []), [call(30, 3)])
    assert exact(len(made.rows), made.rows[0].cell.bill.quantity, made.rows[0].cell.ours.quantity) == (
        1,
        3,
        3,
    )
