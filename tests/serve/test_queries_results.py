"""What each query of the page returns, in which order, and how many rows, computed by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters, Group, State, Sums, UnitSums
from tests.serve.events import DAY, NOON, item, make_items, span

COST = Decimal("0.006")
ONE = Sums(calls=1, cost=COST, input=1000, output=500)


def add(service: Service, *items: dict[str, Any]) -> None:
    assert service.ingest_bulk(make_items(*items), updates=False).result()["error_count"] == 0


def test_the_state_has_the_first_and_the_last_call(service: Service) -> None:
    assert service.queries.state() == State(0, 0, None, None)
    add(service, item(NOON - DAY), item(NOON), item(NOON - DAY / 2))
    assert service.queries.state() == State(1, 3, NOON - DAY, NOON)


def test_figures_before_are_of_a_span_of_the_same_length(service: Service) -> None:
    add(service, *(item(NOON - hours * timedelta(hours=1)) for hours in (1, 2, 3, 4, 5)))
    figures = service.queries.figures(span(NOON - timedelta(hours=2), NOON))
    assert (figures.now.calls, figures.before.calls) == (2, 2)
    assert figures.since == NOON - timedelta(hours=5)


def test_units_are_ranked_by_what_was_used_of_them(service: Service) -> None:
    add(
        service,
        item(units={"small": {"input": 9}, "large": {"output": 10}, "both": {"input": 5, "output": 6}}),
    )
    assert service.queries.units(span()) == [
        UnitSums("both", 1, 5, 6),
        UnitSums("large", 1, 0, 10),
        UnitSums("small", 1, 9, 0),
    ]
    assert service.queries.units(span(NOON - 9 * DAY, NOON - 8 * DAY)) == []


def test_errors_are_ranked_by_their_calls_and_waste_by_its_cost(service: Service) -> None:
    free: dict[str, Any] = {"units": {}}
    add(
        service,
        item(http_status_code=500),
        *(item(http_status_code=429, **free) for _ in range(2)),
        item(properties={"system.retry": "1"}),
        item(properties={"system.retry": "1"}),
    )
    assert [(group.name, group.sums.calls) for group in service.queries.errors(span())] == [
        ("429", 2),
        ("500", 1),
    ]
    waste = {group.name: (group.sums.calls, group.sums.waste) for group in service.queries.waste(span())}
    assert waste == {"retried": (2, 2 * COST), "failed": (3, COST)}
    assert [group.name for group in service.queries.waste(span())] == ["retried", "failed"]


def test_money_without_an_owner_is_ranked_by_what_is_missing(service: Service) -> None:
    environment: dict[str, Any] = {"properties": {"environment": "test"}}
    add(
        service,
        item(account_name="acme", use_case_name="chat", resource="gpt-4o", **environment),
        item(use_case_name="chat", **environment),
        item(use_case_name="chat", resource="gpt-4o"),
    )
    found = service.queries.unowned(span())
    assert [(group.name, group.sums.calls) for group in found.missing] == [
        ("account", 2),
        ("environment", 1),
        ("use_case", 0),
    ]
    assert found.missing[2] == Group("use_case", Sums())
    assert {group.name for group in found.models} == {"gpt-4o", "gpt-4.1"}
    assert found.models[0].name == "gpt-4o"
    assert found.total.calls == 3
    assert len(service.queries.unowned(span(), most=1).models) == 1


@pytest.mark.parametrize(
    ("by", "part", "expected"),
    [
        ("account", "", ["b", "a%", "a_c", "abc", "a\\b"]),
        ("account", "A", ["a%", "a_c", "abc", "a\\b"]),
        ("account", "%", ["a%"]),
        ("account", "_", ["a_c"]),
        ("account", "\\", ["a\\b"]),
        ("account", "bc", ["abc"]),
        ("user", "a", []),
        ("user", "", ["zoe"]),
    ],
)
def test_names_contain_a_text_and_the_shortest_come_first(
    by: Any, part: str, expected: list[str], service: Service
) -> None:
    add(service, *(item(account_name=name, user_id="zoe") for name in ("abc", "a%", "b", "a_c", "a\\b")))
    found = service.queries.names(by, part)
    assert [len(name) for name in found] == sorted(len(name) for name in found)
    assert sorted(found) == sorted(expected)
    assert service.queries.names(by, part, most=1) == found[:1]


def test_up_to_twenty_names_are_proposed(service: Service) -> None:
    add(service, *(item(account_name=f"a{n:02}") for n in range(21)))
    assert service.queries.names("account", "a") == [f"a{n:02}" for n in range(20)]


def test_without_a_number_lists_have_their_usual_lengths(service: Service) -> None:
    add(
        service,
        *(item(NOON, account_name=f"a{n:02}", use_case_name="c", use_case_id=f"r{n}") for n in range(51)),
    )
    queries = service.queries
    assert len(queries.breakdown("account", span()).groups) == 50
    assert (len(queries.calls(span()).calls), len(queries.runs(span()).runs)) == (50, 50)
    assert len(queries.series(span(), "account").lines) == 8
    add(service, *(item(resource=f"m{n}") for n in range(21)))
    assert len(queries.unowned(span()).models) == 20


def test_a_step_is_chosen_for_the_span_and_starts_within_it_are_its_own(service: Service) -> None:
    add(service, item(NOON), item(NOON + timedelta(minutes=44)))
    series = service.queries.series(span(NOON, NOON + timedelta(minutes=44)))
    assert (series.step, series.zone, len(series.starts)) == ("15m", "UTC", 3)
    # The quarter of an hour that is not over is read as a whole.
    assert [sums.calls for sums in series.lines[0].sums] == [1, 0, 1]


def test_the_first_step_has_only_what_is_in_the_span(service: Service) -> None:
    add(service, item(NOON - timedelta(hours=1)), item(NOON))
    series = service.queries.series(span(NOON, NOON + timedelta(hours=1)), step="day")
    assert [sums.calls for sums in series.lines[0].sums] == [1]
    assert series.starts == [NOON.replace(hour=0)]


@pytest.mark.parametrize(
    ("by", "overlaps"), [("tag", True), ("limit", True), ("account", False), ("model", False)]
)
def test_only_tags_and_limits_overlap(by: Any, overlaps: bool, service: Service) -> None:
    add(service, item(request_tags=["x", "y"], account_name="a"))
    assert service.queries.breakdown(by, span()).overlaps is overlaps


def test_lines_are_the_dearest_values_and_the_rest_in_each_step(service: Service) -> None:
    twice = {"text": {"input": 2000, "output": 1000}}
    add(
        service,
        item(NOON, account_name="a", units=twice),
        item(NOON + DAY, account_name="a"),
        item(NOON, account_name="b"),
        item(NOON + DAY, account_name="c", user_id="u"),
    )
    times = span(NOON, NOON + 2 * DAY)
    for filters in (
        Filters(),
        Filters(category="system.openai"),
        Filters(category="system.openai", model="gpt-4.1"),
    ):
        series = service.queries.series(times, "account", filters, step="day", most=1)
        named, rest = series.lines
        assert (named.name, [sums.calls for sums in named.sums]) == ("a", [1, 1, 0])
        assert [sums.cost for sums in named.sums] == [2 * COST, COST, 0]
        assert (rest.name, [sums.cost for sums in rest.sums]) == (None, [COST, COST, 0])
    [alone] = service.queries.series(times, None, Filters(user="u"), step="day").lines
    assert (alone.name, [sums.calls for sums in alone.sums]) == (None, [0, 1, 0])
    [own] = service.queries.series(times, "user", Filters(user="u"), step="day").lines
    assert (own.name, own.sums[1]) == ("u", ONE)
    [group] = service.queries.breakdown("user", times, Filters(user="u")).groups
    assert group == Group("u", ONE)
