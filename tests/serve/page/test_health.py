"""What is slow, fails, is wasted, and has no owner; times that are known approximately look so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.elements import Cell
from payi_transport.serve.page.health import HEALTH, _about
from payi_transport.serve.service import Service
from tests.serve.events import DAY, NOON, item, make_items
from tests.serve.page.rendering import Shown, make_page, show

UNKNOWN = "unpriced [1 call without a (full) price] (warn)"


def look(service: Service, *calls: dict[str, Any]) -> Shown:
    assert service.ingest_bulk(make_items(*calls), updates=False).result()["error_count"] == 0
    return show(HEALTH, service.queries, make_page("/health", NOON + timedelta(hours=1)))


CACHED = {"text": {"input": 1000, "output": 500}, "text_cache_read": {"input": 3000}}
TIMES: dict[str, Any] = {"end_to_end_latency_ms": 4500, "time_to_first_token_ms": 850}


def test_figures_say_what_failed_was_wasted_and_was_saved(service: Service) -> None:
    shown = look(
        service,
        item(units=CACHED),
        item(properties={"system.stream": "partial"}),
        item(NOON - DAY, http_status_code=429, units={}),
        item(NOON - 9 * DAY),
    )
    assert shown.texts[:12] == [
        *("div.label: Errors", "div.value: 33.3%", "div.change: 1 call"),
        *("div.label: Wasted", "div.value: $0.006", "div.change: 2 calls"),
        *("div.label: Read from caches", "div.value: 60.0%", "div.change: of all input tokens"),
        *("div.label: Saved by caches", "div.value: $0.0045", "div.change: against full price"),
    ]
    exact = [each["title"] for each in shown.props("div") if "title" in each]
    assert exact == ["1", "$0.006", "3000", "$0.0045"]
    assert [words for words in shown.texts if words.startswith("h2")] == [
        "h2: Latency by model, to the end of the response",
        "h2: Time to the first token by model",
        "h2: Errors by status",
        "h2: Waste",
        "h2: Money without an owner",
        "h2: Tokens and other units",
    ]


def test_times_are_those_of_each_model(service: Service) -> None:
    calls = [
        item(end_to_end_latency_ms=ms) for ms in (*[100] * 50, *[1000] * 40, *[5000] * 8, 20_000, 60_000)
    ]
    shown = look(service, *calls, item(resource=None, **TIMES))
    titles = ["Model", "Calls", "p50", "p90", "p95", "p99"]
    name = "Latency by model, to the end of the response"
    [head, usual, unnamed] = shown.tables[name]
    assert head == titles
    assert [usual[0], usual[1]] == ["gpt-4.1", "100"]
    assert [cell.partition(" [")[0] for cell in usual[2:]] == ["102 ms", "1.0 s", "5.1 s", "19.3 s"]
    assert unnamed == ["none", "1", *["4.6 s [about 4.6 s]"] * 4]
    assert shown.tables["Time to the first token by model"] == [
        titles,
        ["none", "1", *["830 ms [about 830 ms]"] * 4],
    ]
    assert len([words for words in shown.texts if "within about 5%" in words]) == 2


def test_errors_lead_to_their_calls_and_reasons_to_none(service: Service) -> None:
    shown = look(
        service,
        *(item(http_status_code=429, units={}) for _ in range(2)),
        item(http_status_code=299, resource="unheard-of"),
        item(http_status_code=None, properties={"system.failure": "x"}, units={}),
    )
    statuses, reasons = shown.tables["Status"], shown.tables["Reason"]
    assert statuses[0] == ["Status", "Calls", "Cost"]
    assert statuses[1] == ["429 →/calls?zone=UTC&status=429&failed=1", "2", "$0"]
    assert sorted(statuses[2:]) == [
        ["no response →/calls?zone=UTC&status=299&failed=1", "1", UNKNOWN],
        ["none", "1", "$0"],
    ]
    assert reasons == [["Reason", "Calls", "Cost"], ["failed", "4", UNKNOWN]]


def test_money_without_an_owner_leads_to_its_calls(service: Service) -> None:
    owned: dict[str, Any] = {"use_case_name": "chat", "properties": {"environment": "test"}}
    shown = look(service, item(), item(account_name="acme"), item(account_name="acme", **owned))
    assert shown.tables["Money without an owner"] == [
        ["Missing", "Calls", "Cost", "Share"],
        ["no use case →/calls?zone=UTC&use_case=", "2", "$0.012", "66.7%"],
        ["no environment →/calls?zone=UTC&environment=", "2", "$0.012", "66.7%"],
        ["no customer →/calls?zone=UTC&account=", "1", "$0.006", "33.3%"],
    ]


def test_each_unit_is_counted(service: Service) -> None:
    shown = look(service, item(units=CACHED), *(item(units={"text": {"input": 20_000}}) for _ in range(2)))
    assert shown.tables["Units"] == [
        ["Unit", "Calls", "In", "Out"],
        ["text", "3", "41.0k [41000]", "500"],
        ["text_cache_read", "1", "3,000 [3000]", "0"],
    ]


def test_where_there_is_nothing_of_a_kind_the_page_says_so(service: Service) -> None:
    shown = look(service, item())
    assert shown.texts.count("p.empty: No calls report it.") == 2
    assert shown.texts.count("p.empty: None.") == 2
    assert not {"Status", "Reason"} & shown.tables.keys()


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (None, Cell("—")),
        (1, Cell("1 ms", "1", hint="about 1 ms")),
        (850, Cell("850 ms", "850", hint="about 850 ms")),
        (3299, Cell("3.3 s", "3300", hint="about 3.3 s")),
        (11427357, Cell("3.2 h", "11400000", hint="about 3.2 h")),
    ],
)
def test_a_time_has_three_digits_at_most(ms: int | None, expected: Cell) -> None:
    assert _about(ms) == expected


def test_names_are_texts_and_figures_are_numbers(service: Service) -> None:
    shown = look(service, item(http_status_code=429, **TIMES), item(**TIMES))
    tables = shown.find("table")
    assert len(tables) == 6
    for each in tables:
        first, *others = [" ".join(head.classes) for head in Shown(each).find("th")]
        assert first == "name" and set(others) == {"number"}
