"""The list of calls on the page, and the links around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.calls import CALLS
from payi_transport.serve.page.frame import View
from payi_transport.serve.service import Service
from tests.serve.events import DAY, NOON, item, make_items
from tests.serve.page.rendering import Shown, make_page, show

NOW = NOON + timedelta(hours=1)
CALL_TITLES = ["Time", "Model", "Use case", "Customer", "Status", "Cost", "In", "Out", "Latency"]


def look(service: Service, view: View, **query: str) -> Shown:
    return show(view, service.queries, make_page(view.path, NOW, **query))


def add(service: Service, *calls: dict[str, Any]) -> None:
    assert service.ingest_bulk(make_items(*calls), updates=False).result()["error_count"] == 0


def test_each_call_has_its_figures_and_its_names_lead_to_their_calls(service: Service) -> None:
    ours = {"account_name": "acme", "use_case_name": "chat", "end_to_end_latency_ms": 4500}
    add(
        service,
        item(NOON, **ours, units={"text": {"input": 12_345, "output": 500}}),
        item(NOON - DAY, http_status_code=299, resource="unheard-of"),
    )
    shown = look(service, CALLS)
    assert shown.tables == {
        "Calls, latest first": [
            CALL_TITLES,
            [
                "Mar 10, 12:00:00 [2026-03-10T12:00:00+00:00] →/calls/1?zone=UTC",
                "gpt-4.1 →/calls?zone=UTC&model=gpt-4.1 (quiet)",
                "chat →/calls?zone=UTC&use_case=chat (quiet)",
                "acme →/calls?zone=UTC&account=acme (quiet)",
                "200",
                "$0.029 [$0.02869]",
                "12.3k [12345]",
                "500",
                "4.5 s [4500]",
            ],
            [
                "Mar 9, 12:00:00 [2026-03-09T12:00:00+00:00] →/calls/2?zone=UTC",
                "unheard-of →/calls?zone=UTC&model=unheard-of (quiet)",
                "none →/calls?zone=UTC&use_case= (quiet)",
                "none →/calls?zone=UTC&account= (quiet)",
                "no response (bad)",
                "unpriced [No price is known for this model] (warn)",
                "1,000 [1000]",
                "500",
                "—",
            ],
        ]
    }
    assert shown.texts == [
        "a: Failed only",
        "a: Unpriced only",
        "p.note: 2 calls, ≥ $0.029 in all. The latest are first.",
    ]
    assert shown.links == {
        "Failed only": "/calls?zone=UTC&failed=1",
        "Unpriced only": "/calls?zone=UTC&unpriced=1",
    }
    classes = [column.props.get("data-label") for column in shown.find("td")][: len(CALL_TITLES)]
    assert classes == CALL_TITLES
    [table] = shown.find("table")
    assert "wide" in table.classes
    heads = [" ".join(head.classes) for head in shown.find("th")]
    assert heads == [
        *("name short", "name", "name", "name", "name short", "number", "number minor", "number minor"),
        "number",
    ]


def test_a_choice_that_is_made_is_not_offered_again(service: Service) -> None:
    add(service, item(NOON, http_status_code=None), item(NOON, http_status_code=500))
    assert "—" in look(service, CALLS).tables["Calls, latest first"][2]
    shown = look(service, CALLS, failed="1")
    assert shown.links == {"Unpriced only": "/calls?zone=UTC&failed=1&unpriced=1"}
    assert len(shown.tables["Calls, latest first"]) == 2
    assert look(service, CALLS, failed="1", unpriced="1").texts == [
        "p.empty: No calls match. Remove a filter above, or choose a longer period."
    ]


def test_a_list_goes_on_where_it_ended(service: Service) -> None:
    add(service, *(item(NOON - timedelta(seconds=n)) for n in range(51)))
    first = look(service, CALLS)
    assert first.texts[-1] == "a: Next"
    assert len(first.tables["Calls, latest first"]) == 51
    cursor = first.links["Next"].partition("cursor=")[2]
    last = look(service, CALLS, cursor=cursor)
    assert last.texts[-1] == "a: First page"
    assert last.links["First page"] == "/calls?zone=UTC"
    assert len(last.tables["Calls, latest first"]) == 2
