"""Every difference is split by one rule, and the parts add up to it."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.reconcile import Comparison, Parts, compare
from tests.reports.support import NOON, exact, make_call

RATES = {"text input": "2", "text output": "8"}


def line(quantity: Any, cost: Any, **fields: Any) -> BillLine:
    return BillLine(
        **{"provider": "openai", "start": NOON, "model": "gpt-4.1", "kind": "input", **fields},
        quantity=None if quantity is None else Decimal(quantity),
        cost=None if cost is None else Decimal(cost),
    )


def parts_of(lines: list[BillLine], *calls: Any) -> Parts:
    return compare(Bill(lines, []), [make_call({"text": counts}, RATES) for counts in calls]).parts


def test_what_no_call_was_seen_of_is_not_seen() -> None:
    assert parts_of([line(10, 20)]) == Parts(not_seen=Decimal(20))


def test_another_quantity_at_our_price() -> None:
    assert parts_of([line(12, 24)], (10, 0)) == Parts(quantity=Decimal(4))


def test_another_price_of_the_same_quantity() -> None:
    assert parts_of([line(10, 15)], (10, 0)) == Parts(price=Decimal(-5))


def test_both_at_once() -> None:
    assert parts_of([line(12, 36)], (10, 0)) == Parts(quantity=Decimal(4), price=Decimal(12))


def test_what_the_bill_does_not_have_is_another_quantity() -> None:
    assert parts_of([line(10, 20)], (10, 1)) == Parts(quantity=Decimal(-8))


def test_without_a_quantity_they_cannot_be_told_apart() -> None:
    assert parts_of([line(None, 15)], (10, 0)) == Parts(undivided=Decimal(-5))


def test_usage_alone_is_compared_by_quantities() -> None:
    made = compare(Bill([line(12, None)], []), [make_call({"text": (10, 0)}, RATES)])
    assert exact(made.parts, made.billed) == (Parts(quantity=Decimal(4)), 0)


def test_costs_and_usage_of_two_files_complete_each_other() -> None:
    assert parts_of([line(12, None), line(None, 36)], (10, 0)) == Parts(
        quantity=Decimal(4), price=Decimal(12)
    )


def test_costs_of_whole_days_are_compared_by_day_and_usage_beside_them_is_left_out() -> None:
    lines = [line(None, 30, model="", kind=""), line(10, None)]
    made = compare(Bill(lines, []), [make_call({"text": (10, 1)}, RATES)])
    assert made.parts == Parts(undivided=Decimal(2))
    assert len(made.rows) == 1


def test_what_has_no_price_here_is_another_price() -> None:
    call = make_call({"text": (10, 0)}, {"text input": None})
    made = compare(Bill([line(10, 20)], []), [call])
    assert made.parts == Parts(price=Decimal(20))
    assert made.rows[0].rate is None


def test_calls_outside_of_the_bills_days_do_not_count() -> None:
    calls = [
        make_call({"text": (10, 0)}, RATES, event_timestamp=NOON + timedelta(days=day)) for day in (-1, 0, 1)
    ]
    made = compare(Bill([line(10, 20)], []), calls)
    assert exact(made.parts.total, made.estimated) == (0, 20)


def one_day_at(hour: int, count: int) -> Any:
    return make_call({"text": (count, 0)}, RATES, event_timestamp=NOON.replace(hour=hour))


def test_a_day_that_the_zone_moves_is_measured() -> None:
    # Nine days, with another number of tokens in each hour.
    calls = [
        make_call(
            {"text": (hour % 7 + 1 + day * 3, 0)},
            RATES,
            event_timestamp=NOON + timedelta(days=day, hours=hour),
        )
        for day in range(9)
        for hour in range(24)
    ]
    offset = timedelta(hours=9)
    billed: dict[Any, int] = {}
    for call in calls:
        day = (call.event.event_timestamp + offset).date()
        billed[day] = billed.get(day, 0) + call.event.units["text"].input
    lines = [
        line(count, 2 * count, start=NOON.replace(day=1, month=day.month) + timedelta(days=day.day - 1))
        for day, count in sorted(billed.items())
    ]
    made: Comparison = compare(Bill(lines, []), calls)
    (move,) = made.moves
    assert (move.model, move.zone) == (None, timezone(offset))
    assert made.parts == Parts()
    assert move.money > 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["gpt-4.1", "gpt-5", ""]),
            st.sampled_from(["input", "output", "cache_read"]),
            st.none() | st.integers(0, 10**6),
            st.none() | st.decimals(-5, 5000, places=4),
            st.integers(0, 6),
        ),
        min_size=1,
        max_size=20,
    ),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 9999), st.integers(0, 6)), max_size=20),
)
def test_the_parts_add_up_to_the_difference(rows: list[Any], calls: list[Any]) -> None:
    lines = [
        line(quantity, cost, model=model, kind=kind, start=NOON + timedelta(days=day))
        for model, kind, quantity, cost, day in rows
    ]
    made = compare(
        Bill(lines, []),
        [
            make_call({"text": (sent, got)}, RATES, event_timestamp=NOON + timedelta(days=day))
            for sent, got, day in calls
        ],
    )
    if all(cost is not None for _, _, _, cost, _ in rows):
        assert made.parts.total == made.billed - made.estimated
    assert made.parts.total == sum((row.parts.total for row in made.rows), Decimal(0))
