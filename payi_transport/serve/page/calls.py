"""The list of calls."""

from __future__ import annotations

from typing import Any, NamedTuple

from nicegui import ui

from payi_transport.serve.page import formats
from payi_transport.serve.page.costs import cost_cell, sum_cost
from payi_transport.serve.page.elements import Cell, Column, empty, link, note, table
from payi_transport.serve.page.frame import Page, View, show_pages
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import CallPage, CallRow, Sums

__all__ = ["CALLS", "describe_status"]

_COLUMNS = [
    Column("Time", is_number=False, wraps=False),
    Column("Model", is_number=False),
    Column("Use case", is_number=False),
    Column("Customer", is_number=False),
    Column("Status", is_number=False, wraps=False),
    Column("Cost"),
    Column("In", is_minor=True),
    Column("Out", is_minor=True),
    Column("Latency"),
]


class _Loaded(NamedTuple):
    page: CallPage
    total: Sums


def _load(queries: Queries, page: Page) -> _Loaded:
    filters = page.address.filters
    return _Loaded(
        queries.calls(page.span, filters, cursor=page.address.cursor), queries.figures(page.span, filters).now
    )


def _show(page: Page, loaded: _Loaded) -> None:
    found = loaded.page
    with ui.element("div").classes("pages"):
        for name, title in (("failed", "Failed only"), ("unpriced", "Unpriced only")):
            if not getattr(page.address.filters, name):
                change: dict[str, Any] = {name: True}
                link(title, page.address.link(**change))
    if not found.calls:
        empty("No calls match. Remove a filter above, or choose a longer period.")
        return
    total = loaded.total
    note(f"{formats.calls(total.calls)}, {sum_cost(total)} in all. The latest are first.")
    table("calls", _COLUMNS, [_row(page, call) for call in found.calls], "Calls, latest first", is_wide=True)
    show_pages(page, found.cursor)


def _row(page: Page, call: CallRow) -> list[Cell]:
    return [
        Cell(page.moment(call.at), call.at.isoformat(), page.address.link(f"/calls/{call.id}")),
        *(_name(page, name, getattr(call, name)) for name in ("model", "use_case", "account")),
        Cell(describe_status(call), mark="bad" if call.failed else ""),
        cost_cell(call.cost, call.price_status),
        Cell(formats.count(call.input), str(call.input)),
        Cell(formats.count(call.output), str(call.output)),
        Cell(formats.milliseconds(call.latency), str(call.latency or "")),
    ]


def _name(page: Page, dimension: str, name: str) -> Cell:
    return Cell(name or "none", link=page.address.link(**{dimension: name}), mark="quiet")


def describe_status(call: CallRow) -> str:
    """Return the HTTP status of a call, in words if there is none."""
    # Events report 299 for a call without a response.
    return "no response" if call.status == 299 else str(call.status or "—")


CALLS = View("/calls", "Calls", _load, _show, has_filters=True)
