"""Groups of calls: they add up, in every zone and however they are cut, and lists say that they don't."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.prices import Estimate
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import Before, Group, Report, make_report
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.reports.window import Window, read_window
from payi_transport.values.zones import find_zone
from tests.reports.calls import MOMENT, make_estimate, make_event, unpriced

Call = tuple[StoredEvent, Estimate]


def call(amount: str = "1", **fields: Any) -> Call:
    return make_event(**fields), make_estimate(amount)


def report(calls: Sequence[Call], by: str, top: int | None = None, window: Window | None = None) -> Report:
    return make_report(calls, find_dimensions(by, timezone.utc), window or Window(), top)


def costs(groups: Sequence[Group]) -> dict[str | None, str]:
    return {group.name: str(group.summary.cost) for group in groups}


CALLS = [
    call("3", use_case_name="bot", resource="a"),
    call("1", use_case_name="bot", resource="b"),
    call("5", use_case_name="search", resource="a"),
    call("2", use_case_name=None, resource="a"),
]


def test_groups_are_in_the_order_of_their_cost_and_add_up_to_the_total() -> None:
    made = report(CALLS, "use_case,resource")
    assert costs(made.groups) == {"search": "5", "bot": "4", None: "2"}
    assert list(costs(made.groups)) == ["search", "bot", None]
    assert costs(made.groups[1].groups) == {"a": "3", "b": "1"}
    assert made.total.summary.cost == 11
    assert (made.by, made.overlaps, made.first, made.last) == (
        ("use_case", "resource"),
        False,
        MOMENT,
        MOMENT,
    )


def test_groups_without_a_price_are_in_the_order_of_their_calls() -> None:
    calls = [(make_event(resource=name), unpriced()) for name in "abbcc"]
    assert [group.name for group in report(calls, "resource").groups] == ["b", "c", "a"]


def test_calls_with_several_tags_are_in_several_groups_and_once_in_the_total() -> None:
    calls = [call(request_tags=("x", "y", "x")), call(request_tags=("x",)), call()]
    made = report(calls, "tag")
    assert costs(made.groups) == {"x": "2", "y": "1", None: "1"}
    assert (made.total.summary.calls, made.total.summary.cost, made.overlaps) == (3, Decimal(3), True)


def test_calls_with_one_tag_each_add_up_and_nothing_has_to_be_said() -> None:
    made = report([call(request_tags=("x",)), call(request_tags=("y",)), call()], "tag")
    assert costs(made.groups) == {"x": "1", "y": "1", None: "1"}
    assert (made.total.summary.cost, made.overlaps) == (Decimal(3), False)


@pytest.mark.parametrize("by", ["tag,resource", "resource,tag", "tag,limit"])
def test_a_group_counts_each_of_its_calls_once(by: str) -> None:
    calls = [call(request_tags=("x", "y"), limit_ids=("l", "m")), call(request_tags=("x",))]
    made = report(calls, by)
    assert made.total.summary.cost == 2
    first = {group.name: group.summary.calls for group in made.groups}
    assert first == ({"gpt-5": 2} if by.startswith("resource") else {"x": 2, "y": 1})


def test_what_is_not_among_the_first_stands_in_one_row() -> None:
    calls = [call(str(amount), resource=f"m{amount}") for amount in range(1, 6)]
    made = report(calls, "resource", top=2)
    assert [(group.name, group.others, str(group.summary.cost)) for group in made.groups] == [
        ("m5", 0, "5"),
        ("m4", 0, "4"),
        (None, 3, "6"),
    ]
    # One row more is no shorter than the row that would stand for it.
    assert [group.name for group in report(calls, "resource", top=4).groups] == ["m5", "m4", "m3", "m2", "m1"]
    # A day is not among the first or the last.
    days = [call(event_timestamp=MOMENT + timedelta(days=day)) for day in range(5)]
    assert len(report(days, "day", top=2).groups) == 5


def test_a_period_has_its_calls_and_those_of_the_period_before() -> None:
    window = Window(MOMENT, MOMENT + timedelta(days=1), MOMENT - timedelta(days=1))
    calls = [
        call("4", resource="a"),
        call("1", resource="a", event_timestamp=MOMENT - timedelta(hours=1)),
        call("2", resource="gone", event_timestamp=MOMENT - timedelta(hours=1)),
        call("8", resource="a", event_timestamp=MOMENT + timedelta(days=1)),
        call("9", resource="a", event_timestamp=None),
    ]
    made = report(calls, "resource", window=window)
    assert [(group.name, group.summary.calls, group.before) for group in made.groups] == [
        ("a", 1, Before(1, Decimal(1))),
        ("gone", 0, Before(1, Decimal(2))),
    ]
    assert made.total.before == Before(2, Decimal(3))
    assert made.untimed == 1
    cut = report([*calls, call("1", resource="b")], "resource", window=window, top=1)
    assert cut.groups[1].before == Before(1, Decimal(2))
    by_day = report(calls, "day", window=window)
    assert [(group.name, group.before) for group in by_day.groups] == [("2026-11-01", None)]
    assert by_day.total.before == Before(2, Decimal(3))
    assert report(calls, "resource").groups[0].before is None
    assert report([], "resource", window=window).groups == ()


def test_equal_costs_are_in_the_order_of_calls_and_then_of_names_and_calls_without_one_are_last() -> None:
    calls = [call("1", user_id=name) for name in (None, "b", "a")]
    calls += [call("0.5", user_id="z"), call("0.5", user_id="z")]
    assert [group.name for group in report(calls, "user").groups] == ["z", "a", "b", None]


def test_times_are_in_their_order_and_calls_without_one_are_last() -> None:
    days = [
        call("9", event_timestamp=None),
        *(call(event_timestamp=MOMENT - timedelta(days=day)) for day in (0, 2, 1)),
    ]
    made = report(days, "day")
    assert [group.name for group in made.groups] == ["2026-10-30", "2026-10-31", "2026-11-01", None]
    assert (made.first, made.last) == (MOMENT - timedelta(days=2), MOMENT)


def test_inner_groups_have_their_own_others_and_their_own_period_before() -> None:
    window = Window(MOMENT, None, MOMENT - timedelta(days=1))
    earlier = MOMENT - timedelta(hours=1)
    calls = [call(str(cost), user_id="u", resource=f"m{cost}") for cost in (1, 2, 3, 4)]
    calls += [
        call(str(cost), user_id="u", resource=f"m{cost}", event_timestamp=earlier) for cost in (1, 2, 4)
    ]
    (user,) = report(calls, "user,resource", top=2, window=window).groups
    assert user.before == Before(3, Decimal(7))
    assert [(group.name, group.others, group.before) for group in user.groups] == [
        ("m4", 0, Before(1, Decimal(4))),
        ("m3", 0, Before(0, Decimal(0))),
        (None, 2, Before(2, Decimal(3))),
    ]
    # By user and day, no day is compared, and no user either: their days would not add up to it.
    (user,) = report(calls, "user,day", window=window).groups
    assert (user.before, user.groups[0].before) == (None, None)


def test_a_call_without_a_price_costs_nothing_in_the_period_before() -> None:
    window = Window(MOMENT, None, MOMENT - timedelta(days=1))
    before = (make_event(event_timestamp=MOMENT - timedelta(hours=1)), unpriced())
    made = report([before, before], "resource", window=window)
    assert made.total.before == Before(2, Decimal(0))
    assert report([], "resource", window=window).total.before == Before(0, Decimal(0))


def test_a_group_of_tags_and_one_inside_it_say_that_calls_are_in_several() -> None:
    calls = [call("2", request_tags=("x", "y"), user_id="u"), call("1", request_tags=("x",), user_id="v")]
    made = report(calls, "tag,user")
    assert {group.name: costs(group.groups) for group in made.groups} == {
        "x": {"u": "2", "v": "1"},
        "y": {"u": "2"},
    }
    assert (made.overlaps, made.total.others, made.total.name) == (True, 0, None)


ZONES = ["Asia/Kolkata", "Asia/Kathmandu", "America/Los_Angeles", "UTC"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", ["2026-03-07", "2026-10-31"])
def test_days_add_up_to_the_range_over_both_ends_of_daylight_saving(zone: str, first: str) -> None:
    place = find_zone(zone)
    start = datetime.fromisoformat(first).replace(tzinfo=timezone.utc) - timedelta(days=1)
    # A call in every quarter of an hour, for six days, each with a cost of its own.
    calls = [
        call(f"0.{number:04d}1", event_timestamp=start + timedelta(minutes=15 * number))
        for number in range(576)
    ]

    def make(since: str, until: str) -> Report:
        window = read_window(since, until, place, datetime.now(timezone.utc))
        return make_report(calls, find_dimensions("day", place), window)

    days = [(datetime.fromisoformat(first) + timedelta(days=day)).date().isoformat() for day in range(4)]
    whole = make(days[0], days[-1])
    single = [make(day, day).total.summary for day in days]
    assert sum(summary.cost for summary in single) == whole.total.summary.cost
    assert [group.summary.cost for group in whole.groups] == [summary.cost for summary in single]
    assert [group.name for group in whole.groups] == days
    raw = [
        estimate.total or Decimal(0)
        for event, estimate in calls
        if event.event_timestamp
        and days[0] <= event.event_timestamp.astimezone(place).date().isoformat() <= days[-1]
    ]
    assert whole.total.summary.cost == sum(raw)
    assert whole.total.summary.calls == len(raw)


AMOUNTS = st.decimals(min_value=0, max_value=100, places=9)
NAMES = st.sampled_from([None, "a", "b", "c"])


@given(st.lists(st.tuples(AMOUNTS, NAMES, NAMES), max_size=15), st.integers(1, 3))
def test_rows_add_up_to_what_stands_above_them(calls: list[Any], top: int) -> None:
    made = report(
        [call(amount, user_id=user, account_name=name) for amount, user, name in calls], "user,account", top
    )
    assert sum(group.summary.cost for group in made.groups) == made.total.summary.cost
    assert sum(group.summary.calls for group in made.groups) == len(calls)
    for group in made.groups:
        if group.groups:
            assert sum(inner.summary.cost for inner in group.groups) == group.summary.cost
