"""The list of runs on the page, and the links around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.frame import View
from payi_transport.serve.page.runs import RUNS
from payi_transport.serve.service import Service
from tests.serve.events import NOON, item, make_items
from tests.serve.page.rendering import Shown, make_page, show

NOW = NOON + timedelta(hours=1)
RUN_TITLES = ["Run", "Use case", "Customer", "Started", "Duration", "Calls", "Errors", "Cost"]


def look(service: Service, view: View, **query: str) -> Shown:
    return show(view, service.queries, make_page(view.path, NOW, **query))


def add(service: Service, *calls: dict[str, Any]) -> None:
    assert service.ingest_bulk(make_items(*calls), updates=False).result()["error_count"] == 0


def test_runs_have_what_they_cost_and_lead_to_their_calls(service: Service) -> None:
    def call(run: str, at: int, ms: int | None = None, **fields: Any) -> dict[str, Any]:
        when = NOON + timedelta(minutes=at)
        return item(when, use_case_name="chat", use_case_id=run, end_to_end_latency_ms=ms, **fields)

    free: dict[str, Any] = {"units": {}, "http_status_code": 500}
    add(service, call("a", 0, account_name="acme"), call("a", 2, 30_000), call("b", 1), call("b", 1, **free))
    shown = look(service, RUNS)
    rows = {
        "a": [
            *("a →/calls?zone=UTC&run=a", "chat", "acme", "Mar 10, 12:00:00 [2026-03-10T12:00:00+00:00]"),
            *("2.5 min [150000]", "2", "0", "$0.012 100.0%"),
        ],
        "b": [
            *("b →/calls?zone=UTC&run=b", "chat", "none", "Mar 10, 12:01:00 [2026-03-10T12:01:00+00:00]"),
            *("—", "2", "1 (bad)", "$0.006 50.0%"),
        ],
    }
    assert shown.tables["Runs of use cases"] == [RUN_TITLES, rows["b"], rows["a"]]
    assert shown.texts == ["a.here: Latest first", "a: Most expensive first"]
    assert [dict(each).get("aria-current") for each in shown.props("a")[:2]] == ["true", None]
    assert shown.links == {
        "Latest first": "/runs?zone=UTC",
        "Most expensive first": "/runs?zone=UTC&sort=cost",
    }
    dearest = look(service, RUNS, sort="cost")
    for name, row in rows.items():
        row[0] = f"{name} →/calls?zone=UTC&sort=cost&run={name}"
    assert dearest.tables["Runs of use cases"] == [RUN_TITLES, rows["a"], rows["b"]]
    assert dearest.texts == ["a: Latest first", "a.here: Most expensive first"]


def test_a_time_without_runs_says_what_makes_one(service: Service) -> None:
    add(service, item(NOON))
    assert look(service, RUNS).texts[2:] == [
        "p.empty: No runs in this period. A run is one instance of a use case: pass use_case_name to @track."
    ]


def test_runs_go_on_on_the_next_page(service: Service) -> None:
    add(
        service,
        *(item(NOON - timedelta(seconds=n), use_case_name="c", use_case_id=f"r{n:02}") for n in range(51)),
    )
    first = look(service, RUNS)
    cursor = first.links["Next"].partition("cursor=")[2]
    [_, row] = look(service, RUNS, cursor=cursor).tables["Runs of use cases"]
    assert row[0].startswith("r50 ")
