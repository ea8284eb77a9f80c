"""The list of calls, one call, and the runs of use cases."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.elements import Cell, Column, empty, note, section, table, text
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.page.ranking import money_cell
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import CallDetail, CallPage, CallRow, RunPage

__all__ = ["CALL", "CALLS", "RUNS", "cost_cell"]

_COLUMNS = [
    Column("Time", is_number=False),
    Column("Model", is_number=False),
    # Early, so that it can be seen on a phone.
    Column("Cost"),
    Column("Use case", is_number=False),
    Column("Customer", is_number=False),
    Column("Status", is_number=False),
    *(Column(title) for title in ("In", "Out", "Latency")),
]


def _load_calls(queries: Queries, page: Page) -> CallPage:
    return queries.calls(page.span, page.address.filters, cursor=page.address.cursor)


def _show_calls(page: Page, found: CallPage) -> None:
    switches = (("failed", "Failed only"), ("unpriced", "Unpriced only"))
    with ui.element("div").classes("pages"):
        for name, title in switches:
            if not getattr(page.address.filters, name):
                change: dict[str, Any] = {name: True}
                ui.link(title, page.address.link(**change))
    if not found.calls:
        empty("No calls match. Remove a filter above, or choose a longer period.")
        return
    table("calls", _COLUMNS, [_row(page, call) for call in found.calls], "Calls, latest first")
    _show_pages(page, found.cursor)


def _row(page: Page, call: CallRow) -> list[Cell]:
    link = page.address.link(f"/calls/{call.id}")
    return [
        Cell(page.time(call.at), call.at.isoformat(), link),
        Cell(call.model),
        cost_cell(call.cost, call.price_status),
        Cell(call.use_case or "none"),
        Cell(call.account or "none"),
        Cell(_status(call), mark="bad" if call.failed else ""),
        Cell(formats.count(call.input), str(call.input)),
        Cell(formats.count(call.output), str(call.output)),
        Cell(formats.milliseconds(call.latency), str(call.latency or "")),
    ]


def _status(call: CallRow) -> str:
    # Events report 299 for a call without a response.
    return "no response" if call.status == 299 else str(call.status or "—")


def cost_cell(cost: Decimal | None, status: str) -> Cell:
    """Return what a call cost, in words if that is not an amount. `status` is that of `Estimate`."""
    if status == "included":
        return Cell("included")
    if cost is None or status == "unpriced":
        return Cell("unpriced", mark="warn")
    return Cell(formats.money(cost), formats.exact_money(cost), mark="warn" if status == "partial" else "")


def _show_pages(page: Page, cursor: str | None) -> None:
    with ui.element("nav").classes("pages").props('aria-label="Pages"'):
        if page.address.cursor:
            ui.link("First page", page.address.link())
        if cursor:
            ui.link("Next", page.address.link(cursor=cursor))


def _load_call(queries: Queries, page: Page) -> CallDetail | None:
    last = page.address.path.rpartition("/")[2]
    return queries.call(int(last)) if last.isdecimal() else None


def _show_call(page: Page, found: CallDetail | None) -> None:
    if found is None:
        empty("This call does not exist. It may be older than what --keep retains.")
        return
    call, detail = found.call, found.detail
    with ui.element("div").classes("two"):
        with section("Call"):
            _show_facts(page, found)
        with section("Attribution"):
            _show_owner(page, found)
    with section(f"Cost: {cost_cell(detail.cost, detail.price_status).text}"):
        _show_price(found)
    for title, values in (
        ("Properties", detail.properties),
        ("Use case properties", detail.use_case_properties),
    ):
        if values:
            with section(title):
                _show_pairs(list(values.items()))
    for title, content in (("Request", found.request), ("Response", found.response)):
        with section(title):
            if content is None:
                note("Not recorded, or already deleted.")
            else:
                text("pre", _indent(content))
    ui.link(f"All calls of {call.model}", page.address.link("/calls", model=call.model))


def _show_facts(page: Page, found: CallDetail) -> None:
    call = found.call
    _show_pairs(
        [
            ("Time", page.time(call.at)),
            ("Provider", call.category),
            ("Model", call.model),
            ("Status", _status(call)),
            ("Latency", formats.milliseconds(call.latency)),
            ("First token after", formats.milliseconds(call.first_token)),
            ("Address", found.detail.uri or "—"),
            ("Response id", found.response_id),
            ("Waste", found.detail.waste or "—"),
        ]
    )


def _show_owner(page: Page, found: CallDetail) -> None:
    call, detail = found.call, found.detail
    _show_pairs(
        [
            ("Use case", call.use_case or "none"),
            ("Run", call.run or "none"),
            ("Step", call.step or "none"),
            ("Customer", call.account or "none"),
            ("User", call.user or "none"),
            ("Environment", call.environment or "none"),
            ("Tags", ", ".join(detail.tags) or "none"),
            ("Limits", ", ".join(detail.limit_ids) or "none"),
        ]
    )
    if call.run:
        ui.link("All calls of this run", page.address.link("/calls", run=call.run))


def _show_pairs(pairs: list[tuple[str, str]]) -> None:
    with ui.element("dl"):
        for name, value in pairs:
            text("dt", name)
            text("dd", value)


_SOURCES = {
    "payi": "Pay-i's own figure",
    "config": "your configuration",
    "provider": "the provider's own figure",
    "list": "the price list of genai-prices",
}


def _show_price(found: CallDetail) -> None:
    detail = found.detail
    columns = [
        Column("Unit", is_number=False),
        Column("Direction", is_number=False),
        *(Column(title) for title in ("Count", "Per million", "Amount")),
        Column("Price source", is_number=False),
    ]
    rows = [
        [
            Cell(line.unit),
            Cell(line.direction),
            Cell(formats.count(line.count), str(line.count)),
            money_cell(None if line.rate is None else line.rate * 1_000_000),
            money_cell(line.amount),
            Cell(f"{_SOURCES.get(line.source, line.source or '—')}{', ' + line.note if line.note else ''}"),
        ]
        for line in detail.lines
    ]
    if rows:
        table(f"call-{found.call.id}", columns, rows, "Units of this call and their prices")
    else:
        note("No units were reported.")
    source = _SOURCES.get(detail.price_source, "")
    remarks = (
        [f"Priced by {source}{f', version {detail.list_version}' if detail.list_version else ''}."]
        if source
        else []
    )
    for remark in (*remarks, *detail.price_notes):
        note(remark)


def _indent(content: str) -> str:
    try:
        return json.dumps(msgspec.json.decode(content), indent=2, ensure_ascii=False)
    except (msgspec.DecodeError, RecursionError):
        return content


def _load_runs(queries: Queries, page: Page) -> RunPage:
    return queries.runs(page.span, by_cost=page.address.sort == "cost", cursor=page.address.cursor)


def _show_runs(page: Page, found: RunPage) -> None:
    with ui.element("div").classes("pages"):
        for sort, title in (("time", "Latest first"), ("cost", "Most expensive first")):
            link = ui.link(title, page.address.link(sort=sort))
            if sort == page.address.sort:
                link.classes("here").props("aria-current=true")
    if not found.runs:
        empty("No runs in this period. A run is one instance of a use case: pass use_case_name to @track.")
        return
    columns = [
        *(Column(title, is_number=False) for title in ("Run", "Use case", "Customer", "Started")),
        *(Column(title) for title in ("Duration", "Calls", "Errors", "Cost")),
    ]
    top = max(run.sums.cost for run in found.runs)
    rows = [
        [
            Cell(run.run, link=page.address.link("/calls", run=run.run)),
            Cell(run.use_case),
            Cell(run.account or "none"),
            Cell(page.time(run.started), run.started.isoformat()),
            Cell(formats.milliseconds(int((run.ended - run.started).total_seconds() * 1000))),
            Cell(formats.count(run.sums.calls), str(run.sums.calls)),
            Cell(str(run.sums.errors), mark="bad" if run.sums.errors else ""),
            money_cell(run.sums.cost, top),
        ]
        for run in found.runs
    ]
    table("runs", columns, rows, "Runs of use cases")
    _show_pages(page, found.cursor)


CALLS = View("/calls", "Calls", _load_calls, _show_calls, has_filters=True)
CALL = View("/calls/{id_}", "Call", _load_call, _show_call, in_menu=False, has_span=False)
RUNS = View("/runs", "Runs", _load_runs, _show_runs)
