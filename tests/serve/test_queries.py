"""What the page is told, by hand and against sums over the events themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from payi_transport.serve.faults import Refusal
from payi_transport.serve.service import Service
from payi_transport.serve.views import Dimension, Filters, Sums
from tests.serve.events import DAY, NOON, item, make_items, span

COST = Decimal("0.006")


def add(service: Service, *items: dict[str, Any]) -> None:
    response = service.ingest_bulk(make_items(*items), updates=False).result()
    assert response["ingest_count"] == len(items)


def test_figures_are_those_of_a_span_and_of_the_one_before(service: Service) -> None:
    add(service, item(), item(NOON - 2 * DAY), item(NOON - 2 * DAY, http_status_code=500, units={}))
    figures = service.queries.figures(span())
    assert figures.now == Sums(calls=1, cost=COST, input=1000, output=500)
    assert (figures.before.calls, figures.before.errors, figures.before.wasted) == (2, 1, 1)
    assert figures.since == NOON - 2 * DAY


def test_a_breakdown_ranks_by_cost_and_names_nothing_as_empty(service: Service) -> None:
    add(service, item(account_name="a"), item(account_name="b"), item(account_name="b"), item())
    found = service.queries.breakdown("account", span())
    assert [(group.name, group.sums.calls) for group in found.groups] == [("b", 2), ("", 1), ("a", 1)]
    assert found.total.cost == 4 * COST and not found.overlaps


def test_a_call_with_two_tags_is_in_both_groups_and_once_in_the_total(service: Service) -> None:
    add(service, item(request_tags=["x", "y"]))
    found = service.queries.breakdown("tag", span())
    assert {group.name for group in found.groups} == {"x", "y"}
    assert found.overlaps and found.total.calls == 1


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/Los_Angeles", "UTC"])
def test_days_begin_at_midnight_of_the_zone(service: Service, zone: str) -> None:
    # Over the start of daylight saving in Los Angeles, on March 8.
    add(service, *(item(NOON + timedelta(minutes=15 * step)) for step in range(-400, 100)))
    series = service.queries.series(span(NOON - 6 * DAY, NOON + 2 * DAY, zone), step="day")
    expected: dict[int, int] = defaultdict(int)
    for call in service.queries.calls(span(NOON - 6 * DAY, NOON + 2 * DAY), most=1000).calls:
        expected[max(i for i, start in enumerate(series.starts) if start <= call.at)] += 1
    [line] = series.lines
    assert {i: sums.calls for i, sums in enumerate(line.sums) if sums.calls} == expected


@pytest.mark.parametrize("by", get_args(Dimension))
def test_rollups_and_events_have_the_same_sums(service: Service, by: Dimension) -> None:
    chance = random.Random(3)
    fields = ("use_case_name", "account_name", "user_id", "use_case_step", "resource")
    for _ in range(40):
        chosen = {name: chance.choice("abc") for name in fields} | {"request_tags": [chance.choice("xy")]}
        at = NOON + timedelta(minutes=chance.randrange(-2800, 2800))
        add(service, item(at, **chosen, properties={"environment": chance.choice("pq")}))
    times = span(NOON - 2 * DAY, NOON + 2 * DAY)
    whole = service.queries.breakdown(by, times)
    assert sum(group.sums.calls for group in whole.groups) == 40
    # There is no filter by limit.
    chosen_name: Any = {} if by == "limit" else {by: whole.groups[0].name}
    filters = Filters(**chosen_name)
    calls = service.queries.calls(times, filters, most=100).calls
    figures = service.queries.figures(times, filters).now
    assert (len(calls), sum(call.cost or 0 for call in calls)) == (figures.calls, figures.cost)
    if by != "limit":
        assert figures in [group.sums for group in whole.groups]


def test_lines_and_their_rest_add_up_to_the_total(service: Service) -> None:
    add(service, *(item(NOON + timedelta(hours=n), account_name=f"a{n}", user_id="u") for n in range(9)))
    for filters in (Filters(), Filters(user="u"), Filters(user="u", model="gpt-4.1")):
        series = service.queries.series(span(), "account", filters, most=3)
        assert [line.name is None for line in series.lines] == [False, False, False, True]
        assert sum(sums.calls for line in series.lines for sums in line.sums) == 9
        assert service.queries.series(span(), None, filters).lines[0].sums[0].calls >= 0
    [own] = service.queries.series(span(), "user", Filters(user="u")).lines
    assert (own.name, sum(sums.calls for sums in own.sums)) == ("u", 9)


def test_tags_can_not_be_broken_down_within_a_filter(service: Service) -> None:
    with pytest.raises(Refusal, match="broken down by 'tag'"):
        service.queries.breakdown("tag", span(), Filters(user="u"))


def test_a_breakdown_within_two_filters_is_of_events(service: Service) -> None:
    add(service, item(user_id="u", account_name="a"), item(user_id="u", account_name="b"), item(user_id="v"))
    found = service.queries.breakdown("account", span(), Filters(user="u", model="gpt-4.1"))
    assert {group.name: group.sums.calls for group in found.groups} == {"a": 1, "b": 1}
