"""The figures, the chart, and the tables of the first screen and of a breakdown."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.frame import View
from payi_transport.serve.page.overview import BREAKDOWN, OVERVIEW
from payi_transport.serve.service import Service
from tests.serve.events import DAY, NOON, item, make_items
from tests.serve.page.rendering import Shown, make_page, show

NOW = NOON + timedelta(hours=1)


def look(service: Service, view: View = OVERVIEW, **query: str) -> Shown:
    return show(view, service.queries, make_page(view.path, NOW, **query))


def call(at: datetime = NOON, account: str | None = None, model: str = "gpt-4.1", **more: Any) -> Any:
    return item(at, account_name=account, resource=model, **more)


def add(service: Service, *calls: dict[str, Any]) -> None:
    assert service.ingest_bulk(make_items(*calls), updates=False).result()["error_count"] == 0


def figures_of(shown: Shown) -> list[list[str]]:
    """Return the words of each figure, with its exact value."""
    exact = iter(each["title"] for each in shown.props("div") if "title" in each)
    figures: list[list[str]] = []
    for words in shown.texts:
        kind, _, text = words.partition(": ")
        if kind == "div.label":
            figures.append([text])
        elif kind == "div.value":
            figures[-1].append(f"{text} [{next(exact)}]")
        elif kind == "div.change":
            figures[-1].append(text)
    return figures


def test_figures_have_exact_values_and_their_change(service: Service) -> None:
    add(service, *(call(NOON - 8 * DAY) for _ in range(4)), *(call() for _ in range(5)))
    add(service, call(units={}, http_status_code=500), call(NOON - 8 * DAY, units={}, http_status_code=500))
    assert figures_of(look(service)) == [
        ["Cost (estimate)", "$0.03 [$0.03]", "+25% vs. the previous period"],
        ["Calls", "6 [6]", "+20% vs. the previous period"],
        ["Cost per call", "$0.005 [$0.005]", "+4% vs. the previous period"],
        ["Errors", "16.7% [1 of 6 calls]", "-3.3 points vs. the previous period"],
    ]


def test_without_calls_before_there_is_nothing_to_compare_with(service: Service) -> None:
    add(service, call(), call(units={}, http_status_code=500))
    assert [len(figure) for figure in figures_of(look(service))] == [2, 2, 2, 2]
    assert [dict(each) for each in look(service).props("div") if "title" in each][-1] == {
        "title": "1 of 2 calls"
    }


@pytest.mark.parametrize(("failed", "is_bad"), [(2, False), (3, True)])
def test_errors_are_marked_where_they_more_than_doubled(failed: int, is_bad: bool, service: Service) -> None:
    bad: dict[str, Any] = {"units": {}, "http_status_code": 500}
    for at, errors in ((NOON - 8 * DAY, 1), (NOON, failed)):
        add(service, *(call(at, **bad) for _ in range(errors)), *(call(at) for _ in range(10 - errors)))
    shown = look(service)
    assert bool([each for each in shown.find("div") if "bad" in each.classes]) is is_bad


def test_tables_rank_what_the_chart_shows_and_one_more_dimension(service: Service) -> None:
    add(service, call(account="acme", use_case_name="chat"), call(NOON - DAY, account="acme"))
    shown = look(service)
    total = ["Total", "$0.012", "100.0%", "2"]
    assert shown.tables["Cost by use case"] == [
        ["Use case", "Cost", "Share", "Calls"],
        ["none (swatch none) →/breakdown?zone=UTC&by=model&use_case=", "$0.006 100.0%", "50.0%", "1"],
        ["chat (swatch c0) →/breakdown?zone=UTC&by=model&use_case=chat", "$0.006 100.0%", "50.0%", "1"],
        total,
    ]
    assert shown.tables["Cost by customer"] == [
        ["Customer", "Cost", "Share", "Calls"],
        ["acme →/breakdown?zone=UTC&account=acme", "$0.012 100.0%", "100.0%", "2"],
        total,
    ]
    heads = [words for words in shown.texts if words.startswith(("h2", "summary", "a."))]
    assert heads == [
        "h2: Cost over time, by use case",
        "summary: Numbers of this chart",
        "h2: Cost by use case",
        "a.more: All figures",
        "h2: Cost by customer",
        "a.more: All figures",
    ]
    more = [each.props["href"] for each in shown.find("a") if "more" in each.classes]
    assert more == ["/breakdown?zone=UTC", "/breakdown?zone=UTC&by=account"]


@pytest.mark.parametrize(
    ("query", "captions"),
    [
        ({}, ["Cost by use case", "Cost by customer"]),
        ({"by": "account"}, ["Cost by customer", "Cost by use case"]),
        ({"account": "acme"}, ["Cost by use case", "Cost by model"]),
        ({"account": "acme", "model": "gpt-4.1"}, ["Cost by use case"]),
    ],
    ids=str,
)
def test_what_a_filter_has_narrowed_needs_no_table(
    query: dict[str, Any], captions: list[str], service: Service
) -> None:
    add(service, call(account="acme"))
    assert [caption for caption in look(service, **query).tables if caption != "Cost over time"] == captions


def test_the_numbers_of_the_chart_are_in_a_table(service: Service) -> None:
    add(
        service,
        call(model="gpt-4.1"),
        call(NOON - DAY, model="unheard-of"),
        call(NOON - DAY, model="gpt-4.1"),
    )
    shown = look(service, BREAKDOWN, by="model")
    assert shown.tables["Cost over time"] == [
        ["Start", "gpt-4.1", "unheard-of"],
        *([f"Mar {day} [2026-03-0{day}T00:00:00+00:00]", "$0", "$0"] for day in range(4, 9)),
        [
            "Mar 9 [2026-03-09T00:00:00+00:00]",
            "$0.006",
            "unpriced [1 call without a (full) price] (warn)",
        ],
        ["Mar 10, so far [2026-03-10T00:00:00+00:00]", "$0.006", "$0"],
    ]
    assert [words for words in shown.texts if words.startswith("h2")] == [
        "h2: Cost over time, by model",
        "h2: By model",
    ]
    [chart] = [each for each in shown.root.client.elements.values() if "chart" in each.classes]
    assert chart.props["labels"] == [*(f"Mar {day}" for day in range(4, 10)), "Mar 10\nso far"]
    assert chart.props["partial"] == [6]
    assert [(line["name"], line["color"], sum(line["costs"])) for line in chart.props["lines"]] == [
        ("gpt-4.1", "c0", 0.012),
        ("unheard-of", "c1", 0.0),
    ]
    assert chart.props["role"] == "img"
    assert "in the table below" in chart.props["aria-label"]


def test_a_breakdown_has_all_figures_of_each_value_and_those_of_all(service: Service) -> None:
    cached = {"text": {"input": 1000, "output": 500}, "text_cache_read": {"input": 200}}
    add(service, call(units=cached), *(call() for _ in range(18)), call(units={}, http_status_code=500))
    add(service, call(model="unheard-of"))
    shown = look(service, BREAKDOWN, by="model")
    assert shown.tables["Cost by model"] == [
        [
            *(
                "Model",
                "Cost",
                "Share",
                "Calls",
                "Cost per call",
                "Tokens in",
                "Tokens out",
                "Cache",
                "Errors",
            ),
            "Unpriced",
        ],
        [
            "gpt-4.1 (swatch c0) →/calls?zone=UTC&by=model&model=gpt-4.1",
            *("$0.11 [$0.1141] 100.0%", "100.0%", "20", "$0.0057 [$0.005705]", "19.2k [19200]"),
            *("9,500 [9500]", "1.0%", "5.0% (bad)", "0"),
        ],
        [
            "unheard-of (swatch c1) →/calls?zone=UTC&by=model&model=unheard-of",
            "unpriced [1 call without a (full) price] (warn)",
            *("—", "1", "—", "1,000 [1000]", "500", "0.0%", "0.0%", "1 (warn)"),
        ],
        [
            *("Total", "≥ $0.11 [$0.1141, and 1 call without a (full) price]", "100.0%", "21"),
            *("≥ $0.0054 [$0.00543333]", "20.2k [20200]", "10.0k [10000]", "1.0%", "4.8%", "1 (warn)"),
        ],
    ]


def test_a_short_table_has_eight_values_and_the_rest(service: Service) -> None:
    add(service, *(call(account=f"a{n}") for n in range(9) for _ in range(9 - n)))
    rows = look(service, by="account").tables["Cost by customer"][1:]
    assert len(rows) == 10
    assert [row[0].partition(" ")[0] for row in rows] == [*(f"a{n}" for n in range(8)), "other", "Total"]
    # The chart has seven lines, and grey for the others.
    assert ["(swatch other)" in row[0] for row in rows] == [*([False] * 7), True, False, False]
    assert rows[-2] == ["other", "$0.006 11.1%", "2.2%", "1"]


def test_values_that_overlap_have_no_rest_and_a_remark(service: Service) -> None:
    add(service, call(request_tags=["x", "y"]))
    shown = look(service, BREAKDOWN, by="tag")
    assert [row[0].partition(" ")[0] for row in shown.tables["Cost by tag"][1:]] == ["x", "y", "Total"]
    assert shown.texts[-1] == (
        "p.note: A call with several of these counts in several rows, so the rows add up to more than the"
        " total."
    )
    add(service, *(call(NOON - 20 * DAY, request_tags=[f"t{n}"]) for n in range(51)))
    more = look(service, BREAKDOWN, by="account")
    assert not more.texts[-1].startswith("p.note: A call with several")


def test_a_time_without_calls_says_so(service: Service) -> None:
    add(service, call(NOON - 90 * DAY))
    assert look(service).texts.count("p.empty: No calls in this period.") == 2


def test_what_a_sum_lacks_is_below_the_figures(service: Service) -> None:
    add(service, call(model="unheard-of"), call(properties={"system.billing": "subscription"}))
    notes = [words for words in look(service).texts if words.startswith("p.note: ")]
    assert notes[0].startswith("p.note: The cost lacks 1 call without a (full) price.")
    assert notes[1] == "p.note: A subscription includes 1 call, which cost nothing more."


def test_names_are_texts_and_figures_are_numbers(service: Service) -> None:
    add(service, call(account="acme"))
    for shown, numbers in ((look(service), 3), (look(service, BREAKDOWN), 9)):
        tables = [each for each in shown.find("table") if "Cost by" in str(Shown(each).tables)]
        for each in tables:
            heads = [" ".join(head.classes) for head in Shown(each).find("th")]
            assert heads == ["name", *["number"] * numbers]
            assert ("wide" in each.classes) is (numbers == 9)


def test_what_a_reader_unfolds_stays_open(service: Service) -> None:
    add(service, call())
    page = make_page("/", NOW)
    for state, is_open in (("open", True), ("closed", False)):
        [details] = show(OVERVIEW, service.queries, page).find("details")
        [listener] = details._event_listeners.values()
        assert details.props["open"] is not is_open
        listener.handler(SimpleNamespace(args={"newState": state}))  # type: ignore[misc]
        assert ("numbers" in page.opened) is is_open
